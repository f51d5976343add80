"""Deadlines as pure functions: from a clock's rule, its start, its pauses and its extensions to the instant it is due."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from shared.domain.calendar import Calendar
from shared.domain.clock_run import Moment, Moments, Run, run
from shared.domain.clock_spec import DUE, ClockSpec, Extension, Pause
from shared.domain.walltime import as_utc

__all__ = [
    "DUE",
    "ClockSpec",
    "Extension",
    "Moment",
    "Moments",
    "Pause",
    "Run",
    "due_at",
    "fraction_elapsed",
    "kept",
    "moments",
    "next_moment",
    "remaining",
    "run",
]


def due_at(
    spec: ClockSpec,
    calendar: Calendar,
    *,
    started_at: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
) -> datetime | None:
    """The UTC instant the clock is due; None while an open pause holds it back and no cap ends it."""
    return run(spec, calendar, started_at=started_at, pauses=pauses, extensions=extensions).due


def moments(
    spec: ClockSpec,
    calendar: Calendar,
    *,
    started_at: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
) -> Moments:
    """The instants of the clock's warnings and of its due."""
    clock = run(spec, calendar, started_at=started_at, pauses=pauses, extensions=extensions)
    return clock.moments(spec.warn_at)


def next_moment(
    spec: ClockSpec,
    calendar: Calendar,
    *,
    started_at: datetime,
    fired: Collection[float],
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
) -> Moment | None:
    """The earliest warning or due whose fraction has not fired; None when all have, or when a pause holds the rest."""
    clock = run(spec, calendar, started_at=started_at, pauses=pauses, extensions=extensions)
    for fraction in spec.warn_at:
        if fraction not in fired:
            at = clock.reached(clock.budget * fraction)
            if at is not None:
                return Moment(fraction, at)
    return None if clock.due is None or DUE in fired else Moment(DUE, clock.due)


def remaining(
    spec: ClockSpec,
    calendar: Calendar,
    *,
    started_at: datetime,
    now: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
) -> timedelta:
    """Counted time still to go at `now`, in the clock's own counting; negative once overdue."""
    clock = run(spec, calendar, started_at=started_at, pauses=pauses, extensions=extensions)
    return clock.remaining(as_utc(now, "now"))


def fraction_elapsed(
    spec: ClockSpec,
    calendar: Calendar,
    *,
    started_at: datetime,
    now: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
) -> float:
    """The share of the counted time that has passed: 0.0 at start, 1.0 at due, more when overdue."""
    clock = run(spec, calendar, started_at=started_at, pauses=pauses, extensions=extensions)
    now = as_utc(now, "now")
    if not clock.budget:
        return DUE if clock.due is not None and now >= clock.due else 0.0
    return 1.0 - clock.remaining(now) / clock.budget


def kept(
    spec: ClockSpec,
    calendar: Calendar,
    *,
    started_at: datetime,
    stopped_at: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
) -> bool:
    """Whether what the clock watched was done in time: at the due instant still is, and during an open pause too."""
    due = due_at(spec, calendar, started_at=started_at, pauses=pauses, extensions=extensions)
    return due is None or as_utc(stopped_at, "stopped_at") <= due
