"""The notation of phrases, and what a line of it stands for.

Words are separated by blanks, alternatives by `|`, `..` lets up to four other words stand between, and `@name` is a
named list of alternatives. An apostrophe parts words, so "didn't" is the two words "didn t".
"""

from collections.abc import Mapping, Sequence
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


Element = list[str]
"""Words any one of which may stand at a place."""


def elements(line: str) -> list[list[Element]]:
    """For each part of a line, between its gaps, the words that may stand at each of its places; raises PhraseError."""
    parts: list[list[Element]] = [[]]
    for element in line.split():
        if element == _GAP:
            parts.append([])
        else:
            parts[-1].append(_words(element, line))
    if not all(part and 0 < prod(map(len, part)) <= ALTERNATIVES_MAX for part in parts):
        raise PhraseError(f"A part of {line!r} stands for no wording, or for more than {ALTERNATIVES_MAX}.")
    return parts


def patterns(part: Sequence[Element]) -> list[str]:
    """Every wording of neighbouring places as a pattern over normalised text."""
    if len(part) == 1:
        return [f" {word} " for word in part[0]]
    return [f" {' '.join(words)} " for words in product(*part)]


def _words(element: str, line: str) -> Element:
    """The alternatives of an element, each once, with the words of the lists that it names."""
    if "@" not in element:
        return list(dict.fromkeys(element.split("|")))
    words: dict[str, None] = {}
    for alternative in element.split("|"):
        if not alternative.startswith("@"):
            words[alternative] = None
        elif alternative in _LISTS:
            words |= dict.fromkeys(_LISTS[alternative].split("|"))
        else:
            raise PhraseError(f"{alternative} in {line!r} is no list; there are {', '.join(_LISTS)}.")
    return list(words)
