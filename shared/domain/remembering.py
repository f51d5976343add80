"""Calendars that remember what was counted on them: for telling many stories, which ask the same again and again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from shared.domain.calendar import Calendar
from shared.domain.clock_record import Clock
from shared.domain.clock_run import Run
from shared.domain.clock_spec import ClockSpec, Extension
from shared.domain.dispute import Wait

REMEMBERED_MAX: Final = 8192
"""Answers of each kind that are kept; then they are forgotten all at once, and it begins again."""

_Known = tuple[int, datetime, tuple[Wait, ...], tuple[Extension, ...]]


class Recalled(Run, frozen=True, gc=False, kw_only=True):
    """A clock worked out that remembers the instants it was asked for."""

    instants: dict[float, datetime | None] = msgspec.field(default_factory=dict)

    def at(self, fraction: float) -> datetime | None:
        """As of any clock worked out."""
        if fraction not in self.instants:
            self.instants[fraction] = Run.at(self, fraction)
        return self.instants[fraction]


class Remembered(dict[str, Calendar]):
    """Calendars by their names that also remember clocks of a matrix: one matrix asks what the other has asked."""

    def __init__(self, calendars: Mapping[str, Calendar]) -> None:
        super().__init__(calendars)
        self._runs: dict[_Known, Run] = {}
        self._rules: dict[ClockSpec, int] = {}
        self._numbers: dict[int, tuple[int, ClockSpec]] = {}

    def run_of(self, clock: Clock, waits: tuple[Wait, ...], anew: Callable[[], Run]) -> Run:
        """The clock as it was worked out before with these waits, else as `anew` works it out, whose errors it raises."""
        spec = clock.promise.spec
        numbered = self._numbers.get(id(spec))
        number = self._numbered(spec) if numbered is None else numbered[0]
        key = number, clock.started_at, waits, clock.extensions
        known = self._runs.get(key)
        if known is None:
            _make_room(self._runs)
            known = self._runs[key] = _recalled(anew())
        return known

    def _numbered(self, spec: ClockSpec) -> int:
        """Equal rules have one number; the rule itself is kept, so that no other can come to lie at its address."""
        if len(self._numbers) >= REMEMBERED_MAX:
            for known in (self._numbers, self._rules, self._runs):
                known.clear()
        number = self._rules.setdefault(spec, len(self._rules))
        self._numbers[id(spec)] = number, spec
        return number


def _recalled(worked_out: Run) -> Run:
    done = worked_out
    return Recalled(done.part, done.measure, done.start, done.pauses, done.budget, done.due, capped=done.capped)


@dataclass(frozen=True, eq=False, slots=True)
class Remembering(Calendar):
    """The same calendar with the same answers. Not for long-lived services: their questions rarely come twice."""

    _counted: dict[tuple[datetime, datetime], timedelta] = field(init=False, repr=False, default_factory=dict)
    _reached: dict[tuple[datetime, timedelta], datetime] = field(init=False, repr=False, default_factory=dict)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """As of any calendar."""
        known = self._counted.get((start, end))
        if known is None:
            _make_room(self._counted)
            known = self._counted[start, end] = Calendar.between(self, start, end)
        return known

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """As of any calendar, with its errors."""
        known = self._reached.get((start, amount))
        if known is None:
            _make_room(self._reached)
            known = self._reached[start, amount] = Calendar.add(self, start, amount)
        return known


def remembering(calendars: Mapping[str, Calendar]) -> Remembered:
    """Copies of these calendars that remember."""
    return Remembered({name: _copy(calendar) for name, calendar in calendars.items()})


def _copy(calendar: Calendar) -> Calendar:
    return Remembering(
        name=calendar.name,
        zone=calendar.zone,
        weekly=calendar.weekly,
        holidays=calendar.holidays,
        exceptions=calendar.exceptions,
        holiday_years=calendar.holiday_years,
    )


def _make_room(known: dict[Any, Any]) -> None:
    if len(known) >= REMEMBERED_MAX:
        known.clear()
