"""Numbers of payment cards and bank accounts: recognised so that they are kept out, all but the last four signs."""

import re
from typing import Final

from services.intake.categorise.found import FoundCard

_CARD: Final = re.compile(r"[0-9](?:[ \u00a0.\-\u2013]?[0-9]){12,18}+")
_IBAN: Final = re.compile(r"[A-Za-z]{2}[0-9]{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,30}+")
_NO_DIGIT: Final = re.compile(r"[^0-9]++")
_NO_SIGN: Final = re.compile(r"[^0-9A-Za-z]++")
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
CARD_DIGITS: Final = range(13, 20)
CARD_GROUP_DIGITS: Final = 6
"""Cards are printed in groups of four to six; longer ones side by side are another number's."""

IBAN_SIGNS: Final = range(15, 35)


def card_at(text: str, start: int) -> FoundCard | None:
    """A number of 13 to 19 digits beginning at `start`, in groups or not, whose check digit is right (Luhn)."""
    run = _CARD.match(text, start)
    if run is None:
        return None
    end = run.end()
    while end - start >= CARD_DIGITS[0]:
        digits = _NO_DIGIT.sub("", text[start:end])
        if len(digits) < CARD_DIGITS[0]:
            return None
        if not text[end : end + 1].isdigit() and passes_luhn(digits):
            return FoundCard("card", digits[-4:], start, end)
        end = _before_last_group(text, start, end)
    return None


def _before_last_group(text: str, start: int, end: int) -> int:
    """Where the number would end without its last group of digits."""
    while end > start and text[end - 1].isdigit():
        end -= 1
    return end - 1


def iban_at(text: str, start: int) -> FoundCard | None:
    """A bank account number whose two letters begin at `start`, with the right check digits (ISO 13616)."""
    run = _IBAN.match(text, start)
    if run is None or text[start - 1 : start].isalnum():
        return None
    end = run.end()
    while end - start >= IBAN_SIGNS[0]:
        signs = _NO_SIGN.sub("", text[start:end]).upper()
        if not text[end : end + 1].isalnum() and len(signs) in IBAN_SIGNS and passes_iban(signs):
            return FoundCard("iban", signs[-4:], start, end)
        end = _before_last_word(text, start, end)
    return None


def _before_last_word(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1].isalnum():
        end -= 1
    return end - 1


def holds_card_number(value: str) -> bool:
    """Whether a reference's digits are those of a payment card: all of them, one run, or neighbouring small groups."""
    if len(value) < CARD_DIGITS[0]:
        return False
    runs = [run for run in _NO_DIGIT.split(value) if run]
    parts = (runs[first:last] for first in range(len(runs)) for last in range(first + 1, len(runs) + 1))
    likely = (part for part in parts if len(part) in {1, len(runs)} or max(map(len, part)) <= CARD_GROUP_DIGITS)
    return any(len(digits) in CARD_DIGITS and passes_luhn(digits) for digits in map("".join, likely))


def passes_luhn(digits: str) -> bool:
    """The check of ISO/IEC 7812 over ASCII digits."""
    plain = [ord(digit) - 48 for digit in reversed(digits)]
    return (sum(plain[::2]) + sum([_DOUBLED[digit] for digit in plain[1::2]])) % 10 == 0


def passes_iban(signs: str) -> bool:
    """The check of ISO 13616 over capital letters and digits."""
    if not (signs[:2].isalpha() and signs[2:4].isdigit()):
        return False
    return int("".join([str(int(sign, 36)) for sign in signs[4:] + signs[:4]])) % 97 == 1
