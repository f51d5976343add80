"""Phrases with gaps: found by their rarest part, around which the others are looked for."""

from collections.abc import Sequence
from typing import NamedTuple

from services.intake.categorise.frequent_words import frequency
from services.intake.categorise.phrases import GAP_WORDS, PhraseError

PART_WORDS_MAX = 6
"""How many words a part may have beside which there is a gap."""

REACH_CHARACTERS = 80
"""How far a gap and the part beyond it may reach: what bounds the work for each part that was found."""

Span = tuple[int, int]
"""Where something begins and ends in a normalised text, with the blanks around it."""


class Part(NamedTuple):
    """One part of a phrase between its gaps."""

    wordings: frozenset[str]
    first_words: frozenset[str]
    lengths: tuple[int, ...]
    """In words, of its wordings."""
    longest: int


class Gapped(NamedTuple):
    """A phrase of several parts."""

    label: str
    before: tuple[Part, ...]
    """The parts before the one it is found by, the nearest first."""
    after: tuple[Part, ...]
    """The parts after it, the nearest first."""
    continuing: bool
    """Whether it is found by its first part."""
    telling: frozenset[str]
    """Words one of which stands after it then, or before it else, among the nearest `words`."""
    words: int

    def around(self, start: int, end: int, normalised: str) -> Span | None:
        """The whole phrase around the place of the part it is found by, or None where another part is missing."""
        for part in self.before:
            found = _before(part, start, normalised)
            if found < 0:
                return None
            start = found
        for part in self.after:
            end = _after(part, end, normalised)
            if end < 0:
                return None
        return start, end


def gapped(label: str, parts: Sequence[Sequence[str]]) -> tuple[Gapped, Sequence[str]]:
    """The phrase, and the patterns it is found by: the wordings of the part that is to be expected least often.

    Raises PhraseError when a part has more than PART_WORDS_MAX words.
    """
    rarest = min(range(len(parts)), key=lambda at: sum(frequency(pattern.strip()) for pattern in parts[at]))
    made = [_part(patterns) for patterns in parts]
    if max(part.longest for part in made) > PART_WORDS_MAX:
        raise PhraseError(f"Beside a gap at most {PART_WORDS_MAX} words may stand together: {parts[0][0]!r} has more.")
    before, after = tuple(reversed(made[:rarest])), tuple(made[rarest + 1 :])
    nearest = (before or after)[0]
    return Gapped(label, before, after, not before, nearest.first_words, GAP_WORDS + nearest.longest), parts[rarest]


def _part(patterns: Sequence[str]) -> Part:
    words = frozenset(pattern.strip() for pattern in patterns)
    lengths = tuple(sorted({wording.count(" ") + 1 for wording in words}))
    return Part(words, frozenset(wording.partition(" ")[0] for wording in words), lengths, lengths[-1])


def _before(part: Part, start: int, normalised: str) -> int:
    """Where the nearest wording begins that ends at most GAP_WORDS words before `start`; -1 when there is none."""
    first = normalised.find(" ", max(0, start - REACH_CHARACTERS), start + 1)
    words = normalised[first : start + 1].split()[-GAP_WORDS - part.longest :]
    if part.first_words.isdisjoint(words):
        return -1
    for gap in range(min(GAP_WORDS + 1, len(words))):
        for length in part.lengths:
            at = len(words) - gap - length
            if at >= 0 and (wording := " ".join(words[at : at + length])) in part.wordings:
                place = normalised.rfind(f" {wording} ", first, start + 1)
                if place >= 0 and _near(normalised[place + len(wording) + 1 : start + 1]):
                    return place
    return -1


def _after(part: Part, end: int, normalised: str) -> int:
    """Where the nearest wording ends that begins at most GAP_WORDS words after `end`; -1 when there is none."""
    last = normalised.rfind(" ", end - 1, end + REACH_CHARACTERS)
    words = normalised[end - 1 : last + 1].split()[: GAP_WORDS + part.longest]
    if part.first_words.isdisjoint(words):
        return -1
    for gap in range(min(GAP_WORDS + 1, len(words))):
        for length in part.lengths:
            if (wording := " ".join(words[gap : gap + length])) in part.wordings:
                place = normalised.find(f" {wording} ", end - 1, last + 1)
                if place >= 0 and _near(normalised[end - 1 : place + 1]):
                    return place + len(wording) + 2
    return -1


def _near(between: str) -> bool:
    return len(between.split(None, GAP_WORDS)) <= GAP_WORDS
