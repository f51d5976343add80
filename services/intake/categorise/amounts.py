"""An amount of money around one number of a text: the number as people write it, with its sign, code or name."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from services.intake.categorise.currencies import (
    AFTER,
    BEFORE,
    CODES_AFTER,
    CODES_BEFORE,
    DOLLAR_LETTERS,
    DOLLARS,
    HUNDREDTHS,
    NATIONS,
    SIGNS,
)
from services.intake.categorise.found import FoundAmount
from shared.domain.money import AMOUNT_MAX, MINOR_DIGITS

# Every repeat is bounded or possessive: the work on one number is limited whatever follows it.
_NUMBER: Final = re.compile(
    r"[0-9]{1,15}+(?:(?<![0-9]{4})[ \u00a0\u202f\u2009'\u2019](?=[0-9]{3}(?![0-9]))[0-9]{3}){0,4}+(?:[.,][0-9]{1,8}+){0,5}+"
)
_AFTER: Final = re.compile(
    r"(?P<dash>[.,:][-\u2013\u2014])?(?P<scale>[kKmM](?![^\W_]))?"
    # A sign behind a blank or a dash belongs to the number it stands before: "$50-$60", "3 $20 vouchers".
    r"(?:(?:[ \u00a0\u202f-](?![€$£¥₹₺₽₴₩₪₫฿₦₱][0-9]))?(?P<unit>[€$£¥₹₺₽₴₩₪₫฿₦₱%]|[^\W\d_]{1,12}+\.?))?"
)
_UNIT: Final = re.compile(r"(?: d[e']| d')? ?(?P<unit>[€$£¥₹₺₽₴₩₪₫฿₦₱%]|[^\W\d_]{1,12}+\.?)")
_COINS: Final = re.compile(
    r"(?:,?(?: and| und| et| y| con)?) ?(?P<coins>[0-9]{1,2}+)(?: ?(?:cents?|pence|c[eé]ntimos|centimes|rappen)|p)(?![^\W_])"
    r"|(?<=[0-9]€)(?P<glued>[0-9]{2})(?![^\W_]|[.,][0-9])",
    re.IGNORECASE,
)
_NATION: Final = re.compile(r"[ \u00a0](?P<nation>U\.S\.|[A-Za-z]{2,10}+) dollars?(?![^\W_])", re.IGNORECASE)
_ONE: Final = Decimal(1)
_HUNDREDTH: Final = Decimal("0.01")
_SCALES: Final[Mapping[str, Decimal]] = {
    word: Decimal(factor)
    for factor, words in {
        1_000: "k thousand tausend mille mil",
        100_000: "lakh lakhs",
        1_000_000: "m million millions millionen millones millón",
        10_000_000: "crore crores",
        1_000_000_000: "bn billion",
    }.items()
    for word in words.split()
}
_NO_CODES: Final[tuple[str, ...]] = ()
_BLANKS: Final = " \u00a0\u202f"


def amount_at(text: str, start: int) -> FoundAmount | None:
    """The amount whose number begins at `start`; None without a currency beside it, or when it is no believable sum."""
    number = _NUMBER.match(text, start)
    assert number is not None
    first, before = _before(text, start)
    behind = _behind(text, number.end())
    if behind is None:
        return None
    factor, after, last = behind
    if not before and not after:
        return None
    value = _value(number.group())
    if value is None:
        return None
    if factor is not _ONE and not (before and factor is _HUNDREDTH):  # "$0.50 cents" is half a dollar
        value = _plain(value * factor)
    if factor is _ONE:
        value, last = with_coins(text, value, last)
    return _amount(text, value, _together(before, after), first if before else start, last)


def with_coins(text: str, value: Decimal, end: int) -> tuple[Decimal, int]:
    """The whole sum that ends at `end` with the coins named behind it, as in "12 dollars and 50 cents", and its end."""
    coins = _COINS.match(text, end) if value == value.to_integral_value() else None
    if coins is None:
        return value, end
    return value + Decimal(coins["coins"] or coins["glued"]) * _HUNDREDTH, coins.end()


def range_at(text: str, start: int) -> tuple[FoundAmount, ...]:
    """Both ends of "$40-50" or "40-50 euros", the first number beginning at `start`; nothing where that is no range."""
    low = _NUMBER.match(text, start)
    high = _NUMBER.match(text, low.end() + 1) if low and text[low.end() : low.end() + 1] == "-" else None
    if low is None or high is None:
        return ()
    first, last = amount_at(text, start), amount_at(text, high.start())
    if first is not None and last is None:
        last = _beside(text, first, high)
    elif last is not None and first is None:
        first = _beside(text, last, low)
    return (first, last) if first and last and first.value < last.value else ()


def _beside(text: str, other: FoundAmount, number: re.Match[str]) -> FoundAmount | None:
    value = _value(number.group())
    codes = other.candidates or (other.currency or "",)
    return None if value is None else _amount(text, value, codes, number.start(), number.end())


def _amount(text: str, value: Decimal, codes: tuple[str, ...], start: int, end: int) -> FoundAmount | None:
    if value > AMOUNT_MAX:
        return None
    digits = _digits(value)
    codes = tuple([code for code in codes if digits <= MINOR_DIGITS[code]])
    if not codes:
        return None
    known = codes[0] if len(codes) == 1 else None
    return FoundAmount(value, known, _NO_CODES if known else codes, start, end, text[start:end])


def _digits(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _together(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    """What both sides allow ("$20 CAD" is Canadian); where they contradict each other, the side before counts."""
    if not before:
        return after
    both = tuple([code for code in before if code in after])
    return both or before


def _before(text: str, start: int) -> tuple[int, tuple[str, ...]]:
    """Where the sign or code before the number begins, and what it may stand for."""
    at = start - 1
    if at > 0 and text[at] in _BLANKS:
        at -= 1
    if at < 0:
        return start, _NO_CODES
    sign = text[at]
    if sign in SIGNS:
        return _dollar(text, at) if sign == "$" else (at, SIGNS[sign])
    if sign.isalpha() or sign == ".":
        return _word_before(text, at + 1)
    return start, _NO_CODES


def _dollar(text: str, at: int) -> tuple[int, tuple[str, ...]]:
    if text[max(0, at - 3) : at] in DOLLARS and not text[max(0, at - 4) : at - 3].isalnum():  # "USD$50"
        return at - 3, (text[at - 3 : at],)
    for length in (2, 1):
        letters = text[at - length : at] if at >= length else ""
        if letters in DOLLAR_LETTERS and not text[max(0, at - length - 1) : at - length].isalnum():
            return at - length, (DOLLAR_LETTERS[letters],)
    return at, DOLLARS


def _word_before(text: str, end: int) -> tuple[int, tuple[str, ...]]:
    word = text[max(0, end - 12) : end].replace("\u00a0", " ").rpartition(" ")[2].lstrip("([{-~+")
    codes = BEFORE.get(word.lower(), _NO_CODES)
    if not codes and word in CODES_BEFORE:
        codes = (word,)
    return (end - len(word), codes) if codes else (end, codes)


def _behind(text: str, end: int) -> tuple[Decimal, tuple[str, ...], int] | None:
    """The factor, what the unit may stand for, and where that ends; None for a share of a hundred."""
    after = _AFTER.match(text, end)
    assert after is not None
    factor, last = _ONE, max(end, after.end("dash"))
    if after["scale"]:
        factor, last = _SCALES[after["scale"].lower()], after.end("scale")
    unit = after["unit"]
    if unit is None:
        return factor, _NO_CODES, last
    if unit.lower() in _SCALES and len(unit) > 1:
        factor, last = _SCALES[unit.lower()], after.end()
        after = _UNIT.match(text, last)
        if after is None:
            return factor, _NO_CODES, last
        unit = after["unit"]
    if unit == "%":
        return None
    return _unit(text, unit, factor, last, after.end())


def _unit(text: str, unit: str, factor: Decimal, last: int, end: int) -> tuple[Decimal, tuple[str, ...], int]:
    """With a unit that is no currency, the amount ends before it."""
    low = unit.lower()
    if low in NATIONS and (named := _NATION.match(text, last)) and (code := NATIONS.get(named["nation"].lower())):
        return factor, (code,), named.end()
    bare = low.rstrip(".")
    codes = AFTER.get(low) or AFTER.get(bare) or ((bare.upper(),) if unit.rstrip(".") in CODES_AFTER else _NO_CODES)
    if codes:
        return factor, codes, end if low in AFTER else end - (len(low) - len(bare))
    if bare in HUNDREDTHS and (bare != "p" or end - last == 1):  # "5 p.m." is no money
        return _HUNDREDTH, HUNDREDTHS[bare], end - (len(low) - len(bare))
    return factor, _NO_CODES, last


def _plain(value: Decimal) -> Decimal:
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize()


def _value(written: str) -> Decimal | None:
    """The number as written, whichever sign parts the thousands; None when the signs make no sense as a sum."""
    if written.isdigit():
        return Decimal(written)
    plain = written.translate(_UNGROUPED)
    dots, commas = plain.count("."), plain.count(",")
    if dots and commas:
        point = "." if plain.rindex(".") > plain.rindex(",") else ","
        group = "," if point == "." else "."
        if plain.count(point) > 1 or not _grouped(plain.partition(point)[0], group):
            return None
        return Decimal(plain.replace(group, "").replace(point, "."))
    if dots + commas == 0:
        return Decimal(plain)
    sign = "." if dots else ","
    if plain.count(sign) == 1 and not _grouped(plain, sign):
        return Decimal(plain.replace(sign, "."))
    return Decimal(plain.replace(sign, "")) if _grouped(plain, sign) else None


_UNGROUPED: Final = {ord(sign): None for sign in " \u00a0\u202f\u2009'\u2019"}


def _grouped(plain: str, sign: str) -> bool:
    """Thousands parted by threes ("1,234,567"), or as in India ("1,23,456")."""
    head, *groups = plain.split(sign)
    if not groups or not 1 <= len(head) <= 3 or head.startswith("0") or len(groups[-1]) != 3:
        return False
    return all(len(group) == 3 for group in groups) or (
        sign == "," and len(head) <= 2 and all(len(group) == 2 for group in groups[:-1])
    )
