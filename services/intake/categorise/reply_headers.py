"""Where the message that a mail answers begins, when nothing marks its lines: below "On … wrote:" or a block of header fields."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

POINTING_WORDS_MAX: Final = 25
"""In so few words "see below" or "FYI" hands the message below on rather than answer it."""
CANDIDATES_MAX: Final = 200
"""Of the lines that begin as a header might: beyond these none is looked for."""

WROTE: Final = re.compile(
    r"^\W{0,4}(on|am|le|il|el|em|op|den|dne|dnia|w dniu)\b.{4,250}"
    r"\b(wrote|schrieb|a écrit|ha scritto|escribió|escreveu|schreef|skrev|napsal|napisał\(a\)|napisał)\b.{0,80}:?\s*$",
    re.IGNORECASE,
)
DIVIDER: Final = re.compile(
    r"^\s*(-{2,}\s*(original message|original appointment|forwarded message|ursprüngliche nachricht|message d'origine|"
    r"messaggio originale|mensaje original|oorspronkelijk bericht)\s*-{2,}|_{20,})\s*$",
    re.IGNORECASE,
)
FIELD: Final = re.compile(
    r"^\W{0,3}(from|von|de|da|van|sent|gesendet|envoyé|inviato|enviado(?: el)?|date|datum|fecha|to|an|à|para|subject|betreff|objet|asunto)\b\W{0,2}:",
    re.IGNORECASE,
)

_CANDIDATE: Final = re.compile(
    r"\n(?:[^\w\n]{0,4}(?:on|am|le|il|el|em|op|den|dne|dnia|w dniu|from|von|de|da|van)\b|[ \t]*(?:-{2}|_{20}|>?[ \t]?begin forwarded))",
    re.IGNORECASE,
)
_FORWARDED: Final = re.compile(
    r"[ \t]*(?:-{2,}[^\n]{0,20}|begin )(?:forwarded|weitergeleitet|transféré|reenviado|inoltrato|doorgestuurd)",
    re.IGNORECASE,
)
_FORWARDED_SUBJECT: Final = re.compile(r"\s*(?:fwd?|wg|tr|rv|i|doorst) ?:", re.IGNORECASE)
_HANDED_ON: Final = re.compile(
    r"\b(?:fwd?|fyi|below|(?<!look )(?<!looking )forward(?:ed|ing)?|what (?:i|we) wrote|(?:answer|reply|response) to this|unten|weitergeleitete?|leite|ci-dessous|transf(?:ère|érer|éré)|abajo|reenv(?:ío|iado))\b",
    re.IGNORECASE,
)
_AT_A_TIME: Final = re.compile(
    r"@|\d[:.h]\d\d(?::\d\d)?(?: ?[ap]\.?m\.?)?(?: [A-Z]{3,4}(?:[+-]\d{1,4})?)?(?:,|(?: Uhr)? (?:schrieb|schreef|skrev)\b)",
    re.IGNORECASE,
)
"""A comma parts time and author where a mail program writes the line; who tells of a mail leaves it out."""
_ADDRESS: Final = re.compile(r"<[^<>\s@]{1,100}@")
_TOLD_OF: Final = re.compile(r"\b(?:(?:i|we|you|he|she|they) wrote|schrieb (?:ich|wir|er|sie))\b", re.IGNORECASE)
_TOLD: Final = re.compile(
    r"\b(?:i|we|my|our|the|you|your|he|she|they|ich|wir|er|sie|meine?|unsere?|ihre?|(?<=schrieb )(?:der|die|das)"
    r"|elle|nous|mon|ma|notre|vous|votre|mi|usted|ustedes)\b",
    re.IGNORECASE,
)
"""Neither in the line that a mail program writes, the second unless it has an address: "On 3 May you wrote:" is the customer's own."""
_FIELDS: Final = re.compile(
    r"(?:^|\s)\*{0,2}(?:(?P<author>from|von|de|da|van)|(?P<sent>sent|gesendet|envoyé|inviato|enviado(?: el)?|verzonden)"
    r"|(?P<date>date|datum|fecha|data)|(?P<to>to|an|à|para|aan)|(?P<subject>subject|betreff|objet|asunto|oggetto|onderwerp))"
    r"\*{0,2}[ \u00a0]?:",
    re.IGNORECASE,
)
_BLOCKS: Final = ({"author", "sent", "to"}, {"author", "sent", "subject"}, {"author", "date", "to"})
_DOMAIN: Final = re.compile(r"@([\w.-]{1,100})")
_HEADER_CHARACTERS: Final = 700
_HEADER_LINES: Final = 7


