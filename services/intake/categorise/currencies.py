# ruff: noqa: RUF001 - currencies of Cyrillic countries are named in Cyrillic
"""How customers write currencies: signs, codes and names, each with the ISO 4217 codes it may stand for."""

from collections.abc import Mapping
from typing import Final

from shared.domain.money import MINOR_DIGITS

DOLLARS: Final = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN")
"""What "$" and "dollars" may stand for, the most used first; not every dollar and peso of the world."""

CROWNS: Final = ("SEK", "NOK", "DKK", "ISK")
RUPEES: Final = ("INR", "PKR", "LKR", "NPR", "MUR")
YEN: Final = ("JPY", "CNY")
PESOS: Final = ("MXN", "ARS", "CLP", "COP", "PHP", "UYU", "DOP")
FRANCS: Final = ("CHF", "XOF", "XAF")

SIGNS: Final[Mapping[str, tuple[str, ...]]] = {
    "€": ("EUR",),
    "£": ("GBP",),
    "$": DOLLARS,
    "¥": YEN,
    "₹": ("INR",),
    "₺": ("TRY",),
    "₽": ("RUB",),
    "₴": ("UAH",),
    "₩": ("KRW",),
    "₪": ("ILS",),
    "₫": ("VND",),
    "฿": ("THB",),
    "₦": ("NGN",),
    "₱": ("PHP",),
}

DOLLAR_LETTERS: Final[Mapping[str, str]] = {
    "US": "USD",
    "U": "USD",
    "CA": "CAD",
    "C": "CAD",
    "AU": "AUD",
    "A": "AUD",
    "NZ": "NZD",
    "S": "SGD",
    "HK": "HKD",
    "MX": "MXN",
    "R": "BRL",
    "NT": "TWD",
}
"""What stands before "$" and settles which dollar (or real) it is."""

NATIONS: Final[Mapping[str, str]] = {
    "us": "USD",
    "u.": "USD",
    "u.s.": "USD",
    "american": "USD",
    "canadian": "CAD",
    "australian": "AUD",
    "singapore": "SGD",
}
"""What stands before "dollars" and settles which they are; "u." is what a unit reads of "U.S."."""

BEFORE: Final[Mapping[str, tuple[str, ...]]] = {
    "rs": RUPEES,
    "rs.": RUPEES,
    "kr": CROWNS,
    "kr.": CROWNS,
    "fr.": ("CHF",),
    "sfr": ("CHF",),
    "sfr.": ("CHF",),
    "rm": ("MYR",),
    "rp": ("IDR",),
    "eur": ("EUR",),
    "usd": ("USD",),
    "gbp": ("GBP",),
    "inr": ("INR",),
    "chf": ("CHF",),
    "euro": ("EUR",),
    "euros": ("EUR",),
}
"""Words before a number, in lower case; other codes count in capitals alone."""

_NAMES: Final = {
    ("EUR",): "euro euros eur € euronen",
    DOLLARS: "dollar dollars dólar dólares dolar dolares bucks $",
    ("USD",): "usd",
    ("GBP",): "pound pounds gbp £ quid sterling",
    CROWNS: "kr kr. kronor kroner krona krone kronen couronnes coronas",
    RUPEES: "rupee rupees rupien roupies rupias rs rs.",
    ("INR",): "inr ₹",
    YEN: "¥ 元",
    ("JPY",): "yen jpy 円",
    ("CNY",): "yuan rmb cny",
    PESOS: "peso pesos",
    FRANCS: "franc francs francos fr.",
    ("CHF",): "chf franken fränkli sfr",
    ("PLN",): "zł zl złoty zloty złotych zlotych pln",
    ("CZK",): "kč czk korun",
    ("HUF",): "ft huf forint",
    ("RON",): "lei ron",
    ("BGN",): "лв лв. bgn",
    ("RUB",): "₽ руб руб. rub",
    ("UAH",): "₴ грн uah",
    ("TRY",): "₺ tl",
    ("SEK",): "sek",
    ("NOK",): "nok",
    ("DKK",): "dkk",
    ("CAD",): "cad",
    ("AUD",): "aud",
    ("NZD",): "nzd",
    ("BRL",): "brl reais",
    ("AED",): "aed dirhams",
    ("ZAR",): "zar rand",
    ("KRW",): "₩ krw",
    ("ILS",): "₪ ils",
    ("THB",): "฿ thb baht",
    ("NGN",): "₦ naira",
}
AFTER: Final[Mapping[str, tuple[str, ...]]] = {name: codes for codes, names in _NAMES.items() for name in names.split()}
"""Words and signs after a number, in lower case; other codes count in capitals alone."""

HUNDREDTHS: Final[Mapping[str, tuple[str, ...]]] = {
    "cent": ("EUR", *DOLLARS),
    "cents": ("EUR", *DOLLARS),
    "centimes": ("EUR", "CHF"),
    "céntimos": ("EUR",),
    "p": ("GBP",),
    "pence": ("GBP",),
    "rappen": ("CHF",),
}
"""Coins of a hundredth."""

_ENGLISH_WORDS: Final = {"ALL", "TOP", "TRY", "MAD", "CUP", "GEL", "PEN", "COP", "MOP", "BAM", "SOS", "LAK", "ANG"}
CODES_BEFORE: Final = frozenset(MINOR_DIGITS) - _ENGLISH_WORDS
CODES_AFTER: Final = frozenset(MINOR_DIGITS) - (_ENGLISH_WORDS - {"TRY", "MAD", "COP", "PEN", "GEL"})
"""Codes that are no English word in capitals ("ALL 3 parcels", "3 TOP offers")."""
