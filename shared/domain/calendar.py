"""Working time: several spans a day, holidays and exception days, in one time zone, exact when the clocks change."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from shared.domain.errors import CannotPromise, InvalidValue
from shared.domain.open_year import NOTHING, Hours, Interval, OpenYear, check_hours, join, lay_out
from shared.domain.walltime import as_utc, zone_named

ALL_DAY: Final[Hours] = ((time.min, time.min),)
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_YEARS_AHEAD: Final = 10  # a promise further away than this is no promise
_YEARS_BETWEEN: Final = 60  # the longest history worth counting
_YEARS_KEPT: Final = 64  # laid-out years held by one calendar, about 50 kB each


@dataclass(frozen=True, eq=False, slots=True)
class Calendar:
    """When a desk counts time. `weekly` maps 0 (Monday) to 6; `exceptions` wins over `holidays` wins over `weekly`.

    `holiday_years` are the first and last year whose holidays are known; `version` is a digest of the content, and two
    calendars are equal when name and version are. Raises InvalidValue for overlapping spans or an unknown zone.
    """

    name: str
    zone: str
    weekly: Mapping[int, Hours]
    holidays: Mapping[date, str] = field(default_factory=dict)
    exceptions: Mapping[date, Hours] = field(default_factory=dict)
    holiday_years: tuple[int, int] | None = None
    version: str = field(init=False)
    tz: ZoneInfo = field(init=False, repr=False)
    _years: dict[int, OpenYear] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for weekday, hours in self.weekly.items():
            if not 0 <= weekday <= 6:
                raise InvalidValue("/weekly", f"A weekday is 0 (Monday) to 6 (Sunday), not {weekday}.")
            check_hours(hours, f"/weekly/{WEEKDAYS[weekday]}")
        for day, hours in self.exceptions.items():
            check_hours(hours, f"/exceptions/{day}")
        object.__setattr__(self, "tz", zone_named(self.zone))
        for name in ("weekly", "holidays", "exceptions"):
            object.__setattr__(self, name, MappingProxyType(dict(sorted(getattr(self, name).items()))))
        content = (self.zone, *(dict(part) for part in (self.weekly, self.holidays, self.exceptions)))
        object.__setattr__(self, "version", sha256(repr(content).encode()).hexdigest()[:12])

    @classmethod
    def always(cls, zone: str = "UTC", name: str = "always") -> "Calendar":
        """Every hour of every day counts; the zone only says where a day ends."""
        return cls(name=name, zone=zone, weekly=dict.fromkeys(range(7), ALL_DAY))

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Calendar) and (self.name, self.version) == (other.name, other.version)

    def hours_on(self, day: date) -> Hours:
        """The local spans of a day; empty when it is closed."""
        if day in self.exceptions:
            return self.exceptions[day]
        return () if day in self.holidays else self.weekly.get(day.weekday(), ())

    def holiday_on(self, day: date) -> str | None:
        """The name of the holiday that closes this day, if one does."""
        return None if day in self.exceptions else self.holidays.get(day)

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(self.tz).date()

    def spans(self, start: datetime, end: datetime) -> tuple[Interval, ...]:
        """The counted UTC intervals of a window, in order, touching ones joined; none when end is not after start."""
        start, end = as_utc(start, "start"), as_utc(end, "end")
        if end <= start:
            return ()
        found: list[Interval] = []
        for year in self._years_over(start, end):
            found.extend(year.within(start, end))
        return tuple(join(found))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Counted time from start to end; zero when end is not after start."""
        start, end = as_utc(start, "start"), as_utc(end, "end")
        if end <= start:
            return NOTHING
        known = self._years.get(start.year)
        if known is not None and start.year == end.year and not (_may_be_last_year(start) or _may_be_next_year(end)):
            return known.before(end) - known.before(start)
        counted = NOTHING
        for year in self._years_over(start, end):
            counted += year.before(end) - year.before(start)
        return counted

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The first instant by which `amount` of counted time has passed since start.

        InvalidValue for a negative amount; CannotPromise when ten years hold less counted time than that.
        """
        start = as_utc(start, "start")
        if amount <= NOTHING:
            if amount < NOTHING:
                raise InvalidValue("/amount", "Only time ahead can be counted; the amount is negative.")
            return start
        known = self._years.get(start.year)
        if known is not None and not _may_be_last_year(start):
            wanted = known.before(start) + amount
            if wanted <= known.counted[-1]:
                return known.reached(wanted)
        left = amount
        for number in self._years_from(start):
            year = self._year(number)
            passed = year.before(start)
            if left <= year.total - passed:
                return year.reached(left + passed)
            left -= year.total - passed
        raise CannotPromise(f"Calendar {self.name} has less than {amount} of working time in {_YEARS_AHEAD} years.")

    def add_days(self, start: datetime, days: int, *, count_receipt_day: bool = False) -> datetime:
        """The close of the nth working day after the local day of start, whatever the hour of start.

        With `count_receipt_day` that day is the first of them, provided it is a working day not yet closed at start.
        InvalidValue below one day; CannotPromise when ten years hold fewer working days.
        """
        if days < 1:
            raise InvalidValue("/days", f"A deadline is at least one working day away, not {days}.")
        start = as_utc(start, "start")
        today = self.local_day(start)
        for number in range(today.year, today.year + _YEARS_AHEAD + 1):
            year = self._year(number)
            first = bisect_right(year.days, today)
            if count_receipt_day and first and year.days[first - 1] == today and start < year.closes[first - 1]:
                first -= 1
            if first + days <= len(year.days):
                return year.closes[first + days - 1]
            days -= len(year.days) - first
        raise CannotPromise(f"Calendar {self.name} lacks {days} of the working days asked for in {_YEARS_AHEAD} years.")

    def next_open(self, moment: datetime) -> datetime:
        """The moment itself when time counts then, else the next opening; CannotPromise when ten years have none."""
        moment = as_utc(moment, "moment")
        for number in self._years_from(moment):
            year = self._year(number)
            index = bisect_right(year.ends, moment)
            if index < len(year.ends):
                return max(year.starts[index], moment)
        raise CannotPromise(f"Calendar {self.name} does not open within {_YEARS_AHEAD} years.")

    def working_days(self, start: datetime, end: datetime) -> int:
        """The number of local days with counted time from the day of start to the day of end, both included."""
        first, last = self.local_day(start), self.local_day(end)
        years = (self._year(number) for number in range(first.year, last.year + 1))
        return sum(bisect_right(year.days, last) - bisect_left(year.days, first) for year in years)

    def _years_from(self, start: datetime) -> range:
        first = start.year - _may_be_last_year(start)
        return range(first, first + _YEARS_AHEAD + 1)

    def _years_over(self, start: datetime, end: datetime) -> Iterator[OpenYear]:
        first, last = start.year - _may_be_last_year(start), end.year + _may_be_next_year(end)
        if last - first > _YEARS_BETWEEN:
            raise InvalidValue("/end", f"Time is counted over at most {_YEARS_BETWEEN} years.")
        return (self._year(number) for number in range(first, last + 1))

    def _year(self, number: int) -> OpenYear:
        year = self._years.get(number)
        if year is None:
            if len(self._years) >= _YEARS_KEPT:
                self._years.clear()
            year = self._years[number] = lay_out(number, self.tz, self.hours_on)
        return year


def _may_be_last_year(moment: datetime) -> bool:
    """West of Greenwich the first hours of a UTC year still belong to the local year before."""
    return moment.month == 1 and moment.day == 1


def _may_be_next_year(moment: datetime) -> bool:
    """East of Greenwich the last hours of a UTC year belong to the local year after."""
    return moment.month == 12 and moment.day == 31
