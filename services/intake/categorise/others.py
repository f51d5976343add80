"""Where in a text somebody else than the customer speaks, as far as its lines show it; blanked out, never removed."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from services.intake.categorise.phrases import Hit
from services.intake.categorise.reply_headers import quoted_below
from services.intake.categorise.signal_phrases import MASK
from services.intake.categorise.turns import turns_of_others

Spans = Sequence[tuple[int, int]]

COUNTS_OF_ANYBODY: Final = frozenset({"safety", "discrimination"})
"""What is shown whoever says it: a danger, and an insult."""

LEFT_OUT: Final = "\x1e"
"""Stands for each sign that somebody else wrote: no letter, no blank, and stripped as white space is."""

_QUOTED_LINES: Final = re.compile(r"\n>[^\n]*+")


def spans_of_others(text: str, break_at: int, begin: int) -> Spans:
    """The places in order and apart: lines of quoted mail, the message below a reply's header, the company's turns of a chat.

    `begin` is the line end before the description. A quarter of a microsecond for complaints without a colon, some seven for the
    others, at the mean; linear in the length.
    """
    if text.find("\n", begin + 1) < 0 and not text.startswith(">", begin + 1):
        return ()
    spans = _labelled(text, break_at, begin) if ":" in text or "<" in text else []
    if ">" in text:  # to look for two signs takes ten times as long
        spans += [(found.start() + 1, found.end()) for found in _QUOTED_LINES.finditer(text)]
    return tuple(_apart(sorted(spans))) if spans else ()


def _labelled(text: str, break_at: int, begin: int) -> list[tuple[int, int]]:
    return turns_of_others(text, begin) + quoted_below(text[:break_at], text, begin)


def _apart(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    reached = 0
    for start, end in spans:
        if end > reached:
            yield max(start, reached), end
            reached = end


def left_out(text: str, spans: Spans, *, sign: str) -> str:
    """The text with one `sign` for each one within the spans."""
    parts: list[str] = []
    last = 0
    for start, end in spans:
        parts += (text[last:start], sign * (end - start))
        last = end
    return "".join((*parts, text[last:]))


def counted(hits: Iterable[Hit], spans: Spans) -> Iterator[Hit]:
    """The customer's hits, and of the others' those that count whoever says them."""
    starts = [start for start, _ in spans]
    for hit in hits:
        at = bisect_right(starts, hit.start) - 1
        if at < 0 or hit.start >= spans[at][1] or hit.label.removeprefix(MASK) in COUNTS_OF_ANYBODY:
            yield hit
