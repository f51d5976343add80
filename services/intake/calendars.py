"""The calendars that deadlines are explained by and policies checked against, read when they are first asked for."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from starlette.requests import HTTPConnection

from services.intake.parts import parts_of
from shared.domain.calendar import Calendar
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars

YEARS_BACK: Final = 2
YEARS_AHEAD: Final = 10
"""The same years as the escalation service loads, so that both count the same holidays."""


class CalendarShelf:
    """The calendars of a folder, read once and again when the year changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._year = 0
        self._known: Mapping[str, Calendar] = {}
        self._reading = asyncio.Lock()

    async def get(self, now: datetime) -> Mapping[str, Calendar]:
        """The calendars by name.

        Raises:
            PolicyFault: the folder's files do not hold together.
        """
        if self._year != now.year:
            async with self._reading:
                if self._year != now.year:
                    years = range(now.year - YEARS_BACK, now.year + YEARS_AHEAD)
                    self._known = await asyncio.to_thread(load_calendars, self._folder, years)
                    self._year = now.year
        return self._known


def calendars_of(connection: HTTPConnection) -> CalendarShelf:
    """The calendars of the application that serves this request, its shelf made at the first."""
    state = connection.app.state
    if not hasattr(state, "calendars"):
        state.calendars = CalendarShelf(parts_of(connection).settings.calendars_dir or DEFAULT_CALENDARS)
    shelf: CalendarShelf = state.calendars
    return shelf
