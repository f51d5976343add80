"""Where the message that a mail answers begins, when nothing marks its lines: below "On … wrote:" or a block of header fields."""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

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
    r"\b(?:fwd?|fyi|below|forward(?:ed|ing)?|unten|weitergeleitete?|leite|ci-dessous|transf(?:ère|érer|éré)|abajo|reenv(?:ío|iado))\b",
    re.IGNORECASE,
)
_AT_A_TIME: Final = re.compile(r"@|\d[:.h]\d\d")
_TOLD: Final = re.compile(r"\b(?:you|your|he|she|they|ihr|sie|vous|votre|usted|ustedes)\b", re.IGNORECASE)
"""Not in the line that a mail program writes: "On 3 May you wrote:" is the customer's own."""
_FIELDS: Final = re.compile(
    r"(?:^|\s)\*{0,2}(?:(?P<author>from|von|de|da|van)|(?P<sent>sent|gesendet|envoyé|inviato|enviado(?: el)?|verzonden)"
    r"|(?P<date>date|datum|fecha|data)|(?P<to>to|an|à|para|aan)|(?P<subject>subject|betreff|objet|asunto|oggetto|onderwerp))"
    r"\*{0,2}[ \u00a0]?:",
    re.IGNORECASE,
)
_BLOCKS: Final = ({"author", "sent", "to"}, {"author", "sent", "subject"}, {"author", "date", "to"})
_HEADER_CHARACTERS: Final = 700
_HEADER_LINES: Final = 7


def quoted_below(subject: str, text: str, begin: int) -> int:
    """Where the answered message begins, its header included, looked for from the line end at `begin`; -1 for none.

    A forwarded message is none, nor one that somebody answers between its marked lines. Linear in the length; never raises.
    """
    for found in islice(_CANDIDATE.finditer(text, begin), CANDIDATES_MAX):
        start = found.start() + 1
        if _FORWARDED.match(text, start):
            return -1
        if _is_header(text[start : start + _HEADER_CHARACTERS].split("\n", _HEADER_LINES)):
            own = text[begin:start]
            read = _FORWARDED_SUBJECT.match(subject) or _hands_on(own) or answered_between(text[start:].split("\n"))
            return -1 if read else start
    return -1


def answered_between(lines: Sequence[str]) -> bool:
    """Whether somebody wrote below a line that is quoted with `>`."""
    quoted = False
    for line in lines:
        if line.lstrip().startswith(">"):
            quoted = True
        elif quoted and line.strip():
            return line.strip() not in ("--", "-- ")
    return False


def _is_header(lines: Sequence[str]) -> bool:
    first = lines[0][:400]
    if DIVIDER.match(first):
        return "_" not in first or _is_block(lines[1:])
    if FIELD.match(first[:80]):
        return _is_block(lines)
    return _names_author(first) or _names_author(" ".join(line.strip()[:200] for line in lines[:2])[:400])


def _names_author(line: str) -> bool:
    if not line.rstrip().endswith(":") or not _AT_A_TIME.search(line) or _TOLD.search(line):
        return False
    return bool(WROTE.match(line))


def _is_block(lines: Sequence[str]) -> bool:
    """Header fields from the author on, on lines of their own or on one, as a mail program writes them."""
    kinds = [found.lastgroup for found in _FIELDS.finditer("\n".join(lines))]
    return kinds[:1] == ["author"] and any(block.issubset(kinds) for block in _BLOCKS)


def _hands_on(own: str) -> bool:
    return len(own.split(maxsplit=POINTING_WORDS_MAX)) <= POINTING_WORDS_MAX and bool(_HANDED_ON.search(own))
