"""What a choice of handler rests on beside the matrix: everybody's open disputes, and who is around a dispute."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

from shared.db import assignments
from shared.db.assignments import Around
from shared.db.engine import Tx
from shared.domain.assignment import NO_BENCH, Bench
from shared.domain.calendar import Calendar
from shared.domain.dispute import Dispute
from shared.domain.escalation import climbs
from shared.domain.lifecycle import Stage
from shared.domain.matrix import Matrix

FRESH_SECONDS: Final = 1.0
"""For so long the loads that were read are gone on with, adding what is given out here meanwhile."""
REST: Final = 20
"""Loads are not read again before so many times the time it took have passed."""
_NOBODY: Final = Around()


class Staff:
    """Loads and conflicts for a batch of disputes, read in few statements; none where the matrix makes no use of them."""

    def __init__(self, calendars: Mapping[str, Calendar], clock: Callable[[], float] = time.monotonic) -> None:
        self._calendars = calendars
        self._clock = clock
        self._loads: dict[str, int] = {}
        self._for = 0
        self._until = 0.0

    async def benches(self, tx: Tx, newest: Matrix, disputes: Iterable[Dispute]) -> dict[UUID, Bench]:
        """What is known for each of these disputes that still climbs; one of which nothing is known is not there."""
        climbing = [each for each in disputes if climbs(each)]
        if not newest.particular:
            reviewed = [each for each in climbing if each.stage is Stage.INTERNAL_2]
            around = await assignments.around(tx, reviewed, parties=False) if reviewed else {}
            return {dispute_id: Bench(former=found.former) for dispute_id, found in around.items()}
        if not climbing:
            return {}
        await self._read(tx, newest)
        around = await assignments.around(tx, climbing)
        return {each.id: self._bench(around.get(each.id, _NOBODY)) for each in climbing}

    def took(self, before: str | None, after: str | None) -> None:
        """Counts a dispute that changed hands, so that the next choice knows of it."""
        if before == after:
            return
        if before is not None:
            self._loads[before] = max(self._loads.get(before, 0) - 1, 0)
        if after is not None:
            self._loads[after] = self._loads.get(after, 0) + 1

    def _bench(self, around: Around) -> Bench:
        return Bench(self._loads, self._calendars, around.former, around.involved)

    async def _read(self, tx: Tx, newest: Matrix) -> None:
        began = self._clock()
        if self._for == newest.version and began < self._until:
            return
        self._loads = await assignments.loads(tx, newest.names)
        ended = self._clock()
        self._for, self._until = newest.version, ended + max(FRESH_SECONDS, REST * (ended - began))


def bench_of(benches: Mapping[UUID, Bench], dispute_id: UUID) -> Bench:
    """What is known for a dispute."""
    return benches.get(dispute_id, NO_BENCH)
