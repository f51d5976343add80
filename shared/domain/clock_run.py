"""One clock worked out: from its rule, start, pauses and extensions to what is counted and when it is due."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from shared.domain.calendar import Calendar
from shared.domain.clock_spec import DUE, ClockSpec, Extension, Pause, merge
from shared.domain.counting import Measure, Rules, counted_by, measure_of
from shared.domain.duration import Duration, parts_of
from shared.domain.errors import InvalidValue
from shared.domain.open_year import NOTHING, Interval
from shared.domain.walltime import as_utc


class Moment(NamedTuple):
    """The instant at which this fraction of the counted time has passed; fraction 1.0 is the due instant."""

    fraction: float
    at: datetime

    @property
    def is_due(self) -> bool:
        return self.fraction >= DUE


class Moments(NamedTuple):
    """The warnings whose instants are known, and the due instant; None while an open pause holds it back."""

    warn: tuple[Moment, ...]
    due: datetime | None


class Run(Struct, frozen=True, gc=False):
    """One clock on its way: the part of the term that decides, how it is counted, and where it ends.

    `budget` is the counted time from start to due, pauses left out; `pauses` are merged and lie after start.
    """

    part: Duration
    measure: Measure
    start: datetime
    pauses: tuple[Pause, ...]
    budget: timedelta
    due: datetime | None
    capped: bool = False

    def counted(self, now: datetime) -> timedelta:
        """Counted time from start to now, pauses left out."""
        if not self.pauses:
            return self.measure.between(self.start, now)
        return sum((self.measure.between(since, until) for since, until in self.stretches(now)), NOTHING)

    def stretches(self, end: datetime) -> list[Interval]:
        """The intervals from start to end during which the clock was not paused."""
        found: list[Interval] = []
        cursor = self.start
        for pause in self.pauses:
            if pause.since >= end:
                break
            found.append((cursor, pause.since))
            if pause.until is None:
                return found
            cursor = pause.until
        if cursor < end:
            found.append((cursor, end))
        return [(since, until) for since, until in found if since < until]

    def reached(self, amount: timedelta) -> datetime | None:
        """The first instant by which this much was counted; None when an open pause comes before it."""
        cursor = self.start
        for pause in self.pauses:
            counted = self.measure.between(cursor, pause.since)
            if counted >= amount:
                break
            amount -= counted
            if pause.until is None:
                return None
            cursor = pause.until
        return self.measure.add(cursor, amount)

    def at(self, fraction: float) -> datetime | None:
        """The instant at which this fraction of the budget has passed; None when an open pause comes before it."""
        amount = self.budget * fraction
        return self.reached(amount) if self.pauses else self.measure.add(self.start, amount)

    def moments(self, warn_at: Iterable[float]) -> Moments:
        """The warnings and the due instant; a warning held back by an open pause is left out."""
        instants = [(fraction, self.at(fraction)) for fraction in warn_at]
        return Moments(tuple(Moment(fraction, at) for fraction, at in instants if at is not None), self.due)

    def remaining(self, now: datetime) -> timedelta:
        """Counted time still to go; below zero, counted on without pauses, once due has passed."""
        if self.due is not None and now >= self.due:
            return -self.measure.between(self.due, now)
        return self.budget - self.counted(now)


def run(
    spec: ClockSpec,
    calendar: Calendar,
    *,
    started_at: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    end: datetime | None = None,
) -> Run:
    """Works the clock out once, for callers that ask several questions of it; the functions below ask one each.

    `end` is a date of the case's own in place of the term, which no cap shortens.

    InvalidValue for naive times or a calendar other than the spec's; CannotPromise for a deadline that never comes.
    """
    if calendar.name != spec.calendar:
        raise InvalidValue("/calendar", f"Clock {spec.kind} counts on {spec.calendar}, not on {calendar.name}.")
    start = as_utc(started_at, "started_at")
    rules = Rules(calendar, spec.billing_cycle, spec.count_receipt_day)
    merged = merge(pauses, after=start) if spec.pausable and pauses else ()
    if isinstance(spec.duration, Duration):
        first = _run_part(spec.duration, rules, start, pauses=merged, extensions=extensions, own=end)
    else:
        parts = parts_of(spec.duration)
        first = min(
            (_run_part(part, rules, start, pauses=merged, extensions=extensions, own=end) for part in parts), key=_ends
        )
    return first if spec.cap is None or end is not None else _capped(first, rules.first_end_of(spec.cap, start))


def _run_part(
    part: Duration,
    rules: Rules,
    start: datetime,
    *,
    pauses: tuple[Pause, ...],
    extensions: Sequence[Extension],
    own: datetime | None,
) -> Run:
    measure = measure_of(part.unit, rules.calendar)
    if not (pauses or extensions) and own is None:
        planned = rules.end_of(part, start)
        budget = counted_by(part)
        return Run(part, measure, start, (), measure.between(start, planned) if budget is None else budget, planned)
    end, fixed = _extended(rules, rules.end_of(part, start) if own is None else own, extensions)
    planned = end if fixed is None else max(end, fixed)
    if not pauses:
        return Run(part, measure, start, (), measure.between(start, planned), planned)
    pushed = _pushed(measure, end, pauses)
    due = None if pushed is None else pushed if fixed is None else max(pushed, fixed)
    return _rebudgeted(Run(part, measure, start, pauses, measure.between(start, planned), due))


def _extended(rules: Rules, end: datetime, extensions: Sequence[Extension]) -> tuple[datetime, datetime | None]:
    """The end that pauses move and, when a date was fixed, the one they do not."""
    fixed: datetime | None = None
    later = Rules(rules.calendar, rules.billing_cycle)  # the day of receipt is over by the time of an extension
    for extension in extensions:
        if isinstance(extension.by, datetime):
            fixed = extension.by if fixed is None else max(fixed, extension.by)
        else:
            end = later.following(extension.by, end)
            fixed = None if fixed is None else later.following(extension.by, fixed)
    return end, fixed


def _pushed(measure: Measure, end: datetime, pauses: tuple[Pause, ...]) -> datetime | None:
    """The end, moved on by the counted time of every pause that begins before it."""
    for pause in pauses:
        if pause.since >= end:
            break
        if pause.until is None:
            return None
        end = measure.add(end, measure.between(pause.since, pause.until))
    return end


def _rebudgeted(clock: Run) -> Run:
    """The counted time up to the due that was found; what was planned stands while the due is not known."""
    if clock.due is None:
        return clock
    return _ending(clock, clock.due, capped=False)


def _capped(clock: Run, latest: datetime) -> Run:
    if clock.due is not None and clock.due <= latest:
        return clock
    return _ending(clock, latest, capped=True)


def _ending(clock: Run, due: datetime, *, capped: bool) -> Run:
    budget = clock.counted(due)
    return Run(clock.part, clock.measure, clock.start, clock.pauses, budget, due, capped=capped)


def _ends(clock: Run) -> tuple[bool, datetime]:
    """Orders clocks by due; of those that wait, the one that had least to go comes first."""
    return (clock.due is None, clock.due or clock.measure.add(clock.start, clock.budget))
