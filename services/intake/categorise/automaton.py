"""Literal patterns found in one pass: the one place that knows the library."""

from collections.abc import Iterable

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

Match = tuple[int, int, int]
"""A pattern's number, and where it begins and ends."""


class Automaton:
    """Finds thousands of patterns in time linear in a text's length; immutable, safe to share between threads."""

    __slots__ = ("_found",)

    def __init__(self, patterns: Iterable[str]) -> None:
        self._found = _built(patterns, kept=False).find_matches_as_indexes

    def matches(self, normalised: str) -> list[Match]:
        """Every pattern wherever it stands, overlapping ones too, in the order of their ends."""
        return self._found(normalised, overlapping=True)


class Sieve:
    """Tells which of thousands of patterns a text holds, but not where: in less than half of an automaton's time.

    What it gives back are the very strings it was built with. Nothing is made for a pattern that was found, and that is
    what the time of an automaton goes to on texts that hold hundreds of them.
    """

    __slots__ = ("_found",)

    def __init__(self, patterns: Iterable[str]) -> None:
        self._found = _built(patterns, kept=True).find_matches_as_strings

    def found(self, normalised: str) -> list[str]:
        """Every pattern as often as it stands there, overlapping ones too, in the order of their ends."""
        return self._found(normalised, overlapping=True)


def _built(patterns: Iterable[str], *, kept: bool) -> AhoCorasick:
    # Contiguous: half the time of the other two on these patterns, whose states must fit the processor's cache.
    return AhoCorasick(
        patterns,
        matchkind=MatchKind.Standard,
        store_patterns=kept,
        implementation=Implementation.ContiguousNFA,
    )
