"""The notation of phrases, and what a line of it stands for.

Words are separated by blanks, alternatives by `|`, `..` lets up to four other words stand between, and `@name` is a
named list of alternatives. An apostrophe parts words, so "didn't" is the two words "didn t".
"""

from collections.abc import Mapping
from itertools import product
from math import prod
from typing import NamedTuple

GAP_WORDS = 4
ALTERNATIVES_MAX = 5_000
"""How many different wordings one part of a line, between gaps, may stand for."""

_GAP = ".."

NOT = "not|t|never|cannot|cant|didnt|dont|doesnt|wont|isnt|hasnt|havent|wasnt|without"
"""Negating words; "t" is what is left of a contracted "not"."""

_LISTS: Mapping[str, str] = {
    "@not": NOT,
    "@my": "my|our|her|his|their|the|a|this|that|these|those|any|an|your",
    "@nobody": "nobody|noone",
    "@charged": "charged|charge|charging|charges|billed|bill|billing|debited|invoiced|deducted",
    "@parcel": "parcel|package|order|delivery|shipment|item|items|parcels|packages|orders|luggage|letter|box",
}


class Hit(NamedTuple):
    """One phrase found: its label, and where it begins and ends in the customer's own text."""

    label: str
    start: int
    end: int


class PhraseError(ValueError):
    """A line of phrases stands for too many wordings or for none, or names a list that does not exist."""


def wordings(line: str) -> list[list[str]]:
    """For each part of a line, between its gaps, every wording as a pattern over normalised text; raises PhraseError."""
    parts: list[list[list[str]]] = [[]]
    for element in line.split():
        if element == _GAP:
            parts.append([])
        else:
            parts[-1].append([word for each in element.split("|") for word in _words(each, line)])
    return [_patterns(part, line) for part in parts]


def _words(alternative: str, line: str) -> list[str]:
    """The alternative itself, or the words of the list it names."""
    if not alternative.startswith("@"):
        return [alternative]
    if alternative not in _LISTS:
        raise PhraseError(f"{alternative} in {line!r} is no list; there are {', '.join(_LISTS)}.")
    return _LISTS[alternative].split("|")


def _patterns(part: list[list[str]], line: str) -> list[str]:
    if not 0 < prod(map(len, part)) <= ALTERNATIVES_MAX or not part:
        raise PhraseError(f"A part of {line!r} stands for no wording, or for more than {ALTERNATIVES_MAX}.")
    return [f" {' '.join(words)} " for words in product(*part)]
