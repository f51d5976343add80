"""The words that several texts have in common, so that a cluster can be recognised without reading anybody's complaint."""

from collections.abc import Sequence
from typing import Final

from shared.domain.likeness import RUN_WORDS, words_of

TEXTS_MIN: Final = 5
"""What five customers wrote in the same words is no longer about one of them."""
WORDS_MIN: Final = 8
WORDS_MAX: Final = 40


def common_passage(texts: Sequence[str]) -> str | None:
    """The longest row of words whose every three are in all the texts, numbers as `#`; None where none is long enough.

    `texts` are of as many customers; of fewer than five nothing is shown. A name that all of them wrote is shown.
    """
    if len(texts) < TEXTS_MIN:
        return None
    first, *others = ([*words_of(each)] for each in texts)
    shared = set.intersection(_runs(first), *map(_runs, others))
    longest = _longest(first, shared)
    if len(longest) < WORDS_MIN:
        return None
    shown = ["#" if word == "0" else word for word in longest[:WORDS_MAX]]
    return " ".join(shown) + (" …" if len(longest) > WORDS_MAX else "")


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return set(zip(*(words[start:] for start in range(RUN_WORDS)), strict=False))


def _longest(words: Sequence[str], shared: set[tuple[str, ...]]) -> Sequence[str]:
    best: Sequence[str] = ()
    start: int | None = None
    for place in range(len(words) - RUN_WORDS + 2):
        within = tuple(words[place : place + RUN_WORDS]) in shared
        if within and start is None:
            start = place
        elif not within and start is not None:
            # The run before this place was the last that all of them have; it ends two words further on.
            best = max(best, words[start : place + RUN_WORDS - 1], key=len)
            start = None
    return best
