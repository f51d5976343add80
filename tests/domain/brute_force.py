"""Deadlines by walking from minute to minute and asking a wall clock: slow, and so simple that it is plainly right.

It shares no code with the product; from the suite's data it needs the calendar tables and the cases as they are.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FOREVER = datetime.max.replace(tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXACT = {"second": 1, "minute": 60, "hour": 3600}
WORKED = {"business minute": 60, "business hour": 3600}
MONTHS = {"month": 1, "year": 12}
CALENDAR_DAYS = {"calendar day": 1, "week": 7}

Span = tuple[datetime, datetime]


class Desk:
    """A calendar of the suite. Its open spans are found by looking at a wall clock every minute of a day."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table
        self.zone = ZoneInfo(table["zone"])

    def wall(self, moment: datetime) -> datetime:
        """What a clock on the wall shows, without its zone."""
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def first_showing(self, shown: datetime) -> datetime:
        """The first minute at which the wall clock shows this time or a later one."""
        minute = shown.replace(second=0)
        moment = minute.replace(tzinfo=UTC) - 2 * DAY
        while self.wall(moment + 4 * HOUR) < minute:  # far from it yet
            moment += HOUR
        while self.wall(moment) < minute:
            moment += MINUTE
        return moment + timedelta(seconds=shown.second)

    @lru_cache(maxsize=4096)  # noqa: B019 - a handful of desks that live as long as the tests
    def open_spans(self, day: date) -> tuple[Span, ...]:
        """From the first minute that shows an opening to the first that shows its closing."""
        found = []
        for text in self._hours(day):
            opens, closes = text.split("-")
            since = self.first_showing(datetime.combine(day, time.fromisoformat(opens)))
            if closes == "24:00":
                until = self.first_showing(datetime.combine(day + DAY, time.min))
            else:
                until = self.first_showing(datetime.combine(day, time.fromisoformat(closes)))
            if since < until:
                found.append((since, until))
        return tuple(found)

    def _hours(self, day: date) -> list[str]:
        if self.table.get("always"):
            return ["00:00-24:00"]
        if day.isoformat() in self.table.get("exceptions", {}):
            return list(self.table["exceptions"][day.isoformat()])
        if day.isoformat() in self.table.get("holidays", {}):
            return []
        return list(self.table.get(DAYS[day.weekday()], []))

    def days_from(self, start: datetime) -> Iterator[date]:
        day = self.wall(start).date()
        while True:
            yield day
            day += DAY


