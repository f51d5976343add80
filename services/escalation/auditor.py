"""The engine watched: is it punctual, is anything stuck, has any open dispute lost its timer? What is lost is healed."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from services.escalation.figures import Figures
from services.escalation.handlers import Handlers
from services.escalation.lookout import LONG_AGO
from services.escalation.sweep import HEARTBEAT
from shared.db import heartbeats, open_disputes, outbox, timers
from shared.db.engine import Database, Tx
from shared.db.faults import is_away, may_be_away
from shared.runtime.health import CheckFailedError
from shared.runtime.logs import logger

log = logger(__name__)

HEALED_AT_ONCE_MAX: Final = 200


class Auditor:
    """Looks at the engine from outside, by the database's clock alone."""

    def __init__(
        self, database: Database, handlers: Handlers, figures: Figures, *, batch: int, stalled: timedelta
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._figures = figures
        self._batch = batch
        self._stalled = stalled
        self._from = open_disputes.FIRST

    async def round(self) -> bool:
        """One audit: measures, then heals what it found lost. Never more than a bounded slice."""
        async with self._database.transaction() as tx:
            await self._measure(tx)
            found = await open_disputes.lost_in_slice(tx, self._from, self._batch)
            recent = await open_disputes.lost_recently(tx, self._batch)
        self._from = found.next_from
        lost = list(dict.fromkeys((*recent, *found.lost)))
        left = 0
        for first in range(0, len(lost), HEALED_AT_ONCE_MAX):
            left += await self._heal(lost[first : first + HEALED_AT_ONCE_MAX])
        self._figures.orphans.set(left)
        return False

    async def check(self) -> str:
        """A readiness check: the engine beats, and no timer is long overdue.

        Raises:
            CheckFailedError: the engine has stalled.
        """
        async with self._database.transaction() as tx:
            age = await heartbeats.age(tx, HEARTBEAT)
            overdue = await _overdue(tx)
        if age is None or age > self._stalled:
            raise CheckFailedError("the escalation engine has not finished a round lately")
        if overdue > self._stalled:
            raise CheckFailedError(f"a timer is {overdue.total_seconds():.0f} s overdue")
        return "on time"

    async def _measure(self, tx: Tx) -> None:
        common = self._figures.common
        common.timers_oldest_overdue_seconds.set((await _overdue(tx)).total_seconds())
        age = await heartbeats.age(tx, HEARTBEAT)
        common.engine_heartbeat_age_seconds.set((age or timedelta()).total_seconds())
        pending, oldest = await outbox.backlog(tx)
        common.outbox_pending.set(pending)
        common.outbox_oldest_seconds.set(oldest.total_seconds())
        self._figures.parked.set(await timers.failing(tx))

    async def _heal(self, lost: list[UUID]) -> int:
        """Gives them what they are owed, together, or each alone when one fails; returns how many could not be."""
        try:
            return await self._healed(lost)
        except Exception as error:
            if is_away(error) or may_be_away(error):
                raise
            if len(lost) == 1:
                log.exception("orphan_not_healed", dispute_id=str(lost[0]), reason=type(error).__name__)
                self._figures.failed(error)
                return 1
        return sum([await self._heal([each]) for each in lost])

    async def _healed(self, lost: list[UUID]) -> int:
        async with self._database.transaction() as tx:
            decided = await self._handlers.attend(tx, dict.fromkeys(lost), rearm=True)
        healed = [each for each in decided if any(each.timers.values()) or each.dispute.handler != each.before.handler]
        self._figures.healed.inc(len(healed))
        if healed:
            log.warning("orphans_healed", count=len(healed), dispute_ids=[str(each.before.id) for each in healed[:20]])
        return len(decided) - len(healed)


async def _overdue(tx: Tx) -> timedelta:
    earliest = await timers.next_due(tx, LONG_AGO)
    return max(tx.now - earliest, timedelta()) if earliest is not None else timedelta()
