"""The engine watched: is it punctual, is anything stuck, has any open dispute lost its timer? What is lost is healed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.escalation.apart import together_or_apart
from services.escalation.figures import Figures
from services.escalation.handlers import Handlers
from services.escalation.lookout import LONG_AGO
from services.escalation.sweep import HEARTBEAT
from shared.db import heartbeats, open_disputes, outbox, timers
from shared.db.engine import Database, Tx
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
        """Gives them what they are owed, and returns how many could not be: the next audit finds those again."""
        left: list[UUID] = []

        async def heal(ids: Sequence[UUID]) -> None:
            left.extend(await self._healed(ids))

        async def failed(dispute_id: UUID, error: Exception) -> None:
            log.error("orphan_not_healed", dispute_id=str(dispute_id), reason=type(error).__name__, exc_info=error)
            self._figures.failed(error)
            left.append(dispute_id)

        await together_or_apart(lost, heal, failed)
        return len(left)

    async def _healed(self, lost: Sequence[UUID]) -> list[UUID]:
        """Those that are owed nothing or could be given nothing."""
        async with self._database.transaction() as tx:
            decided = await self._handlers.attend(tx, dict.fromkeys(lost), rearm=True)
        given = {
            each.before.id: any(each.timers.values()) or each.dispute.handler != each.before.handler for each in decided
        }
        healed = [name for name, something in given.items() if something]
        self._figures.healed.inc(len(healed))
        if healed:
            log.warning("orphans_healed", count=len(healed), dispute_ids=[str(each) for each in healed[:20]])
        return [name for name, something in given.items() if not something]


async def _overdue(tx: Tx) -> timedelta:
    earliest = await timers.next_due(tx, LONG_AGO)
    return max(tx.now - earliest, timedelta()) if earliest is not None else timedelta()
