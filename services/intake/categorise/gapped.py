"""Phrases with gaps, put together from the parts that were found."""

from collections.abc import Collection, Sequence

from services.intake.categorise.automaton import Match
from services.intake.categorise.phrases import GAP_WORDS, Hit

Span = tuple[int, int]
"""Where something begins and ends in a normalised text."""


class Gapped:
    """A phrase with gaps: for each part, the numbers of the patterns that are one of its wordings."""

    __slots__ = ("label", "parts")

    def __init__(self, label: str, parts: Sequence[frozenset[int]]) -> None:
        self.label = label
        self.parts = parts

    def found(self, matches: Sequence[Match], normalised: str) -> list[Hit]:
        """Where the phrase stands, from what was found of its parts; time linear in the text's length."""
        spans = _spans(matches, self.parts[0])
        for part in self.parts[1:]:
            spans = joined(spans, sorted(_spans(matches, part)), normalised) if spans else []
        return [Hit(self.label, start, end - 2) for start, end in spans]


def _spans(matches: Sequence[Match], part: Collection[int]) -> list[Span]:
    return [(start, end) for number, start, end in matches if number in part]


def joined(left: Sequence[Span], right: Sequence[Span], normalised: str) -> list[Span]:
    """Each right part with the nearest left part before it, where at most GAP_WORDS words stand between.

    Linear: once a gap is too wide for a left part, nothing further right is tried with it. `left` comes in the order of
    ends, `right` in the order of beginnings.
    """
    pairs = []
    at, nearest = 0, None
    for start, end in right:
        while at < len(left) and left[at][1] <= start + 1:  # two parts may share one blank
            nearest = left[at]
            at += 1
        if nearest:
            if len(normalised[nearest[1] - 1 : start + 1].split(None, GAP_WORDS)) <= GAP_WORDS:
                pairs.append((nearest[0], end))
            else:
                nearest = None
    return pairs
