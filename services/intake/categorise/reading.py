"""A complaint cut into words once, so that every later step can point back into the customer's own spelling."""

import re
from dataclasses import dataclass
from itertools import accumulate

TEXT_LIMIT_CHARACTERS = 20_000
"""What lies beyond this many characters (subject included) is not read: a bound on the time one text may take."""

BREAK = "\n0\n"
"""Stands between subject and description, so that no phrase or excerpt runs across them."""

_WORDS = re.compile(r"(\W+)")
_APOSTROPHES = ("'", "\u2019")


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a text in lower case, with where each one ends; `text` keeps the customer's spelling."""

    text: str
    words: list[str]
    ends: list[int]
    break_at: int

    def excerpt(self, first: int, after: int) -> str | None:
        """The text from word `first` up to but without word `after`; None when it would span subject and description.

        An excerpt that would begin behind an apostrophe ("t sleep") begins with the whole word ("can't sleep").
        """
        if first and self.separator(first) in _APOSTROPHES:
            first -= 1
        start, end = self.ends[2 * first] - len(self.words[first]), self.ends[2 * (after - 1)]
        if start < self.break_at < end:
            return None
        return self.text[start:end]

    def separator(self, before: int) -> str:
        """What is written between word `before` - 1 and word `before`."""
        return self.text[self.ends[2 * before - 2] : self.ends[2 * before - 1]]


def read(subject: str, description: str, *, product: str | None = None) -> Reading:
    """Cuts subject and description into words, in time linear in their length and never beyond the limit.

    A product name of several words ("Extended Care Kettle") is blanked out: a name says nothing of what went wrong.
    """
    subject = subject[:TEXT_LIMIT_CHARACTERS]
    text = (subject + BREAK + description[:TEXT_LIMIT_CHARACTERS])[:TEXT_LIMIT_CHARACTERS]
    lower = _lower(text)
    if product and len(product.split()) > 1:
        name = _lower(product[:TEXT_LIMIT_CHARACTERS])
        lower = lower.replace(name, "0" * len(name))
    parts = _WORDS.split(lower)
    return Reading(text, parts[::2], list(accumulate(map(len, parts))), len(subject))


def _lower(text: str) -> str:
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    # A few letters (the Turkish dotted capital I) grow when lowered; offsets must stay true.
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
