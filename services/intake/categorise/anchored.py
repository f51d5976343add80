"""Phrases that no single pattern stands for: found by a telling piece of them, around which the rest is looked for."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from services.intake.categorise.frequent_words import frequency
from services.intake.categorise.phrases import GAP_WORDS, Element, PhraseError, patterns

PART_WORDS_MAX = 6
"""How many words a part may have beside which there is a gap."""

REACH_CHARACTERS = 80
"""How far a gap and the part beyond it may reach: what bounds the work for each piece that was found."""

WORDINGS_MAX = 32
"""A part that stands for more than this is not written out: a piece of it is looked for, and the words beside it."""

PIECE_WORDINGS_MAX = 160
_PATTERN_COST = 1 / 20_000
"""What a pattern more is worth, in shares of the words of a text: it takes room in the processor's cache."""

_TOGETHER = 3.0
"""How much oftener than by chance the words of a phrase stand beside each other; a rough guess."""

Span = tuple[int, int]
"""Where something begins and ends in a normalised text, with the blanks around it."""


class Beside(NamedTuple):
    """Words that stand directly beside what was found, with a single sign between them."""

    words: tuple[frozenset[str], ...]
    """In the order of the text."""
    reach: int
    """Characters that hold the longest of them and the blank beyond."""

    def before(self, start: int, normalised: str) -> int:
        """Where they begin that end at `start`; -1 when others stand there."""
        count = len(self.words)
        there = normalised[max(0, start - self.reach) : start].rsplit(" ", count)
        if len(there) <= count or not _fit(self.words, there[1:]):
            return -1
        return start - sum(map(len, there[1:])) - count

    def after(self, end: int, normalised: str) -> int:
        """Where they end that begin at `end`; -1 when others stand there."""
        count = len(self.words)
        there = normalised[end : end + self.reach].split(" ", count)
        if len(there) <= count or not _fit(self.words, there):
            return -1
        return end + sum(map(len, there[:count])) + count


def _fit(words: Sequence[frozenset[str]], there: Sequence[str]) -> bool:
    return all(map(frozenset.__contains__, words, there))


class Word(NamedTuple):
    """A part of one word beyond a gap."""

    words: frozenset[str]

    def before(self, start: int, normalised: str) -> int:
        """Where the nearest begins that ends at most GAP_WORDS words before `start`; -1 when there is none."""
        first = max(0, start - REACH_CHARACTERS)
        for word in reversed(normalised[first:start].rsplit(None, GAP_WORDS + 1)[-GAP_WORDS - 1 :]):
            if word in self.words:
                return normalised.rfind(f" {word} ", first, start + 1)
        return -1

    def after(self, end: int, normalised: str) -> int:
        """Where the nearest ends that begins at most GAP_WORDS words after `end`; -1 when there is none."""
        last = end + REACH_CHARACTERS
        for word in normalised[end:last].split(None, GAP_WORDS + 1)[: GAP_WORDS + 1]:
            if word in self.words:
                place = normalised.find(f" {word} ", end - 1, last)
                return place + len(word) + 2 if place >= 0 else -1
        return -1

    def among(self) -> tuple[frozenset[str], int]:
        """Words one of which is the nearest part's first, and among how many words it stands."""
        return self.words, GAP_WORDS + 1


class Part(NamedTuple):
    """A part of several words beyond a gap."""

    wordings: frozenset[str]
    first_words: frozenset[str]
    length: int
    """In words."""

    def before(self, start: int, normalised: str) -> int:
        """Where the nearest wording begins that ends at most GAP_WORDS words before `start`; -1 when there is none."""
        first = normalised.find(" ", max(0, start - REACH_CHARACTERS), start + 1)
        words = normalised[first : start + 1].split()[-GAP_WORDS - self.length :]
        if self.first_words.isdisjoint(words):
            return -1
        for gap in range(min(GAP_WORDS + 1, len(words))):
            at = len(words) - gap - self.length
            if at >= 0 and (wording := " ".join(words[at : at + self.length])) in self.wordings:
                place = normalised.rfind(f" {wording} ", first, start + 1)
                if place >= 0 and _near(normalised[place + len(wording) + 1 : start + 1]):
                    return place
        return -1

    def after(self, end: int, normalised: str) -> int:
        """Where the nearest wording ends that begins at most GAP_WORDS words after `end`; -1 when there is none."""
        last = normalised.rfind(" ", end - 1, end + REACH_CHARACTERS)
        words = normalised[end - 1 : last + 1].split()[: GAP_WORDS + self.length]
        if self.first_words.isdisjoint(words):
            return -1
        for gap in range(min(GAP_WORDS + 1, len(words))):
            if (wording := " ".join(words[gap : gap + self.length])) in self.wordings:
                place = normalised.find(f" {wording} ", end - 1, last + 1)
                if place >= 0 and _near(normalised[end - 1 : place + 1]):
                    return place + len(wording) + 2
        return -1

    def among(self) -> tuple[frozenset[str], int]:
        """Words one of which is the nearest part's first, and among how many words it stands."""
        return self.first_words, GAP_WORDS + self.length