class Walk:
    """One part of one case's term, counted step by step."""

    def __init__(self, case: Mapping[str, Any], desk: Desk, part: str) -> None:
        self.case, self.desk = case, desk
        self.start: datetime = case["started"]
        self.amount, self.unit, self.to_midnight = parsed(part)
        self.worked = self.unit.startswith("business")
        self.waits = [
            (wait["from"], wait.get("to", FOREVER)) for wait in case.get("pauses", ()) if case.get("pausable")
        ]
        instants = [
            self.start,
            *(at for wait in case.get("pauses", ()) for at in wait.values() if at != wait.get("reason")),
        ]
        self.step = MINUTE if all(at.second == 0 for at in instants) and self.unit != "second" else timedelta(seconds=1)

    def due(self) -> datetime | None:
        """When the counting is over; None when an open pause never lets it be."""
        end = self.end(self.start, self.amount, self.unit, self.to_midnight, self.case.get("count_receipt_day", False))
        dates: list[datetime] = []
        for extension in self.case.get("extensions", ()):
            if "to" in extension:
                dates.append(extension["to"])
            else:
                end = self.following(end, extension["by"])
                dates = [self.following(date, extension["by"]) for date in dates]
        if not any(since < end for since, _ in self.waits):
            return max([end, *dates])
        reached = self.counting(self.steps_to(end), paused=True)
        return None if reached is None else max([reached, *dates])

    def following(self, end: datetime, term: str) -> datetime:
        """Where a term ends that goes on from an end; a midnight is the end of the day before it."""
        amount, unit, to_midnight = parsed(term)
        midnight = self.desk.wall(end).time() == time.min
        from_ = end - MINUTE if midnight and (unit == "business day" or to_midnight) else end
        return self.end(from_, amount, unit, to_midnight, False)

    def end(self, start: datetime, amount: int, unit: str, to_midnight: bool, first_day: bool) -> datetime:  # noqa: FBT001
        """Where the term ends when nothing interferes."""
        if unit in EXACT:
            return start + timedelta(seconds=amount * EXACT[unit])
        if unit in WORKED:
            walk = Walk(
                dict(self.case) | {"started": start, "duration": f"{amount} {unit}"}, self.desk, f"{amount} {unit}"
            )
            ended = walk.counting(amount * WORKED[unit] // int(walk.step.total_seconds()), paused=False)
            assert ended is not None
            return ended
        if unit == "business day":
            return self.nth_closing(start, amount, first_day)
        return self.on_date(start, amount, unit, to_midnight, first_day)

    def nth_closing(self, start: datetime, amount: int, first_day: bool) -> datetime:  # noqa: FBT001
        today = self.desk.wall(start).date()
        for day in self.desk.days_from(start):
            spans = self.desk.open_spans(day)
            if not spans or (day == today and not (first_day and start < spans[-1][1])):
                continue
            amount -= 1
            if amount == 0:
                return spans[-1][1]
        raise AssertionError

    def on_date(self, start: datetime, amount: int, unit: str, to_midnight: bool, first_day: bool) -> datetime:  # noqa: FBT001
        if unit == "billing cycle":
            times, unit, _ = parsed(self.case.get("billing_cycle", "1 month"))
            amount *= times
        shown = self.desk.wall(start)
        day = months_later(shown.date(), amount * MONTHS.get(unit, 0)) + DAY * (amount * CALENDAR_DAYS.get(unit, 0))
        if to_midnight:
            return self.desk.first_showing(datetime.combine(day if first_day else day + DAY, time.min))
        return self.desk.first_showing(datetime.combine(day, shown.time()))

    def steps_to(self, end: datetime) -> int:
        """How many steps are counted from the start to the end when nothing interferes."""
        count = 0
        for at in self.open_steps():
            if at >= end:
                break
            count += 1
        return count

    def counting(self, steps: int, *, paused: bool) -> datetime | None:
        """The end of the nth counted step, those in a pause left out when asked; None when a pause never ends."""
        waits = self.waits if paused else []
        for at in self.open_steps():
            until = max((until for since, until in waits if since <= at < until), default=None)
            if until == FOREVER:
                return None
            if until is None:
                steps -= 1
                if steps <= 0:
                    return at + self.step
        raise AssertionError

    def open_steps(self) -> Iterator[datetime]:
        """The start of every step, from the clock's start on, in which time is counted."""
        if not self.worked:
            at = self.start
            while True:
                yield at
                at += self.step
        for day in self.desk.days_from(self.start - DAY):
            for since, until in self.desk.open_spans(day):
                at = max(since, self.start.astimezone(UTC))
                while at < until:
                    yield at
                    at += self.step


def parsed(term: str) -> tuple[int, str, bool]:
    """The amount, the unit in the singular, and whether it runs on to midnight."""
    found = re.fullmatch(r"(\d+) ([a-z ]+?)s?(, end of day)?", term)
    assert found is not None, term
    return int(found[1]), found[2], found[3] is not None


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    first = day.replace(day=1)
    for _ in range(months):
        first = (first + 31 * DAY).replace(day=1)
    last = ((first + 31 * DAY).replace(day=1) - DAY).day
    return first.replace(day=min(day.day, last))


def due_of(case: Mapping[str, Any], desk: Desk) -> datetime | None:
    """When a case of the suite is due: the first of its parts, the cap at the latest."""
    parts = case["duration"].replace(", whichever first", "").split(" or ")
    found = [due for part in parts if (due := Walk(case, desk, part).due()) is not None]
    if "cap" in case:
        plain = {key: case[key] for key in ("started", "billing_cycle", "count_receipt_day") if key in case}
        caps = case["cap"].replace(", whichever first", "").split(" or ")
        found.extend(due for part in caps if (due := Walk(plain, desk, part).due()) is not None)
    return min(found, default=None)


def counted_share(case: Mapping[str, Any], desk: Desk, due: datetime, fraction: float) -> datetime | None:
    """When so large a share of the steps up to a single-part term's due has been counted; None off the grid."""
    walk = Walk(case, desk, case["duration"])
    budget = 0
    for at in walk.open_steps():
        if at >= due:
            break
        budget += not any(since <= at < until for since, until in walk.waits)
    share = budget * Fraction(str(fraction))
    return None if share.denominator != 1 or not share else walk.counting(int(share), paused=True)
