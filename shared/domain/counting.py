"""How a unit of time is counted on a calendar: where it ends, and what passes meanwhile."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from msgspec import Struct

from shared.domain.calendar import Calendar
from shared.domain.duration import BUSINESS, Duration, Term, Unit, add_months, parts_of
from shared.domain.errors import CannotPromise
from shared.domain.open_year import NOTHING, Interval
from shared.domain.walltime import instant, midnight_after

A_MONTH: Final = Duration(1, Unit.MONTH)
_FURTHEST: Final = timedelta(days=366 * 50)  # no dispute outlives this
_TICK: Final = timedelta(microseconds=1)
_MONTHS: Final = {Unit.MONTH: 1, Unit.YEAR: 12}
_DAYS: Final = {Unit.CALENDAR_DAY: 1, Unit.WEEK: 7}
_EXACT: Final = {
    Unit.SECOND: timedelta(seconds=1),
    Unit.MINUTE: timedelta(minutes=1),
    Unit.HOUR: timedelta(hours=1),
    Unit.BUSINESS_MINUTE: timedelta(minutes=1),
    Unit.BUSINESS_HOUR: timedelta(hours=1),
}


class Measure(Protocol):
    """A way of counting time between instants; a Calendar is one."""

    def between(self, start: datetime, end: datetime) -> timedelta: ...
    def add(self, start: datetime, amount: timedelta) -> datetime: ...
    def spans(self, start: datetime, end: datetime) -> tuple[Interval, ...]: ...


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Every second counts, nights and holidays included."""

    def between(self, start: datetime, end: datetime) -> timedelta:
        return max(end - start, NOTHING)

    def add(self, start: datetime, amount: timedelta) -> datetime:
        return start + amount

    def spans(self, start: datetime, end: datetime) -> tuple[Interval, ...]:
        return ((start, end),) if start < end else ()


_ELAPSED: Final = Elapsed()


def measure_of(unit: Unit, calendar: Calendar) -> Measure:
    """Business units are measured in the calendar's working time, all others in elapsed time."""
    return calendar if unit in BUSINESS else _ELAPSED


def counted_by(duration: Duration) -> timedelta | None:
    """The time that passes, as its unit is measured, until the duration has; None where that depends on the date."""
    exact = _EXACT.get(duration.unit)
    return None if exact is None else exact * duration.amount


def day_ended(end: datetime, calendar: Calendar) -> datetime:
    """The instant as one of the day it ends, when it is a midnight of the calendar's zone."""
    return end - _TICK if calendar.local_day(end - _TICK) != calendar.local_day(end) else end


class Rules(Struct, frozen=True, gc=False):
    """What a duration needs to know beyond its amount; a billing cycle lasts a calendar month unless told."""

    calendar: Calendar
    billing_cycle: Duration = A_MONTH
    count_receipt_day: bool = False

    def end_of(self, duration: Duration, start: datetime) -> datetime:
        """The UTC instant at which the duration, begun at the UTC instant `start`, has passed; always after start.

        CannotPromise beyond fifty years, or on a calendar that does not open in time.
        """
        if duration.unit is Unit.BUSINESS_DAY:
            return self.calendar.add_days(start, duration.amount, count_receipt_day=self.count_receipt_day)
        amount = counted_by(duration)
        if amount is None:
            return self._date_reached(duration, start)
        if amount > _FURTHEST:
            raise CannotPromise(f"{duration} is too far away to promise.")
        return measure_of(duration.unit, self.calendar).add(start, amount)

    def following(self, duration: Duration, end: datetime) -> datetime:
        """The end of a duration that goes on where another ended; what ended at midnight ended the day before it."""
        whole_days = duration.unit is Unit.BUSINESS_DAY or duration.end_of_day
        return self.end_of(duration, day_ended(end, self.calendar) if whole_days else end)

    def first_end_of(self, term: Term, start: datetime) -> datetime:
        """The end of whichever part of the term ends first."""
        return min(self.end_of(part, start) for part in parts_of(term))

    def _date_reached(self, duration: Duration, start: datetime) -> datetime:
        local = start.astimezone(self.calendar.tz)
        months, days = self._months_and_days(duration)
        if months * 31 + days > _FURTHEST.days:
            raise CannotPromise(f"{duration} is too far away to promise.")
        day = add_months(local.date(), months) + timedelta(days=days)
        if not duration.end_of_day:
            return instant(day, local.time(), self.calendar.tz)
        return midnight_after(day - timedelta(days=self.count_receipt_day), self.calendar.tz)

    def _months_and_days(self, duration: Duration) -> tuple[int, int]:
        step = self.billing_cycle if duration.unit is Unit.BILLING_CYCLE else Duration(1, duration.unit)
        units = duration.amount * step.amount
        return units * _MONTHS.get(step.unit, 0), units * _DAYS.get(step.unit, 0)
