"""How alike two texts are, told from sketches of a fixed size: MinHash over runs of three words (Broder 1997).

A sketch is made by one permutation hashing (Li, Owen, Zhang 2012): every run of words is hashed once and falls into one
of 128 bins, each of which keeps its smallest hash. The share of bins in which two sketches agree estimates their Jaccard
similarity with a standard error of at most 0.045. Bands of three minima each are for an index: two texts that share a
band are worth comparing. Numbers count as one and the same word, so that a letter with another amount is the same letter.
Nobody can read the text back from a sketch, but it can be tested against a guess, so it goes when the text goes.
"""

import re
from array import array
from collections.abc import Iterable, Sequence
from itertools import starmap
from operator import eq, or_
from struct import Struct as Layout
from typing import Final, NamedTuple
from zlib import crc32

RUN_WORDS: Final = 3
BINS: Final = 128
BANDS: Final = 16
ROWS: Final = 3
"""Minima in one band: 16 bands of 3 propose 98 % of the pairs that are 0.6 alike, and one in 60 million that are 0.001."""

TEXT_CHARACTERS_MAX: Final = 20_000
"""What lies beyond is not looked at: a bound on the time one text may take."""

NEAR: Final = 0.5
"""Texts at least so alike are near duplicates; precision and recall of this figure are in docs/duplicates.md."""
COPIED: Final = 0.35
"""The same for two texts of one customer, who does not write the same words twice by chance; above what a signature makes."""
HELD: Final = 0.7
"""A text of which the other holds this share is a copy of it, with something around it: a forwarded mail."""
HELD_ALIKE_MIN: Final = 0.15
"""Below, too few bins agree to tell how much of a short text is in a long one; it may be six times as long."""
RUNS_MIN: Final = 10
"""Texts of fewer runs ("I was charged twice") are the same by chance, so they are near duplicates of nothing."""

_NO_LETTER: Final = re.compile(r"[\W_]")
_ASCII_BLANKED: Final = _NO_LETTER.sub(" ", "".join(map(chr, range(128))))
_FOLDED: Final = 64
"""Bins that the bands are made of: the 128, two by two, so that those of a short text are filled too."""
_SHIFT: Final = 7
_BAND: Final = Layout(f">{ROWS}I")
_INT4: Final = 1 << 31


class Sketch(NamedTuple):
    """What is kept of a text: how many different runs it has, 128 minima of 16 bits, and the bands for the index.

    A text without words has no runs and no bands.
    """

    runs: int
    minima: bytes
    bands: tuple[int, ...]


def sketch(subject: str, description: str) -> Sketch:
    """The sketch of a complaint: the same on every machine and in every version. Linear in the text, and bounded."""
    hashes = _hashes(words_of(f"{subject[:TEXT_CHARACTERS_MAX]} {description}"[:TEXT_CHARACTERS_MAX]))
    bins = [0] * BINS
    for each in sorted(hashes, reverse=True):
        bins[each & BINS - 1] = each | 1 << 32  # the smallest comes last and stays; never 0, which is an empty bin
    # The high bits of a minimum are nearly always nought, the low ones tell minima apart.
    minima = array("H", [(each >> _SHIFT & 0xFFFF or 1) if each else 0 for each in bins])
    return Sketch(len(hashes), _little(minima).tobytes(), tuple(_bands(bins)) if hashes else ())


def likeness(one: Sketch, other: Sketch) -> float:
    """The estimated Jaccard similarity, from 0 to 1: runs that both have, of the runs that either has."""
    if one.minima == other.minima:
        return 1.0 if one.runs else 0.0
    first, second = memoryview(one.minima).cast("H"), memoryview(other.minima).cast("H")
    filled = sum(map(bool, map(or_, first, second)))
    agreed = sum(map(eq, first, second)) - (BINS - filled)
    return agreed / filled if filled else 0.0


def held(one: Sketch, other: Sketch) -> float:
    """The estimated share of the shorter text that is found in the longer one, from 0 to 1."""
    alike = likeness(one, other)
    both = alike / (1 + alike) * (one.runs + other.runs)
    return min(1.0, both / max(1, min(one.runs, other.runs)))


def near(one: Sketch, other: Sketch) -> bool:
    """Whether two texts are near duplicates; texts too short to tell are not."""
    return min(one.runs, other.runs) >= RUNS_MIN and likeness(one, other) >= NEAR


def copied(one: Sketch, other: Sketch) -> bool:
    """Whether one text was made from the other or holds it: what `near` is between customers, for texts of one customer."""
    alike = likeness(one, other)
    if min(one.runs, other.runs) < RUNS_MIN or alike < HELD_ALIKE_MIN:
        return False
    return alike >= COPIED or held(one, other) >= HELD


def words_of(text: str) -> list[str]:
    """The words of a text in lower case; every number, however it is written, is one `0`."""
    lower = text.lower()
    blanked = lower.translate(_ASCII_BLANKED) if lower.isascii() else _NO_LETTER.sub(" ", lower)
    words = ["0" if word.isdigit() else word for word in blanked.split()]
    return [word for before, word in zip(("", *words), words, strict=False) if word != "0" or before != "0"]


def _hashes(words: Sequence[str]) -> set[int]:
    """The different runs of a text; a text of one or two words is one run."""
    if not words:
        return set()
    runs: Iterable[str] = map(" ".join, zip(*(words[start:] for start in range(RUN_WORDS)), strict=False))
    return {crc32(run.encode("utf-8", "replace")) for run in runs} or {
        crc32(" ".join(words).encode("utf-8", "replace"))
    }


def _bands(bins: Sequence[int]) -> Iterable[int]:
    """Signed 32-bit keys of three minima each; an empty bin borrows from the next one that is not."""
    folded = [min(filter(None, pair), default=0) for pair in zip(bins[:_FOLDED], bins[_FOLDED:], strict=True)]
    nearest, lent = next(filter(None, folded)), 0
    for place in range(_FOLDED - 1, -1, -1):
        if folded[place]:
            nearest, lent = folded[place], 0
        else:
            lent += 1
            folded[place] = nearest + lent * 0x9E3779B1
    used = [each >> _SHIFT & 0xFFFF_FFFF for each in folded[: BANDS * ROWS]]
    rows = zip(*(used[row::ROWS] for row in range(ROWS)), strict=True)
    return (crc32(key) - _INT4 for key in starmap(_BAND.pack, rows))


def _little(values: "array[int]") -> "array[int]":
    """The same values in the byte order that is stored."""
    if array("H", [1]).tobytes() == b"\0\1":
        values.byteswap()
    return values
