"""What a reply adds: without the message it quotes below, and without its signature. The raw mail is always kept."""

import re
from typing import Final

LINES_MAX: Final = 5000
SIGNATURE_LINES_MAX: Final = 15
_WROTE: Final = re.compile(
    r"^\W{0,4}(on|am|le|il|el|em|op|den|dne|dnia|w dniu)\b.{4,250}"
    r"\b(wrote|schrieb|a écrit|ha scritto|escribió|escreveu|schreef|skrev|napsal|napisał\(a\)|napisał)\b.{0,80}:?\s*$",
    re.IGNORECASE,
)
_DIVIDER: Final = re.compile(
    r"^\s*(-{2,}\s*(original message|original appointment|forwarded message|ursprüngliche nachricht|message d'origine|"
    r"messaggio originale|mensaje original|oorspronkelijk bericht)\s*-{2,}|_{20,})\s*$",
    re.IGNORECASE,
)
_FIELD: Final = re.compile(
    r"^\W{0,3}(from|von|de|da|van|sent|gesendet|envoyé|inviato|enviado|date|datum|to|an|à|subject|betreff|objet)\b\W{0,2}:",
    re.IGNORECASE,
)


def reply_of(text: str) -> str:
    """The part that is new (total). Answers between quoted lines keep the quotation; nothing is ever made empty."""
    lines = text.split("\n")
    if len(lines) > LINES_MAX:
        return text
    kept = _without_signature(_without_quotation(lines))
    new = "\n".join(kept).strip()
    return new or text


def _without_quotation(lines: list[str]) -> list[str]:
    for n in range(len(lines)):
        if not any(line.strip() for line in lines[:n]):
            continue  # an answer below its quotation
        if _begins_quotation(lines, n) and not _answered_between(lines[n + 1 :]):
            return lines[:n]
    return _without_last_quotes(lines)


def _begins_quotation(lines: list[str], n: int) -> bool:
    line = lines[n][:400]
    if _DIVIDER.match(line):
        return "_" not in line or any(_FIELD.match(each[:80]) for each in lines[n + 1 : n + 4])
    if _FIELD.match(line[:80]):
        return sum(bool(_FIELD.match(each[:80])) for each in lines[n : n + 6]) >= 3
    wrapped = " ".join(each.strip()[:200] for each in lines[n : n + 2])
    return bool(_WROTE.match(line) or (line[:1].isalpha() and _WROTE.match(wrapped[:400])))


def _answered_between(lines: list[str]) -> bool:
    """Whether somebody wrote below a line that is quoted with `>`."""
    quoted = False
    for line in lines:
        if line.lstrip().startswith(">"):
            quoted = True
        elif quoted and line.strip():
            return line.strip() not in ("--", "-- ")
    return False


def _without_last_quotes(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    return lines[:end]


def _without_signature(lines: list[str]) -> list[str]:
    for n in range(len(lines) - 1, max(-1, len(lines) - 2 - SIGNATURE_LINES_MAX), -1):
        if lines[n].rstrip("\r") in ("-- ", "--"):
            return lines[:n]
    return lines
