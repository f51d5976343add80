"""Money: an exact amount in an ISO 4217 currency."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct

from shared.domain.errors import InvalidValue

AMOUNT_MAX: Final = Decimal(10) ** 12
"""Above a million million no single consumer dispute is believable."""

_TWO_DIGITS: Final = [
    "AED",
    "AFN",
    "ALL",
    "AMD",
    "ANG",
    "AOA",
    "ARS",
    "AUD",
    "AWG",
    "AZN",
    "BAM",
    "BBD",
    "BDT",
    "BGN",
    "BMD",
    "BND",
    "BOB",
    "BRL",
    "BSD",
    "BTN",
    "BWP",
    "BYN",
    "BZD",
    "CAD",
    "CDF",
    "CHF",
    "CNY",
    "COP",
    "CRC",
    "CUP",
    "CVE",
    "CZK",
    "DKK",
    "DOP",
    "DZD",
    "EGP",
    "ERN",
    "ETB",
    "EUR",
    "FJD",
    "FKP",
    "GBP",
    "GEL",
    "GHS",
    "GIP",
    "GMD",
    "GTQ",
    "GYD",
    "HKD",
    "HNL",
    "HTG",
    "HUF",
    "IDR",
    "ILS",
    "INR",
    "IRR",
    "JMD",
    "KES",
    "KGS",
    "KHR",
    "KPW",
    "KYD",
    "KZT",
    "LAK",
    "LBP",
    "LKR",
    "LRD",
    "LSL",
    "MAD",
    "MDL",
    "MGA",
    "MKD",
    "MMK",
    "MNT",
    "MOP",
    "MRU",
    "MUR",
    "MVR",
    "MWK",
    "MXN",
    "MYR",
    "MZN",
    "NAD",
    "NGN",
    "NIO",
    "NOK",
    "NPR",
    "NZD",
    "PAB",
    "PEN",
    "PGK",
    "PHP",
    "PKR",
    "PLN",
    "QAR",
    "RON",
    "RSD",
    "RUB",
    "SAR",
    "SBD",
    "SCR",
    "SDG",
    "SEK",
    "SGD",
    "SHP",
    "SLE",
    "SOS",
    "SRD",
    "SSP",
    "STN",
    "SVC",
    "SYP",
    "SZL",
    "THB",
    "TJS",
    "TMT",
    "TOP",
    "TRY",
    "TTD",
    "TWD",
    "TZS",
    "UAH",
    "USD",
    "UYU",
    "UZS",
    "VED",
    "VES",
    "WST",
    "XCD",
    "XCG",
    "YER",
    "ZAR",
    "ZMW",
    "ZWG",
]
_NO_DIGITS: Final = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
_THREE_DIGITS: Final = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]

MINOR_DIGITS: Final[Mapping[str, int]] = (
    dict.fromkeys(_TWO_DIGITS, 2) | dict.fromkeys(_NO_DIGITS, 0) | dict.fromkeys(_THREE_DIGITS, 3)
)
"""Digits after the point by currency, from ISO 4217 (the national currencies in use)."""


class Money(Struct, frozen=True, gc=False):
    """An exact amount; never negative, never finer than the currency's smallest coin."""

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, value: str, currency: str, *, field: str = "/amount") -> "Money":
        """Reads a decimal string.

        Raises:
            InvalidValue: the currency is unknown, or the amount is no number, negative, absurd or too fine.
        """
        digits = MINOR_DIGITS.get(currency)
        if digits is None:
            raise InvalidValue(f"{field}/currency", "Not an ISO 4217 currency in use.")
        return cls(_exact(value, digits, field=f"{field}/value"), currency)

    def __str__(self) -> str:
        return f"{self.value} {self.currency}"

    @property
    def value(self) -> str:
        """The amount as a decimal string with the currency's own number of digits."""
        return f"{self.amount:.{MINOR_DIGITS[self.currency]}f}"


def _exact(value: str, digits: int, *, field: str) -> Decimal:
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise InvalidValue(field, "Not a decimal number.") from error
    if not amount.is_finite() or amount < 0:
        raise InvalidValue(field, "An amount is a number from zero upward.")
    if amount > AMOUNT_MAX:
        raise InvalidValue(field, f"Above the largest amount accepted, {AMOUNT_MAX:f}.")
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > digits:
        raise InvalidValue(field, f"This currency has {digits} digits after the point.")
    return amount
