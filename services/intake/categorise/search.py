"""One pass over a text for everything that is looked for: the lexicon's phrases and a model's patterns."""

from collections.abc import Sequence
from typing import NamedTuple

from services.intake.categorise.automaton import Automaton, Match
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.phrases import Hit


class Findings(NamedTuple):
    """What one pass over a text found."""

    matches: list[Match]
    """Every pattern wherever it stands, in the order of their ends."""
    parts: list[Match]
    """Those of them that belong to the lexicon."""
    hits: list[Hit]
    """The phrases, in the order of where they begin."""


class Search:
    """The lexicon's patterns come first, so that a number tells at once whether a phrase may rest on it."""

    __slots__ = ("_automaton", "_first_of_model", "lexicon")

    def __init__(self, lexicon: Lexicon, further: Sequence[str]) -> None:
        """`further` patterns are numbered on from the lexicon's last."""
        self.lexicon = lexicon
        self._first_of_model = len(lexicon.patterns)
        self._automaton = Automaton([*lexicon.patterns, *further])

    def __call__(self, normalised: str) -> Findings:
        """What a normalised text holds, in time linear in its length."""
        matches = self._automaton.matches(normalised)
        end = self._first_of_model
        parts = [match for match in matches if match[0] < end]
        return Findings(matches, parts, self.lexicon.hits(parts, normalised))
