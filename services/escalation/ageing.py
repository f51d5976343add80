"""Disputes that grew older than a threshold's age while nothing happened to them: judged again, once for each age."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from services.escalation.apart import SetAside, together_or_apart
from services.escalation.handlers import Handlers
from services.escalation.lookout import LONG_AGO
from shared.db import heartbeats, policies
from shared.db.engine import Database, Tx
from shared.db.open_disputes import Aged, Place, aged
from shared.db.policies import Matrices
from shared.domain.errors import PolicyFault
from shared.runtime.logs import logger

log = logger(__name__)

MARK: Final = "escalation.ageing"
"""The heartbeat that says until when every age was judged, so that a restart begins there."""
JUDGED_AT_ONCE_MAX: Final = 200
LOOK_SECONDS: Final = 1.0
"""Between two looks, so that an age is noticed about so long after it was reached; a look is one range of an index for
each age."""
MARK_EVERY_SECONDS: Final = 10.0
"""Between two marks; after a restart so much is judged again, which changes nothing."""
_OVERLAP: Final = timedelta(seconds=1)


class Watch(NamedTuple):
    """One age of one version of the matrix, and the highest tier it may ask for."""

    version: int
    age: timedelta
    to_tier: int


class Ageing:
    """Follows each age through the disputes in the order they were received, a bounded slice at a time."""

    def __init__(self, database: Database, matrices: Matrices, handlers: Handlers, *, batch: int) -> None:
        self._database = database
        self._matrices = matrices
        self._handlers = handlers
        self._batch = batch
        self._places: dict[Watch, Place] = {}
        self._newest = 0
        self._marked_at = -MARK_EVERY_SECONDS
        self._watches: Sequence[Watch] = ()
        self._aside = SetAside()
        self._began = LONG_AGO

    async def round(self) -> bool:
        """One look at every age; True when disputes are left that had reached one. Without ages it costs one query."""
        async with self._database.transaction() as tx:
            await self._look_for_ages(tx)
            self._began = began = tx.now
            watches = [] if self._aside.full else self._watches
            reached = [(watch, await self._reached(tx, watch)) for watch in watches]
        for first in range(0, len(again := self._aside.due(began)), JUDGED_AT_ONCE_MAX):
            await self._judge(again[first : first + JUDGED_AT_ONCE_MAX])
        left = [await self._follow(watch, found, began - watch.age) for watch, found in reached]
        if reached and not any(left) and not self._aside and time.monotonic() - self._marked_at >= MARK_EVERY_SECONDS:
            async with self._database.transaction() as tx:
                # Not now: what reached its age while others were judged is still to be looked for. And not at all while
                # any is set aside: another process must find it again should this one end.
                await heartbeats.beat(tx, MARK, at=began, ages=len(self._watches))
            self._marked_at = time.monotonic()
        return any(left)

    async def _look_for_ages(self, tx: Tx) -> None:
        newest = await policies.current_version(tx)
        if newest == self._newest:
            return
        found: list[Watch] = []
        for version in await policies.versions_with_ages(tx):
            try:
                matrix = await self._matrices.version(tx, version)
            except PolicyFault as fault:
                # Its disputes cannot be decided on either, until the calendar it names is back.
                log.warning("ages_not_followed", version=version, reason=str(fault))
                continue
            found += [Watch(version, age, to_tier) for age, to_tier in matrix.ages().items()]
        begun = await heartbeats.age(tx, MARK)
        for watch in found:
            if watch not in self._places:
                self._places[watch] = Place(_beginning(tx.now, watch, begun, first=not self._newest))
        self._watches, self._newest = found, newest

    async def _reached(self, tx: Tx, watch: Watch) -> Aged:
        return await aged(
            tx,
            self._places[watch],
            tx.now - watch.age,
            version=watch.version,
            below_tier=watch.to_tier,
            limit=self._batch,
        )

    async def _follow(self, watch: Watch, found: Aged, until: datetime) -> bool:
        """Judges a slice of the disputes that have reached the age; True when there are more."""
        for first in range(0, len(found.ids), JUDGED_AT_ONCE_MAX):
            await self._judge(found.ids[first : first + JUDGED_AT_ONCE_MAX])
        # A dispute filed at that very instant may be committed a moment after it was looked for.
        self._places[watch] = Place(until - _OVERLAP) if found.ended else found.next_from
        return not found.ended

    async def _judge(self, ids: Sequence[UUID]) -> None:
        """Together, or each alone when one fails; the one at fault is told and tried again after a while."""
        await together_or_apart(ids, self._attend, self._failed)

    async def _attend(self, ids: Sequence[UUID]) -> None:
        async with self._database.transaction() as tx:
            await self._handlers.attend(tx, dict.fromkeys(ids))
        self._aside.forget(ids)

    async def _failed(self, dispute_id: UUID, error: Exception) -> None:
        log.error("age_not_judged", dispute_id=str(dispute_id), reason=type(error).__name__, exc_info=error)
        self._aside.add(dispute_id, self._began)


def _beginning(now: datetime, watch: Watch, begun: timedelta | None, *, first: bool) -> datetime:
    """Where to begin: a process just started goes on from the mark; a version just put looks at every open dispute."""
    if first and begun is not None:
        return now - begun - watch.age - _OVERLAP
    return LONG_AGO
