"""One year of a calendar laid out in UTC, so that a deadline costs two binary searches and not a walk over days."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate, pairwise
from typing import Final
from zoneinfo import ZoneInfo

from shared.domain.errors import InvalidValue
from shared.domain.walltime import instant, midnight_after

Hours = tuple[tuple[time, time], ...]
"""The open spans of a day in local wall time; an end of 00:00 is the midnight that ends the day."""

Interval = tuple[datetime, datetime]
"""From, inclusive, to, exclusive; both UTC."""

NOTHING: Final = timedelta(0)
_ONE_DAY: Final = timedelta(days=1)
_EARLIEST_YEAR: Final = 1950
_LATEST_YEAR: Final = 2200


@dataclass(frozen=True, slots=True)
class OpenYear:
    """The open time of one local year; `counted[i]` is the open time before span `i`, the last entry the total."""

    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    counted: tuple[timedelta, ...]
    days: tuple[date, ...]
    closes: tuple[datetime, ...]

    @property
    def total(self) -> timedelta:
        return self.counted[-1]

    def before(self, moment: datetime) -> timedelta:
        """Open time of this year that lies before the moment."""
        index = bisect_right(self.starts, moment)
        if index == 0:
            return NOTHING
        if moment >= self.ends[index - 1]:
            return self.counted[index]
        return self.counted[index - 1] + (moment - self.starts[index - 1])

    def reached(self, amount: timedelta) -> datetime:
        """The first instant by which this much of the year's open time has passed; above zero, at most `total`."""
        index = bisect_left(self.counted, amount)
        return self.ends[index - 1] - (self.counted[index] - amount)

    def within(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """The year's open spans, cut to the window."""
        for index in range(bisect_right(self.ends, start), bisect_left(self.starts, end)):
            yield max(self.starts[index], start), min(self.ends[index], end)


def lay_out(year: int, zone: ZoneInfo, hours_on: Callable[[date], Hours]) -> OpenYear:
    """The year's spans in UTC; InvalidValue for a year that no dispute can have."""
    if not _EARLIEST_YEAR <= year <= _LATEST_YEAR:
        raise InvalidValue("/year", f"Deadlines are counted from {_EARLIEST_YEAR} to {_LATEST_YEAR}, not in {year}.")
    spans: list[Interval] = []
    days: list[date] = []
    closes: list[datetime] = []
    day = date(year, 1, 1)
    while day.year == year:
        opened = _in_utc(day, zone, hours_on(day))
        if opened:
            days.append(day)
            closes.append(opened[-1][1])
            spans.extend(opened)
        day += _ONE_DAY
    merged = join(spans)
    counted = accumulate((end - start for start, end in merged), initial=NOTHING)
    starts, ends = (tuple(side) for side in zip(*merged, strict=True)) if merged else ((), ())
    return OpenYear(starts, ends, tuple(counted), tuple(days), tuple(closes))


def join(spans: list[Interval]) -> list[Interval]:
    """The same time in as few intervals as possible; the spans come in order."""
    joined: list[Interval] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def check_hours(hours: Hours, place: str) -> None:
    """InvalidValue, naming the place, unless every span ends after it starts and the next begins no earlier."""
    for opens, closes in hours:
        if closes <= opens and closes != time.min:
            raise InvalidValue(place, f"The span {_shown(opens, closes)} ends before it starts.")
    for first, second in pairwise(hours):
        if first[1] == time.min or second[0] < first[1]:
            detail = f"{_shown(*second)} overlaps or comes before {_shown(*first)}; list the spans in order."
            raise InvalidValue(place, detail)


def _shown(opens: time, closes: time) -> str:
    return f"{opens:%H:%M}-{'24:00' if closes == time.min else f'{closes:%H:%M}'}"


def _in_utc(day: date, zone: ZoneInfo, hours: Hours) -> list[Interval]:
    """The day's spans; one that the clocks jump over entirely is not there."""
    spans = [
        (instant(day, opens, zone), midnight_after(day, zone) if closes == time.min else instant(day, closes, zone))
        for opens, closes in hours
    ]
    return [(start, end) for start, end in spans if start < end]
