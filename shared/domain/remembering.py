"""A calendar that remembers what it counted: for telling many stories, which ask the same of it again and again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.domain.calendar import Calendar

REMEMBERED_MAX: Final = 8192
"""Answers of each kind that one calendar keeps; then it forgets them all and begins again."""


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


def remembering(calendars: Mapping[str, Calendar]) -> dict[str, Calendar]:
    """Copies of these calendars that remember."""
    return {name: _copy(calendar) for name, calendar in calendars.items()}


def _copy(calendar: Calendar) -> Calendar:
    return Remembering(
        name=calendar.name,
        zone=calendar.zone,
        weekly=calendar.weekly,
        holidays=calendar.holidays,
        exceptions=calendar.exceptions,
        holiday_years=calendar.holiday_years,
    )


def _make_room(known: dict[tuple[datetime, datetime], timedelta] | dict[tuple[datetime, timedelta], datetime]) -> None:
    if len(known) >= REMEMBERED_MAX:
        known.clear()
