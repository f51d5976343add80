"""Reassignments carried out: what somebody who leaves has open is given to others, a slice in each transaction.

How far a reassignment is stands in the same transaction as what it gave away, so that a crash repeats nothing.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.escalation.deciding import Decided
from services.escalation.handlers import Handlers
from shared.db import reassignments
from shared.db.engine import Database, Tx
from shared.db.faults import RAISED_BY_DATABASE, is_away, is_transient, may_be_away
from shared.db.reassignments import FAILURES_KEPT_MAX, Reassignment
from shared.domain.errors import RecourseError
from shared.domain.frozen import altered
from shared.domain.handover import HandOver
from shared.runtime.logs import logger

log = logger(__name__)

SLICE_MAX: Final = 100
"""Disputes locked at once."""


class Reassigner:
    """Takes the oldest reassignment and carries out its next slice. Any number may run; one at a time works."""

    def __init__(self, database: Database, handlers: Handlers, *, batch: int = SLICE_MAX) -> None:
        self._database = database
        self._handlers = handlers
        self._batch = batch

    async def round(self) -> bool:
        """One slice of the oldest reassignment; False when none waits, or another process is at it."""
        async with self._database.transaction() as tx:
            job = await reassignments.take(tx)
            if job is None:
                return False
            ids = await reassignments.next_slice(tx, job, self._batch)
            failures: list[tuple[UUID, str]] = []
            given = await self._give(tx, job, ids, failures)
            await reassignments.keep(tx, _further(tx, job, ids, given, failures, last=len(ids) < self._batch))
        return True

    async def _give(
        self, tx: Tx, job: Reassignment, ids: Sequence[UUID], failures: list[tuple[UUID, str]]
    ) -> list[Decided]:
        """Gives all together, or each alone when one fails; what cannot be given is a failure and stays."""
        wish = HandOver(
            job.to_handler, job.requested_by, of=job.from_handler, reassignment_id=str(job.id), override=False
        )
        try:
            async with tx.conn.begin_nested():
                return await self._handlers.attend(tx, dict.fromkeys(ids), dict.fromkeys(ids, (wish,)))
        except (RecourseError, *RAISED_BY_DATABASE) as error:
            if is_away(error) or is_transient(error) or may_be_away(error):
                raise
            if len(ids) == 1:
                log.warning("dispute_not_reassigned", dispute_id=str(ids[0]), reason=f"{type(error).__name__}: {error}")
                failures.append((ids[0], f"{type(error).__name__}: {error}"[:300]))
                return []
        return [given for each in ids for given in await self._give(tx, job, [each], failures)]


def _further(
    tx: Tx,
    job: Reassignment,
    ids: Sequence[UUID],
    given: Sequence[Decided],
    failures: Sequence[tuple[UUID, str]],
    *,
    last: bool,
) -> Reassignment:
    kept = [each.before for each in given if each.dispute.handler == job.from_handler]
    counts = Counter(job.counts)
    counts["reassigned"] += len(given) - len(kept)
    counts["kept"] += len(kept)
    counts["failed"] += len(failures)
    counts["escalated"] += sum((each.dispute.tier or 0) > (each.before.tier or 0) for each in given)
    stayed = [{"dispute_id": str(each.id), "reason": "nobody else can take it now"} for each in kept]
    failed = [{"dispute_id": str(dispute_id), "reason": reason} for dispute_id, reason in failures]
    return altered(
        job,
        state="done" if last else "running",
        after=ids[-1] if ids else job.after,
        counts=counts,
        failures=[*job.failures, *stayed, *failed][:FAILURES_KEPT_MAX],
        finished_at=tx.now if last else None,
    )
