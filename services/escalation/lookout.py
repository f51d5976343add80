"""Where a look for due timers begins, so that it does not walk over what fired long ago and is not yet vacuumed.

A timer is never set for the past of the transaction that sets it, and that transaction is short. So a look that begins a
little below the earliest timer sees nearly all; one that begins further below, every few seconds, sees what a slow
transaction left, and one from the beginning of time is for what nobody thought of.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.db import timers
from shared.db.engine import Database

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
NEAR: Final = timedelta(seconds=2)
"""How far below the earliest timer an ordinary look begins; most transactions commit within a fraction of it."""
FAR: Final = timedelta(seconds=60)
"""The same of a wide look: four times as long as a transaction may stand still."""
WIDE_EVERY_SECONDS: Final = 5.0
UNBOUNDED_EVERY_SECONDS: Final = 30.0


class Lookout:
    """Looks for the earliest timer and remembers from where on there can be any; one for each sweep."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._near = self._far = LONG_AGO
        self._wide_at = self._unbounded_at = -UNBOUNDED_EVERY_SECONDS
        self.low = LONG_AGO
        """Where the last look began: what it saw is found from here on."""

    async def look(self) -> timedelta | None:
        """In how long the earliest timer is due, below zero when it is overdue; None when none is armed."""
        self.low = low = self._from()
        async with self._database.look() as look:
            now, earliest = await timers.look(look, low)
        self._looked(low)
        least = now if earliest is None else min(earliest, now)
        self._near, self._far = least - NEAR, least - FAR
        return None if earliest is None else earliest - now

    @property
    def overdue(self) -> bool:
        """Whether the next look is to be a wide one, which must not wait for an end of the work."""
        return self._clock() - self._wide_at >= WIDE_EVERY_SECONDS

    def widen(self) -> None:
        """The next look is a wide one: a transaction of this process has just set a timer that is soon due."""
        self._wide_at = -UNBOUNDED_EVERY_SECONDS

    def _from(self) -> datetime:
        now = self._clock()
        if now - self._unbounded_at >= UNBOUNDED_EVERY_SECONDS:
            return LONG_AGO
        return self._far if self.overdue else self._near

    def _looked(self, low: datetime) -> None:
        if low == LONG_AGO:
            self._unbounded_at = self._clock()
        if low <= self._far:
            self._wide_at = self._clock()
