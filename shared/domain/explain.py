"""Why a deadline is when it is: the time counted, the time not counted, and the reason for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from shared.domain.calendar import Calendar
from shared.domain.clock_run import Moment, Run, run
from shared.domain.clock_spec import ClockSpec, Extension, Pause
from shared.domain.walltime import as_utc

_SPANS_SHOWN_MAX: Final = 400  # more would be a table, not an explanation
_ONE_DAY: Final = timedelta(days=1)


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    OVERDUE = "overdue"


class CountedSpan(NamedTuple):
    """One stretch of time that was, or until due will be, counted."""

    since: datetime
    until: datetime
    seconds: float


class PauseCounted(NamedTuple):
    """A pause and what it cost, in the clock's own counting; an open one up to now."""

    since: datetime
    until: datetime | None
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A deadline with everything it follows from; `spans` sum to `budget` whenever `due` is known.

    Times are UTC, to be shown in `calendar.tz`. `holidays` and `closed_days` are those the clock stepped over;
    `holidays_unknown` warns that the deadline lies in a year whose holidays the calendar was not given.
    """

    spec: ClockSpec
    calendar: Calendar
    term: str
    counts_working_time: bool
    started_at: datetime
    now: datetime
    due: datetime | None
    capped: bool
    state: ClockState
    budget: timedelta
    counted: timedelta
    remaining: timedelta
    warn: tuple[Moment, ...]
    spans: tuple[CountedSpan, ...]
    pauses: tuple[PauseCounted, ...]
    pauses_ignored: int
    extensions: tuple[Extension, ...]
    holidays: tuple[tuple[date, str], ...]
    closed_days: int
    holidays_unknown: bool

    def lines(self) -> list[str]:
        """The explanation in plain English sentences, with local times."""
        from shared.domain.explain_words import sentences

        return sentences(self)

    def as_dict(self) -> dict[str, object]:
        """The explanation as JSON values: times ISO 8601 in UTC, durations in seconds, at most 400 spans listed."""
        return {
            "kind": self.spec.kind,
            "term": self.term,
            "state": self.state.value,
            "started_at": self.started_at.isoformat(),
            "due_at": _iso(self.due),
            "now": self.now.isoformat(),
            "counts": "working_time" if self.counts_working_time else "elapsed_time",
            "calendar": {"name": self.calendar.name, "version": self.calendar.version, "zone": self.calendar.zone},
            "budget_seconds": self.budget.total_seconds(),
            "counted_seconds": self.counted.total_seconds(),
            "remaining_seconds": self.remaining.total_seconds(),
            "capped": self.capped,
            "warn": [{"fraction": moment.fraction, "at": moment.at.isoformat()} for moment in self.warn],
            "spans_total": len(self.spans),
            "spans": [
                {"from": span.since.isoformat(), "to": span.until.isoformat(), "seconds": span.seconds}
                for span in self.spans[:_SPANS_SHOWN_MAX]
            ],
            "pausable": self.spec.pausable,
            "pauses": [
                {"from": p.since.isoformat(), "to": _iso(p.until), "reason": p.reason, "seconds": p.seconds}
                for p in self.pauses
            ],
            "pauses_ignored": self.pauses_ignored,
            "extensions": [{"by": _by(extension), "reason": extension.reason} for extension in self.extensions],
            "holidays": [{"date": day.isoformat(), "name": name} for day, name in self.holidays],
            "closed_days": self.closed_days,
            "holidays_unknown": self.holidays_unknown,
            "source": self.spec.source,
            "as_of": self.spec.as_of,
            "lines": self.lines(),
        }


def explain(
    spec: ClockSpec,
    calendar: Calendar,
    *,
    started_at: datetime,
    now: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    end: datetime | None = None,
) -> Explanation:
    """Accounts for one clock as it stands at `now`; raises what `run` raises."""
    clock = run(spec, calendar, started_at=started_at, pauses=pauses, extensions=extensions, end=end)
    now = as_utc(now, "now")
    until = _end_of_account(clock, now)
    works = clock.part.unit.is_business
    skipped = _days_skipped(calendar, clock.start, until) if works else ([], 0)
    return Explanation(
        spec=spec,
        calendar=calendar,
        term=str(spec.duration),
        counts_working_time=works,
        started_at=clock.start,
        now=now,
        due=clock.due,
        capped=clock.capped,
        state=_state(clock, now),
        budget=clock.budget,
        counted=clock.counted(now if clock.due is None else min(now, clock.due)),
        remaining=clock.remaining(now),
        warn=clock.moments(spec.warn_at).warn,
        spans=tuple(_spans(clock, until)),
        pauses=tuple(_pauses(clock, now)),
        pauses_ignored=0 if spec.pausable else len(pauses),
        extensions=tuple(extensions),
        holidays=tuple(skipped[0]),
        closed_days=skipped[1],
        holidays_unknown=works and _holidays_unknown(calendar, clock.start, until),
    )


def _end_of_account(clock: Run, now: datetime) -> datetime:
    """Up to where days are accounted for: the due instant, or what is known while an open pause hides it."""
    return clock.due if clock.due is not None else max(now, clock.pauses[-1].since)


def _state(clock: Run, now: datetime) -> ClockState:
    if clock.due is not None and now >= clock.due:
        return ClockState.OVERDUE
    still = any(pause.since <= now and (pause.until is None or now < pause.until) for pause in clock.pauses)
    return ClockState.PAUSED if still else ClockState.RUNNING


def _spans(clock: Run, end: datetime) -> Iterator[CountedSpan]:
    for since, until in clock.stretches(end):
        for opens, closes in clock.measure.spans(since, until):
            yield CountedSpan(opens, closes, (closes - opens).total_seconds())


def _pauses(clock: Run, now: datetime) -> Iterator[PauseCounted]:
    """The pauses that moved the deadline; one that began only after it did not."""
    for pause in clock.pauses:
        if clock.due is None or pause.since < clock.due:
            length = clock.measure.between(pause.since, pause.until or max(now, pause.since))
            yield PauseCounted(pause.since, pause.until, pause.reason, length.total_seconds())


def _days_skipped(calendar: Calendar, start: datetime, end: datetime) -> tuple[list[tuple[date, str]], int]:
    """The holidays that fell on days otherwise worked, and the number of other days without opening hours."""
    day, last = calendar.local_day(start), calendar.local_day(end)
    holidays: list[tuple[date, str]] = []
    closed = 0
    while day <= last:
        holiday = calendar.holiday_on(day)
        if holiday is not None and calendar.weekly.get(day.weekday()):
            holidays.append((day, holiday))
        elif not calendar.hours_on(day):
            closed += 1
        day += _ONE_DAY
    return holidays, closed


def _holidays_unknown(calendar: Calendar, start: datetime, end: datetime) -> bool:
    if calendar.holiday_years is None:
        return False
    first, last = calendar.holiday_years
    return calendar.local_day(start).year < first or calendar.local_day(end).year > last


def _by(extension: Extension) -> str:
    return extension.by.isoformat() if isinstance(extension.by, datetime) else str(extension.by)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
