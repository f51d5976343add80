"""What is looked for in a text: the lexicon's phrases with their places, and which of a model's patterns it holds."""

from collections.abc import Sequence
from typing import NamedTuple

from services.intake.categorise.automaton import Sieve
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.phrases import Hit


class Findings(NamedTuple):
    """What was found in a text."""

    patterns: list[str]
    """The model's, as often as each stands there."""
    hits: list[Hit]
    """The phrases, in the order of where they begin."""


class Search:
    """Two passes, because only phrases need places: those of the model's patterns would cost more than the second pass."""

    __slots__ = ("_sieve", "lexicon")

    def __init__(self, lexicon: Lexicon, patterns: Sequence[str]) -> None:
        """`patterns` are a model's; those that come first share the processor's cache, so the commonest should."""
        self.lexicon = lexicon
        self._sieve = Sieve(patterns)

    def __call__(self, normalised: str) -> Findings:
        """What a normalised text holds, in time linear in its length."""
        return Findings(self._sieve.found(normalised), self.lexicon.find(normalised))
