"""The few words that tell of a date or an amount without figures, found in one pass by one automaton per language."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import islice
from typing import Final

import ahocorasick_rs

from services.intake.categorise.found import FoundAmount, FoundDate
from services.intake.categorise.relative_dates import RULES, Find
from services.intake.categorise.worded_amounts import WORDED

HITS_MAX: Final = 64
"""How many telling words of one text are looked at."""

_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def found_by_words(text: str, *, today: date, language: str) -> Iterator[FoundAmount | FoundDate]:
    """Dates and amounts told in words of the language (English unless German, French or Spanish)."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters grow when lowered, and places must stay true
        lower = text
    automaton, finders = _telling(language if language in RULES else "en")
    try:
        hits = automaton.find_matches_as_indexes(lower, overlapping=True)
    except UnicodeEncodeError:  # half a pair of surrogates, which no text should hold
        hits = automaton.find_matches_as_indexes(_SURROGATE.sub(" ", lower), overlapping=True)
    for needle, start, end in islice(hits, HITS_MAX):
        if _is_bounded(lower, start, end) and (found := finders[needle](text, start, end, today)) is not None:
            yield found


@cache
def _telling(language: str) -> tuple[ahocorasick_rs.AhoCorasick, tuple[Find, ...]]:
    rules = (*RULES[language], *(WORDED if language == "en" else ()))
    needles = [needle for needle, _ in rules]
    # A table for every state costs some kilobytes for so few words, and reads a text twice as fast.
    table = ahocorasick_rs.Implementation.DFA
    return ahocorasick_rs.AhoCorasick(needles, implementation=table), tuple(find for _, find in rules)


def _is_bounded(lower: str, start: int, end: int) -> bool:
    """The telling word is no part of a longer one, where it does not itself begin or end with a blank."""
    if lower[start].isalpha() and lower[start - 1 : start].isalnum():
        return False
    return not (lower[end - 1].isalpha() and lower[end : end + 1].isalnum())
