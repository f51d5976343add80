"""What a complaint's text mentions, found in one pass over its numbers and a few telling words."""

import re
from datetime import date
from typing import Final

from services.intake.categorise.amounts import amount_at, range_at
from services.intake.categorise.dates import date_at
from services.intake.categorise.found import (
    AMOUNTS_MAX,
    CARDS_MAX,
    DATES_MAX,
    MENTIONS_MAX,
    REFERENCES_MAX,
    Found,
    FoundAmount,
    FoundCard,
    FoundDate,
    FoundMention,
    FoundReference,
)
from services.intake.categorise.masked import card_at, iban_at
from services.intake.categorise.reading import TEXT_LIMIT_CHARACTERS
from services.intake.categorise.references import reference_at
from services.intake.categorise.telling_words import found_by_words

NUMBERS_MAX: Final = 200
"""So many numbers of one text are looked at; a customer's account of a dispute has fewer."""

_TOKEN: Final = re.compile(r"[0-9][0-9A-Za-z]{0,39}+(?:[-.,:/_'\u2019][0-9A-Za-z]{1,40}+){0,8}+")
_DIGITS: Final = "0123456789"


class _Gathered:
    """What was found so far in one text."""

    __slots__ = ("amounts", "cards", "dates", "references")

    def __init__(self) -> None:
        self.amounts: list[FoundAmount] = []
        self.dates: list[FoundDate] = []
        self.references: list[FoundReference] = []
        self.cards: list[FoundCard] = []


def found_in(text: str, *, today: date, language: str = "en", product: str | None = None) -> Found:
    """Amounts, dates, references and cards of a text, with the places where they stand in it.

    Never raises; reads the first TEXT_LIMIT_CHARACTERS, in time linear in them. `today` is the customer's day (1950
    or later), from which "yesterday" counts; `language` is that of the text (ISO 639-1), and settles "05/06"; `product`
    is the name the dispute was filed with. Nothing is compared with the dispute's own fields: a person takes it up.
    """
    text, language = text[:TEXT_LIMIT_CHARACTERS], language.partition("-")[0]
    gathered = _Gathered()
    if any(map(text.__contains__, _DIGITS)):
        _of_numbers(text, gathered, today, language)
    for each in found_by_words(text, today=today, language=language):
        if isinstance(each, FoundDate):
            gathered.dates.append(each)
        else:
            gathered.amounts.append(each)
    return Found(
        amounts=_amounts(gathered.amounts),
        dates=_dates(gathered.dates),
        references=_references(gathered.references),
        cards=tuple(gathered.cards[:CARDS_MAX]),
        products=_mentions(text, product),
    )


def _of_numbers(text: str, gathered: _Gathered, today: date, language: str) -> None:
    past = 0
    for looked_at, token in enumerate(_TOKEN.finditer(text)):
        if looked_at == NUMBERS_MAX:
            break
        if token.start() >= past:
            past = _of_number(text, token, gathered, today, language)


def _of_number(text: str, token: re.Match[str], gathered: _Gathered, today: date, language: str) -> int:
    """Notes what the number is, and says up to where the text is done with."""
    start, end = token.span()
    card = _card(text, start, end)
    if card is not None:
        gathered.cards.append(card)
        return card.end
    day = date_at(text, start, today=today, language=language)
    if day is not None and not (_within_a_number(text, day) and reference_at(text, start, end)):
        gathered.dates.append(day)
        return day.end
    if "-" in token.group() and (both := range_at(text, start)):
        gathered.amounts += both
        return max(both[0].end, both[1].end)
    amount = amount_at(text, start)
    if amount is not None:
        gathered.amounts.append(amount)
        return amount.end
    reference = reference_at(text, start, end)
    if reference is not None:
        gathered.references.append(reference)
        return reference.end
    return end


def _within_a_number(text: str, day: FoundDate) -> bool:
    """Whether a dash or a slash makes more of it than a date: "ORD-2026-11-19-0007"."""
    behind = text[day.end : day.end + 1] in _JOINTS and text[day.end + 1 : day.end + 2].isalnum()
    return behind or (text[day.start - 1 : day.start] in _JOINTS and text[day.start - 2 : day.start - 1].isalnum())


_JOINTS: Final = frozenset("-/")


def _card(text: str, start: int, end: int) -> FoundCard | None:
    letters = text[start - 2 : start] if start >= 2 else ""
    if letters.isalpha() and letters.isascii() and (found := iban_at(text, start - 2)) is not None:
        return found
    return card_at(text, start) if end - start >= 4 else None


def _place(found: FoundAmount | FoundDate | FoundReference) -> tuple[int, int]:
    return found.start, -found.end


def _amounts(found: list[FoundAmount]) -> tuple[FoundAmount, ...]:
    """Without repeats, and without the coins inside a sum that is told in words ("50p" in "ten pounds and 50p")."""
    if len(found) < 2:
        return tuple(found)
    found.sort(key=_place)
    kept: dict[object, FoundAmount] = {}
    past = -1
    for each in found:
        if each.start >= past:
            kept.setdefault((each.value, each.currency or each.candidates), each)
            past = each.end
    return tuple(kept.values())[:AMOUNTS_MAX]


def _dates(found: list[FoundDate]) -> tuple[FoundDate, ...]:
    """Without repeats, and without the month inside a date ("May" in "3rd of May")."""
    found.sort(key=_place)
    kept: dict[tuple[date, date, date | None], FoundDate] = {}
    past = -1
    for each in found:
        if each.start >= past:
            kept.setdefault((each.first, each.last, each.other), each)
            past = each.end
    return tuple(kept.values())[:DATES_MAX]


def _references(found: list[FoundReference]) -> tuple[FoundReference, ...]:
    kept: dict[str, FoundReference] = {}
    for each in found:
        kept.setdefault(each.value, each)
    return tuple(kept.values())[:REFERENCES_MAX]


def _mentions(text: str, product: str | None) -> tuple[FoundMention, ...]:
    """Where the filed product's own name stands, in whatever case."""
    name = (product or "").strip()
    if len(name) < 3 or len(name) > 200:
        return ()
    places = re.finditer(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text, re.IGNORECASE)
    return tuple(
        FoundMention(place.start(), place.end(), place.group())
        for place, _ in zip(places, range(MENTIONS_MAX), strict=False)
    )
