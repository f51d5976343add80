"""One pass over a text for everything that is looked for: a model's patterns and the lexicon's phrases."""

from collections.abc import Sequence
from typing import NamedTuple

from services.intake.categorise.automaton import Automaton
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.phrases import Hit


class Findings(NamedTuple):
    """What one pass over a text found."""

    found: int
    """The model's patterns, each as often as it stands there."""
    present: set[int]
    """Their numbers."""
    hits: list[Hit]
    """The phrases, in the order of where they begin."""


class Search:
    """The model's patterns come first and the lexicon's last, so that a number tells at once whose it is; some are both's."""

    __slots__ = ("_automaton", "_first_of_lexicon", "_roles", "lexicon", "patterns")

    def __init__(self, lexicon: Lexicon, patterns: Sequence[str]) -> None:
        """`patterns` are a model's; those that come first share the processor's cache, so the commonest should."""
        numbers = dict(zip(lexicon.patterns, range(len(lexicon.patterns)), strict=True))
        alone = [pattern for pattern in patterns if pattern not in numbers]
        shared = dict.fromkeys(pattern for pattern in patterns if pattern in numbers)
        of_lexicon = [*shared, *(pattern for pattern in lexicon.patterns if pattern not in shared)]
        self.lexicon = lexicon
        self.patterns: tuple[str, ...] = (*alone, *shared)
        """The model's: a pattern's place is its number."""
        self._first_of_lexicon = len(alone)
        self._roles = lexicon.roles(numbers[pattern] for pattern in of_lexicon)
        self._automaton = Automaton([*alone, *of_lexicon])

    def __call__(self, normalised: str) -> Findings:
        """What a normalised text holds, in time linear in its length."""
        matches = self._automaton.matches(normalised)
        end, first = len(self.patterns), self._first_of_lexicon
        numbers = [number for number, _, _ in matches if number < end]
        parts = [match for match in matches if match[0] >= first]
        return Findings(len(numbers), set(numbers), self.lexicon.hits(parts, normalised, self._roles, first))