_Rest = Beside | Word | Part


def _near(between: str) -> bool:
    return len(between.split(None, GAP_WORDS)) <= GAP_WORDS


class Anchored(NamedTuple):
    """A phrase that is found by a piece of it."""

    label: str
    before: tuple[_Rest, ...]
    """What stands before the piece, the nearest first."""
    after: tuple[_Rest, ...]
    """What stands after it, the nearest first."""
    continuing: bool
    """Whether what tells comes after the piece."""
    telling: frozenset[str]
    """Words one of which stands there, among the nearest `words`."""
    words: int

    def around(self, start: int, end: int, normalised: str) -> Span | None:
        """The whole phrase around the place of its piece, or None where something else is missing."""
        for each in self.before:
            start = each.before(start, normalised)
            if start < 0:
                return None
        for each in self.after:
            end = each.after(end, normalised)
            if end < 0:
                return None
        return start, end


def is_written_out(parts: Sequence[Sequence[Element]]) -> bool:
    """Whether a phrase is best found by patterns of all its wordings."""
    return len(parts) == 1 and _piece(parts[0]) == (0, len(parts[0]))


def anchored(label: str, parts: Sequence[Sequence[Element]]) -> tuple[Anchored, Sequence[str]]:
    """The phrase, and the patterns it is found by: a piece of the part that is to be expected least often.

    Raises PhraseError when a part beside a gap has more than PART_WORDS_MAX words.
    """
    at = min(range(len(parts)), key=lambda at: _expected(patterns(parts[at]))) if len(parts) > 1 else 0
    if len(parts) > 1 and max(map(len, parts)) > PART_WORDS_MAX:
        raise PhraseError(f"Beside a gap at most {PART_WORDS_MAX} words may stand together: {parts[0]!r} has more.")
    rarest = parts[at]
    first, last = _piece(rarest)
    before: tuple[_Rest, ...] = (*_beside(rarest[:first]), *map(_part, reversed(parts[:at])))
    after: tuple[_Rest, ...] = (*_beside(rarest[last:]), *map(_part, parts[at + 1 :]))
    return Anchored(label, before, after, *_tells(before, after)), patterns(rarest[first:last])


def _expected(wordings: Sequence[str]) -> float:
    return sum([frequency(pattern.strip()) for pattern in wordings])


def _piece(part: Sequence[Element]) -> tuple[int, int]:
    """The neighbouring places of a part that are looked for as a pattern: all, if they stand for few wordings."""
    if prod(map(len, part)) <= WORDINGS_MAX:
        return 0, len(part)
    often = [sum(map(frequency, words)) for words in part]
    pieces = [(first, last) for first in range(len(part)) for last in range(first + 1, len(part) + 1)]

    def cost(piece: tuple[int, int]) -> float:
        first, last = piece
        wordings = prod(map(len, part[first:last]))
        if wordings > PIECE_WORDINGS_MAX:
            return float(wordings)
        return prod(often[first:last], start=pow(_TOGETHER, last - first - 1)) + wordings * _PATTERN_COST

    return min(pieces, key=cost)


def _beside(part: Sequence[Element]) -> tuple[Beside, ...]:
    if not part:
        return ()
    return (Beside(tuple(map(frozenset, part)), sum(max(map(len, words)) + 1 for words in part) + 1),)


def _part(part: Sequence[Element]) -> Word | Part:
    if len(part) == 1:
        return Word(frozenset(part[0]))
    return Part(frozenset([pattern[1:-1] for pattern in patterns(part)]), frozenset(part[0]), len(part))


def _tells(before: Sequence[_Rest], after: Sequence[_Rest]) -> tuple[bool, frozenset[str], int]:
    """On which side to look first, for which words, and among how many: best for the one word right beside the piece."""
    if after and isinstance(after[0], Beside) and not (before and isinstance(before[0], Beside)):
        return True, after[0].words[0], 1
    if before and isinstance(before[0], Beside):
        return False, before[0].words[-1], 1
    nearest = (before or after)[0]
    assert not isinstance(nearest, Beside)
    return (not before, *nearest.among())
