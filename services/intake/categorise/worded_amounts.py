"""Amounts written in English words: "twenty dollars", "two hundred and fifty pounds"."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from services.intake.categorise.amounts import with_coins
from services.intake.categorise.currencies import DOLLARS
from services.intake.categorise.found import FoundAmount
from services.intake.categorise.relative_dates import Find
from shared.domain.money import AMOUNT_MAX

_SMALL: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_ADDED: Final[Mapping[str, int]] = (
    {word: number for number, word in enumerate(_SMALL.split())}
    | {word: 10 * number for number, word in enumerate(_TENS.split(), start=2)}
    | {"a": 1}
)
_TIMES: Final[Mapping[str, int]] = {"hundred": 100, "thousand": 1_000, "grand": 1_000, "million": 1_000_000}
_VAGUE: Final = frozenset({"half", "quarter", "few", "couple", "several", "point", "odd", "dozen"})
_CURRENCIES: Final[Mapping[str, tuple[str, ...]]] = {
    " dollars": DOLLARS,
    " bucks": DOLLARS,
    " euros": ("EUR",),
    " pounds": ("GBP",),
    " quid": ("GBP",),
}
_WORD: Final = re.compile(r"[^\W\d_]++")
_SPAN_BEFORE: Final = 72
_COINS: Final = re.compile(
    rf",?(?: and)? (?P<coins>(?:{'|'.join(word for word in _ADDED if word != 'a')})"
    rf"(?:[- ](?:{'|'.join(_SMALL.split())}))?) (?:cents?|pence)(?![^\W_])",
    re.IGNORECASE,
)


def _finder(codes: tuple[str, ...]) -> Find:
    known, candidates = (codes[0], ()) if len(codes) == 1 else (None, codes)

    def amount(text: str, at: int, end: int, today: date) -> FoundAmount | None:
        words, start = _words_before(text, at)
        value = Decimal(_number(words))
        if not words or value > AMOUNT_MAX:
            return None
        value, end = _with_coins(text, value, end)
        return FoundAmount(value, known, candidates, start, end, text[start:end])

    return amount


def _with_coins(text: str, value: Decimal, end: int) -> tuple[Decimal, int]:
    coins = _COINS.match(text, end)
    if coins is None:
        return with_coins(text, value, end)
    return value + Decimal(_number(_WORD.findall(coins["coins"].lower()))) / 100, coins.end()


def _words_before(text: str, at: int) -> tuple[list[str], int]:
    """The number's words in front of `at`, and where they begin; none for "a" alone and for "half a million"."""
    taken: list[tuple[str, int]] = []
    for match in reversed(list(_WORD.finditer(text, max(0, at - _SPAN_BEFORE), at))):
        word = match.group().lower()
        if word in _VAGUE:
            return [], at
        if word not in _ADDED and word not in _TIMES and not (word == "and" and taken):
            break
        taken.append((word, match.start()))
    while taken and taken[-1][0] == "and":
        taken.pop()
    words = [word for word, _ in reversed(taken)]
    return (words, taken[-1][1]) if words and words != ["a"] else ([], at)


def _number(words: list[str]) -> int:
    total, part = 0, 0
    for word in words:
        if word in _ADDED:
            part += _ADDED[word]
        elif word == "hundred":
            part = max(1, part) * 100
        elif word in _TIMES and 0 < total < _TIMES[word]:  # "nine thousand million"
            total, part = (total + part) * _TIMES[word], 0
        elif word in _TIMES:
            total, part = total + max(1, part) * _TIMES[word], 0
    return total + part


WORDED: Final = tuple((name, _finder(codes)) for name, codes in _CURRENCIES.items())
"""The names of currencies that follow a number in words, and what looks before them."""
