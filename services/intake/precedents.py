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
"""How old the frequencies of words may be when anything changed since."""
SAMPLED_SOON: Final = timedelta(minutes=5)
"""The same when a tenth of the index did."""
_PACE: Final = Pace(seconds=2)


class PrecedentKeeper:
    """Follows what is due a slice at a time; of several processes one is at it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followed = 0
        self._known = 0

    async def run(self, stop: Stop) -> None:
        """Keeps up until the stop; a database that is away is tried again."""
        await every(self.round, stop, pace=_PACE, name="intake_precedents", retry_on=RAISED_BY_DATABASE)

    async def round(self) -> bool:
        """One slice; True when more is waiting. The words are counted anew when enough of them changed, or an hour went by."""
        async with self._database.transaction() as tx:
            done = await keep_up(tx, SLICE)
            age = await heartbeats.age(tx, SAMPLED)
        self._followed += done
        if age is None or (self._followed and age > self._patience()):
            await self._sample()
        return done == SLICE

    def _patience(self) -> timedelta:
        return SAMPLED_SOON if self._followed * 10 >= self._known else SAMPLED_EVERY

    async def _sample(self) -> None:
        async with self._database.transaction() as tx:
            known = await sample_words(tx)
        if known is not None:
            self._followed, self._known = 0, known
