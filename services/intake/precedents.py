"""Keeps the index of decided disputes in step, behind the door: what was decided, corrected, opened again or erased."""

import time
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
"""Disputes looked at in one transaction; a fourth of it after one that failed, twice as many after one that did not."""
SAMPLED_EVERY: Final = timedelta(hours=1)
"""How old the frequencies of words may be when anything changed since."""
SAMPLED_SOON: Final = timedelta(minutes=5)
"""The same when a tenth of the index did."""
_PACE: Final = Pace(seconds=2)


class PrecedentKeeper:
    """Follows what is due a slice at a time; of several processes one is at it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slice = SLICE
        self._followed = 0
        self._known = 0

    async def run(self, stop: Stop) -> None:
        """Keeps up until the stop; a database that is away is tried again."""
        await every(self.round, stop, pace=_PACE, name="intake_precedents", retry_on=RAISED_BY_DATABASE)

    async def round(self) -> bool | float:
        """One slice; when more is waiting, the seconds to rest: as long as it took, two at most, so that filings keep half of the time.

        The words are counted anew when enough of them changed, or an hour went by.
        """
        began = time.monotonic()
        try:
            more, age = await self._follow()
        except RAISED_BY_DATABASE:
            self._slice = max(1, self._slice // 4)  # many long texts on a busy machine may take longer than is allowed
            raise
        if age is None or (self._followed and age > self._patience()):
            await self._sample()
        return time.monotonic() - began if more else False

    async def _follow(self) -> tuple[bool, timedelta | None]:
        async with self._database.transaction() as tx:
            done = await keep_up(tx, self._slice)
            age = await heartbeats.age(tx, SAMPLED)
        more = done == self._slice
        self._followed += done
        self._slice = min(SLICE, self._slice * 2)
        return more, age

    def _patience(self) -> timedelta:
        return SAMPLED_SOON if self._followed * 10 >= self._known else SAMPLED_EVERY

    async def _sample(self) -> None:
        async with self._database.transaction() as tx:
            known = await sample_words(tx)
        if known is not None:
            self._followed, self._known = 0, known
