"""Counts each finished day and week for rising themes, behind the door; of several processes one is at it."""

from typing import Final

from shared.db import theme_counts, theme_periods
from shared.db.engine import Database
from shared.db.faults import RAISED_BY_DATABASE
from shared.runtime.logs import logger
from shared.runtime.loops import Pace, every
from shared.runtime.stop import Stop

log = logger(__name__)

_PACE: Final = Pace(seconds=120, backoff_seconds_max=300)


class ThemeCounter:
    """Follows what is finished, a period a round, and counts again what was filed late."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, stop: Stop) -> None:
        """Counts until the stop; a database that is away is tried again."""
        await every(self.round, stop, pace=_PACE, name="intake_themes", retry_on=RAISED_BY_DATABASE)

    async def round(self) -> bool:
        """One period, counted and judged in one transaction; True when there may be another."""
        async with self._database.transaction() as tx:
            if not await theme_counts.alone(tx):
                return False
            span = await theme_periods.due(tx)
            if span is None:
                await theme_periods.prune(tx)
                return False
            found = await theme_counts.count(tx, span)
        log.info("themes_counted", period=span.period, starts=str(span.starts), themes=len(found))
        return True
