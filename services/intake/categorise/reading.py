"""A complaint as it is searched: one sign for one sign, so that whatever is found lies at the same place in the text."""

import re
from bisect import bisect_right
from typing import Final, NamedTuple
from unicodedata import normalize

from services.intake.categorise.others import Spans, left_out, spans_of_others

TEXT_LIMIT_CHARACTERS = 20_000
"""What lies beyond this many characters (subject included) is not read: a bound on the time one text may take."""

BREAK = "\n.\n"
"""Stands between subject and description; no excerpt runs across it."""

OWN_WORDS_LEAST: Final = 3
"""A text of fewer words beside what others say in it is read with all of it: "See below."."""

_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
    "\u0300-\u036f\U000e0000-\U000e007f"
)
"""Signs without a width of their own, and strokes and dots that no letter takes up."""
_IN_DISGUISE: Final = "\ufb00-\ufb06\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff"
"""Latin letters and digits in another dress: printers' double letters, wide ones, those of formulas."""
_NOT_PLAIN: Final = re.compile(f"[{_IN_DISGUISE}{_UNSEEN}]")
"""Looked for first: a seventh of the time that looking for what to put in their stead takes."""
_TO_PLAIN: Final = re.compile(f"([^\\W\\d_][\\u0300-\\u036f])|([{_IN_DISGUISE}])|[{_UNSEEN}]")

_NO_LETTER = re.compile(r"[\W_]")
_ASCII_BLANKED = _NO_LETTER.sub(" ", "".join(map(chr, range(128))))
"""For each ASCII sign itself, or a blank when it belongs to no word."""

_BYTES_BLANKED = _NO_LETTER.sub(" ", bytes(range(256)).decode("latin-1")).encode("latin-1")

_PRINTERS_SIGNS = "\u2018\u2019\u201a\u201c\u201d\u201e\u2013\u2014\u2026\u2022\u20ac"
"""Quotation marks, dashes, dots and the euro sign: what word processors put in otherwise western texts."""

_APOSTROPHES = ("'", "\u2019")

_SHAPES = bytes(32 if sign == 32 else 57 if 48 <= sign <= 57 else 120 for sign in range(256))
"""For each byte of a normalised text: a blank, "9" for a digit, "x" for a letter or a part of one."""


class Reading(NamedTuple):
    """A text and what is searched in its stead; `normalised[at + 1]` belongs to `text[at]`."""

    text: str
    """Subject, BREAK and description in the customer's own spelling, in plain letters."""
    normalised: str
    break_at: int
    """Where BREAK begins in `text`."""
    others: Spans = ()
    """Where in `text` somebody else than the customer speaks; empty as well where little else is."""

    def excerpt(self, start: int, end: int) -> str | None:
        """The text from `start` up to but without `end`; None when it would span subject and description, or run into others' words.

        An excerpt that would begin behind an apostrophe ("t sleep") begins with the whole word ("can't sleep").
        """
        if start > 1 and self.text[start - 1] in _APOSTROPHES:
            word = self.normalised.rfind(" ", 0, start)
            start = word if word < start - 1 else start
        after = bisect_right(self.others, (start, len(self.text)))
        if start < self.break_at < end or any(opened < end for opened, _ in self.others[after : after + 1]):
            return None
        return self.text[start:end]

    def first(self, pattern: str) -> str | None:
        """The first place of words that `normalised` holds, `pattern` being they with a blank on either side; None as in `excerpt`."""
        start = self.normalised.index(pattern)
        return self.excerpt(start, start + len(pattern) - 2)


_CAPITALS = bytes(65 if 65 <= sign <= 90 else 32 if sign == 32 else 46 for sign in range(256))


class Shape(NamedTuple):
    """What a text is made of, as far as its signs show."""

    words: int
    """Runs of letters and digits."""
    digits: bool


def shape_of(normalised: str) -> Shape:
    """How many words a normalised text has, and whether any digit occurs; a microsecond or two."""
    signs = normalised.encode().translate(_SHAPES)
    return Shape(signs.count(b" x") + signs.count(b" 9"), b"9" in signs)


def has_neighbours_in_capitals(text: str) -> bool:
    """Whether it is worth looking for a run of words in capitals: a fifth of the time that looking takes.

    Words with a double X do not count: they are masks of removed names ("XXXX").
    """
    signs = text.replace("XX", "--").encode("latin-1", "replace").translate(_CAPITALS)
    return b"AA AA" in signs


def read(subject: str, description: str, *, product: str | None = None) -> Reading:
    """Prepares subject and description in time linear in their length and never beyond the limit.

    A product name of several words ("Extended Care Kettle") is blanked out: a name says nothing of what went wrong.
    Neither do quoted mail and the company's turns of a chat, which are others' words.
    """
    return read_both(subject, description, product=product)[1]


def read_both(subject: str, description: str, *, product: str | None) -> tuple[Reading, Reading]:
    """The text as it stands, and without the product's name and others' words; the same value twice where that is no change."""
    subject = in_plain_letters(subject[:TEXT_LIMIT_CHARACTERS])
    text = (subject + BREAK + in_plain_letters(description[:TEXT_LIMIT_CHARACTERS]))[:TEXT_LIMIT_CHARACTERS]
    lower = _lower(text)
    plain = Reading(text, _blanked(lower), len(subject))
    blinded = _without(product, lower)
    blind = plain if blinded is lower else Reading(text, _blanked(blinded), len(subject))
    spans = spans_of_others(text, len(subject), len(subject) + len(BREAK) - 1)
    return _own(plain, blind, spans) if spans else (plain, blind)


def in_plain_letters(text: str) -> str:
    """The words that everybody sees: "refund" for one with a sign of no width in it, in wide letters, or with its accents apart."""
    return text if text.isascii() or not _NOT_PLAIN.search(text) else _TO_PLAIN.sub(_plain_letter, text)


def _plain_letter(sign: re.Match[str]) -> str:
    """Sign by sign, for ordering a long row of accents would take the square of its length."""
    accented, disguised = sign.groups()
    if accented:
        return normalize("NFC", accented)[0]
    return normalize("NFKC", disguised) if disguised else ""


def _own(plain: Reading, blind: Reading, spans: Spans) -> tuple[Reading, Reading]:
    """Both with the places of others' words, which the second has blanked out; unchanged where little else would be left."""
    own = f" {left_out(blind.normalised[1:-1], spans, sign=' ')} "
    if shape_of(own[plain.break_at + len(BREAK) :]).words < OWN_WORDS_LEAST:
        return plain, blind
    return plain._replace(others=spans), blind._replace(normalised=own, others=spans)


def normalised(text: str) -> str:
    """Lower case, one blank for every sign that is no letter or digit, and one more at either end."""
    return _blanked(_lower(text))


def _without(product: str | None, lower: str) -> str:
    if not product or len(product.split()) < 2:
        return lower
    name = _lower(product[:TEXT_LIMIT_CHARACTERS])
    return lower.replace(name, "0" * len(name)) if name in lower else lower


def _blanked(lower: str) -> str:
    if lower.isascii():
        return f" {lower.translate(_ASCII_BLANKED)} "
    for sign in _PRINTERS_SIGNS:
        lower = lower.replace(sign, " ")
    try:
        return f" {lower.encode('latin-1').translate(_BYTES_BLANKED).decode('latin-1')} "
    except UnicodeEncodeError:
        return f" {_NO_LETTER.sub(' ', lower)} "


def _lower(text: str) -> str:
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    # A few letters (the Turkish dotted capital I) grow when lowered; offsets must stay true.
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
