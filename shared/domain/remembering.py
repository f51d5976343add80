"""Calendars that remember the clocks worked out on them: for telling many stories, which ask the same again and again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from shared.domain.calendar import Calendar
from shared.domain.clock_record import Clock
from shared.domain.clock_run import Run
from shared.domain.clock_spec import ClockSpec, Extension
from shared.domain.dispute import Wait

REMEMBERED_MAX: Final = 8192
"""Clocks, and rules of clocks, that are kept; then they are forgotten all at once, and it begins again."""

_Known = tuple[int, datetime, tuple[Wait, ...], tuple[Extension, ...]]


class Recalled(Run, frozen=True, gc=False, kw_only=True):
    """A clock worked out that remembers the instants it was asked for."""

    instants: dict[float, datetime | None] = msgspec.field(default_factory=dict)

    def at(self, fraction: float) -> datetime | None:
        """As of any clock worked out."""
        instants = self.instants
        if fraction in instants:
            return instants[fraction]
        at = instants[fraction] = Run.at(self, fraction)
        return at


class Remembered(dict[str, Calendar]):
    """Calendars by their names that also remember clocks of a matrix: one matrix asks what the other has asked."""

    def __init__(self, calendars: Mapping[str, Calendar]) -> None:
        super().__init__(calendars)
        self._runs: dict[_Known, Run] = {}
        self._rules: dict[ClockSpec, int] = {}
        self._numbers: dict[int, tuple[int, ClockSpec]] = {}
        self._asked: _Known

    def known(self, clock: Clock, waits: tuple[Wait, ...]) -> Run | None:
        """The clock as it was worked out before with these waits; if it was not, the caller keeps what it works out."""
        spec = clock.promise.spec
        numbered = self._numbers.get(id(spec))
        number = self._numbered(spec) if numbered is None else numbered[0]
        self._asked = key = number, clock.started_at, waits, clock.extensions
        return self._runs.get(key)

    def keep(self, worked_out: Run) -> Run:
        """Remembers what the clock asked for last was found to be."""
        _make_room(self._runs)
        run = self._runs[self._asked] = _recalled(worked_out)
        return run

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


def remembering(calendars: Mapping[str, Calendar]) -> Remembered:
    """These calendars, remembering."""
    return Remembered(calendars)


def _make_room(known: dict[Any, Any]) -> None:
    if len(known) >= REMEMBERED_MAX:
        known.clear()
