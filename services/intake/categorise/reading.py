"""A complaint cut into words once, so that every later step can point back into the customer's own spelling."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import accumulate, compress, count, pairwise
from operator import add

TEXT_LIMIT_CHARACTERS = 20_000
"""What lies beyond this many characters (subject included) is not read: a bound on the time one text may take."""

BREAK = "\n0\n"
"""Stands between subject and description, so that no phrase or excerpt runs across them."""

_NO_LETTER = re.compile(r"\W")
_ASCII_BLANKED = _NO_LETTER.sub(" ", "".join(map(chr, range(128))))
"""For each ASCII sign itself, or a blank when it belongs to no word."""

_PRINTERS_SIGNS = "\u2018\u2019\u201c\u201d\u2013\u2014\u2026"
"""Quotation marks, dashes and dots that word processors and telephones put in otherwise ASCII texts."""

_APOSTROPHES = ("'", "\u2019")


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a text in lower case, with where each one ends; `text` keeps the customer's spelling."""

    text: str
    words: list[str]
    ends: list[int]
    pairs: list[str]
    """Every word with the next one, a blank between."""
    distinct: AbstractSet[str]
    break_at: int

    def excerpt(self, first: int, after: int) -> str | None:
        """The text from word `first` up to but without word `after`; None when it would span subject and description.

        An excerpt that would begin behind an apostrophe ("t sleep") begins with the whole word ("can't sleep").
        """
        if first and self.separator(first) in _APOSTROPHES:
            first -= 1
        start, end = self.ends[first] - len(self.words[first]), self.ends[after - 1]
        if start < self.break_at < end:
            return None
        return self.text[start:end]

    def separator(self, before: int) -> str:
        """What is written between word `before` - 1 and word `before`."""
        return self.text[self.ends[before - 1] : self.ends[before] - len(self.words[before])]


def read(subject: str, description: str, *, product: str | None = None) -> Reading:
    """Cuts subject and description into words, in time linear in their length and never beyond the limit.

    A product name of several words ("Extended Care Kettle") is blanked out: a name says nothing of what went wrong.
    """
    text, break_at = _joined(subject, description)
    return _cut(text, _without(product, _lower(text)), break_at)


def read_both(subject: str, description: str, *, product: str | None) -> tuple[Reading, Reading]:
    """The text as it stands and with the product's name blanked out; the same value twice where that is no change."""
    text, break_at = _joined(subject, description)
    lower = _lower(text)
    plain, blanked = _cut(text, lower, break_at), _without(product, lower)
    return plain, plain if blanked == lower else _cut(text, blanked, break_at)


def _joined(subject: str, description: str) -> tuple[str, int]:
    subject = subject[:TEXT_LIMIT_CHARACTERS]
    return (subject + BREAK + description[:TEXT_LIMIT_CHARACTERS])[:TEXT_LIMIT_CHARACTERS], len(subject)


def _without(product: str | None, lower: str) -> str:
    if not product or len(product.split()) < 2:
        return lower
    name = _lower(product[:TEXT_LIMIT_CHARACTERS])
    return lower.replace(name, "0" * len(name))


def _cut(text: str, lower: str, break_at: int) -> Reading:
    """Runs in the interpreter's own loops: three or four times as fast as a regular expression over the text."""
    blanked = _blanked(lower)
    parts = blanked.split(" ")
    words = list(filter(None, parts))
    # The parts up to one end at their letters and the blanks between; empty parts stand between two blanks.
    ends = list(compress(map(add, accumulate(map(len, parts)), count()), parts))
    # A text that begins or ends with a blank has an empty word there: the trained figures count it.
    if blanked.startswith(" "):
        words.insert(0, "")
        ends.insert(0, 0)
    if blanked.endswith(" "):
        words.append("")
        ends.append(len(text))
    return Reading(text, words, ends, pairs_of(words), set(words), break_at)


def pairs_of(words: list[str]) -> list[str]:
    """Every word with the next one, a blank between."""
    return list(map(" ".join, pairwise(words)))


def _blanked(lower: str) -> str:
    """The text with one blank for every sign that belongs to no word."""
    if not lower.isascii():
        for sign in _PRINTERS_SIGNS:
            lower = lower.replace(sign, " ")
    return lower.translate(_ASCII_BLANKED) if lower.isascii() else _NO_LETTER.sub(" ", lower)


def _lower(text: str) -> str:
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    # A few letters (the Turkish dotted capital I) grow when lowered; offsets must stay true.
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
