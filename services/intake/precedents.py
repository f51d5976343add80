"""Keeps the index of decided disputes in step, behind the door: what was decided, corrected, opened again or erased."""

from datetime import timedelta
from typing import Final

from shared.db import heartbeats
from shared.db.engine import Database
from shared.db.faults import RAISED_BY_DATABASE
from shared.db.precedent_index import keep_up, sample_words
from shared.db.precedents import SAMPLED
from shared.runtime.loops import Pace, every
from shared.runtime.stop import Stop

SLICE: Final = 200
"""Disputes looked at in one transaction."""
SAMPLED_EVERY: Final = timedelta(hours=1)
SAMPLED_SOON: Final = timedelta(minutes=5)
"""After a round that found work: while there is little to look at, frequencies change fast."""
_PACE: Final = Pace(seconds=2)


class PrecedentKeeper:
    """Follows what is due a slice at a time; of several processes one is at it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, stop: Stop) -> None:
        """Keeps up until the stop; a database that is away is tried again."""
        await every(self.round, stop, pace=_PACE, name="intake_precedents", retry_on=RAISED_BY_DATABASE)

    async def round(self) -> bool:
        """One slice; True when more is waiting. The words are counted anew when nothing is, or every hour."""
        async with self._database.transaction() as tx:
            more = await keep_up(tx, SLICE) == SLICE
            age = await heartbeats.age(tx, SAMPLED)
        if age is None or age > (SAMPLED_EVERY if more else SAMPLED_SOON):
            async with self._database.transaction() as tx:
                await sample_words(tx)
        return more
