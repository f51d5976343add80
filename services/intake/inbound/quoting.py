"""What a reply adds: without the message it quotes below, and without its signature. The raw mail is always kept."""

from typing import Final

from services.intake.categorise.reply_headers import DIVIDER, FIELD, WROTE, answered_between

LINES_MAX: Final = 5000
SIGNATURE_LINES_MAX: Final = 15


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
        if _begins_quotation(lines, n) and not answered_between(lines[n + 1 :]):
            return lines[:n]
    return _without_last_quotes(lines)


def _begins_quotation(lines: list[str], n: int) -> bool:
    line = lines[n][:400]
    if DIVIDER.match(line):
        return "_" not in line or any(FIELD.match(each[:80]) for each in lines[n + 1 : n + 4])
    if FIELD.match(line[:80]):
        return sum(bool(FIELD.match(each[:80])) for each in lines[n : n + 6]) >= 3
    wrapped = " ".join(each.strip()[:200] for each in lines[n : n + 2])
    return bool(WROTE.match(line) or (line[:1].isalpha() and WROTE.match(wrapped[:400])))


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
