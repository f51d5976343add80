"""How long a clock runs: `4 business hours`, `3 business days`, `2 billing cycles or 90 calendar days, whichever first`."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.domain.errors import InvalidValue

_AMOUNT_MAX: Final = 1_000_000
_PARTS_MAX: Final = 5
_TEXT_MAX: Final = 200
_END_OF_DAY: Final = ", end of day"
_ONE: Final = re.compile(r"(?P<amount>\d{1,7}) +(?P<unit>[a-z]+(?:[ _][a-z]+)?)(?P<end>, end of day)?")
_WHICHEVER: Final = re.compile(r",? whichever(?: is| comes)?(?: the)? (?:first|earlier|sooner)$")


class Unit(StrEnum):
    """What is counted. Business units count open time; the others count on through nights and holidays."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    BUSINESS_MINUTE = "business_minute"
    BUSINESS_HOUR = "business_hour"
    BUSINESS_DAY = "business_day"
    CALENDAR_DAY = "calendar_day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    BILLING_CYCLE = "billing_cycle"

    @property
    def is_business(self) -> bool:
        return self in BUSINESS

    @property
    def is_date(self) -> bool:
        """True for the units that move the date and keep the wall time, so that 1 calendar day may last 23 hours."""
        return self in _DATES


BUSINESS: Final = frozenset({Unit.BUSINESS_MINUTE, Unit.BUSINESS_HOUR, Unit.BUSINESS_DAY})
_DATES: Final = frozenset({Unit.CALENDAR_DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR, Unit.BILLING_CYCLE})
_UNIT_NAMES: Final = ", ".join(unit.replace("_", " ") for unit in Unit)


@dataclass(frozen=True, slots=True)
class Duration:
    """A whole amount of one unit, 1 to 1,000,000; `end_of_day` runs a date unit on to local midnight."""

    amount: int
    unit: Unit
    end_of_day: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.amount <= _AMOUNT_MAX:
            raise InvalidValue("/duration", f"A duration is 1 to {_AMOUNT_MAX:,} units, not {self.amount}.")
        if self.end_of_day and not self.unit.is_date:
            raise InvalidValue("/duration", f"{self.unit.replace('_', ' ')}s have no end of day; calendar days have.")

    def __str__(self) -> str:
        name = self.unit.replace("_", " ") + ("" if self.amount == 1 else "s")
        return f"{self.amount} {name}{_END_OF_DAY if self.end_of_day else ''}"


@dataclass(frozen=True, slots=True)
class MinOf:
    """Several durations from the same start, of which the first to end decides."""

    parts: tuple[Duration, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.parts) <= _PARTS_MAX:
            raise InvalidValue("/duration", f"Whichever-first compares 2 to {_PARTS_MAX} durations.")

    def __str__(self) -> str:
        return f"{' or '.join(map(str, self.parts))}, whichever first"


Term = Duration | MinOf


def parts_of(term: Term) -> tuple[Duration, ...]:
    """The durations of a term, one or several."""
    return term.parts if isinstance(term, MinOf) else (term,)


def min_of(*parts: Duration) -> MinOf:
    """The term that ends with the first of these."""
    return MinOf(parts)


def parse_term(text: str) -> Term:
    """The term a policy author wrote; InvalidValue, saying what would be understood, for anything else."""
    if len(text) > _TEXT_MAX:
        raise InvalidValue("/duration", f"A duration is at most {_TEXT_MAX} characters.")
    plain = " ".join(text.lower().split())
    bare = _WHICHEVER.sub("", plain)
    parts = tuple(_parse_one(part) for part in bare.split(" or "))
    if (len(parts) > 1) != (bare != plain):
        raise InvalidValue("/duration", f"Write {text!r} as 'A or B, whichever first'.")
    return parts[0] if len(parts) == 1 else MinOf(parts)


def add_months(day: date, months: int) -> date:
    """The same day so many months on, or the last day of that month when it is shorter; InvalidValue past 9999."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        raise InvalidValue("/duration", "The deadline is beyond the calendar.")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _parse_one(text: str) -> Duration:
    found = _ONE.fullmatch(text)
    if found is None:
        raise InvalidValue("/duration", f"{text!r} is not a duration such as '4 business hours' or '15 calendar days'.")
    return Duration(int(found["amount"]), _unit_named(found["unit"]), end_of_day=found["end"] is not None)


def _unit_named(name: str) -> Unit:
    word = name.replace(" ", "_").removesuffix("s")
    if word == "day":
        raise InvalidValue("/duration", "Say 'business days' or 'calendar days'; plain days could mean either.")
    try:
        return Unit(word)
    except ValueError as fault:
        raise InvalidValue("/duration", f"{name!r} is not a unit of time; the units are {_UNIT_NAMES}.") from fault