class _Header(NamedTuple):
    start: int
    domain: str
    """Of the author's mail address; empty where none is told."""


def quoted_below(subject: str, text: str, begin: int) -> list[tuple[int, int]]:
    """Where the answered message stands, its header included, looked for from the line end at `begin`; empty for none.

    A forwarded message is none, nor one that somebody answers between its marked lines. Of a thread of several messages those
    are left to the customer whose author has another mail domain than the one who is answered. Linear in the length.
    """
    headers = list(_headers(text, begin))
    if not headers or _is_handed_on(subject, text, begin, headers[0].start):
        return []
    ends = [*(after.start for after in headers[1:]), len(text)]
    house = next((header.domain for header in headers if header.domain), "")
    return [
        (header.start, end)
        for header, end in zip(headers, ends, strict=True)
        if not house or header.domain in ("", house)
    ]


def _headers(text: str, begin: int) -> Iterator[_Header]:
    """Up to a forwarded message."""
    for found in islice(_CANDIDATE.finditer(text, begin), CANDIDATES_MAX):
        start = found.start() + 1
        if _FORWARDED.match(text, start):
            return
        author = _author(text[start : start + _HEADER_CHARACTERS].split("\n", _HEADER_LINES))
        if author is not None:
            address = _DOMAIN.search(author)
            yield _Header(start, address[1].lower() if address else "")


def _is_handed_on(subject: str, text: str, begin: int, start: int) -> bool:
    if _FORWARDED_SUBJECT.match(subject) or answered_between(text[start:].split("\n")):
        return True
    own = text[begin:start]
    return len(own.split(maxsplit=POINTING_WORDS_MAX)) <= POINTING_WORDS_MAX and bool(_HANDED_ON.search(own))


def answered_between(lines: Sequence[str]) -> bool:
    """Whether somebody wrote below a line that is quoted with `>`."""
    quoted = False
    for line in lines:
        if line.lstrip().startswith(">"):
            quoted = True
        elif quoted and line.strip():
            return line.strip() not in ("--", "-- ")
    return False


def _author(lines: Sequence[str]) -> str | None:
    """Who wrote what stands below the header that begins with the lines, as it tells; None where they are no header."""
    first = lines[0][:400]
    if DIVIDER.match(first):
        author = _of_block(lines[1:], divided=True)
        return "" if author is None and "_" not in first else author
    if FIELD.match(first[:80]):
        return _of_block(lines)
    return _of_line(first) or _of_line(" ".join(line.strip()[:200] for line in lines[:2])[:400])


def _of_line(line: str) -> str | None:
    if not line.rstrip().endswith(":") or not _AT_A_TIME.search(line) or _TOLD_OF.search(line):
        return None
    if _TOLD.search(line) and not _ADDRESS.search(line):
        return None
    return line if WROTE.match(line) else None


def _of_block(lines: Sequence[str], *, divided: bool = False) -> str | None:
    """Header fields from the author on, on lines of their own or on one, as a mail program writes them.

    Without a divider above and an address, they tell a subject too and do not begin like a journey, "From: … To: …".
    """
    block = "\n".join(lines)
    fields = list(_FIELDS.finditer(block))
    kinds = [field.lastgroup for field in fields]
    if kinds[:1] != ["author"] or not any(needed.issubset(kinds) for needed in _BLOCKS):
        return None
    author = block[fields[0].end() : fields[1].start()]
    sure = divided or "@" in author or ("subject" in kinds and kinds[1] != "to")
    return author if sure else None
