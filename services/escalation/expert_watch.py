"""Questions to experts watched: a reminder on the way, and once overdue they are told and the dispute goes a tier up."""

from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

from services.escalation.apart import together_or_apart
from services.escalation.deciding import ACTOR
from services.escalation.handlers import Handlers
from services.escalation.telling import text
from shared.db import disputes, experts
from shared.db.disputes import Change
from shared.db.engine import Database, Tx
from shared.db.experts import ExpertRequest
from shared.domain.dispute import Dispute
from shared.domain.escalation import Asked, climbs
from shared.domain.experts import RequestState
from shared.domain.frozen import altered
from shared.messages.events import Event
from shared.messages.expert_events import ExpertAsked, ExpertOverdue, ExpertWithdrawn
from shared.runtime.logs import logger

log = logger(__name__)

BATCH_MAX: Final = 100


class ExpertWatch:
    """Takes the questions whose moment has come. Any number may run at once; each skips what another holds."""

    def __init__(self, database: Database, handlers: Handlers, *, batch: int = BATCH_MAX) -> None:
        self._database = database
        self._handlers = handlers
        self._batch = batch

    async def round(self) -> bool:
        """One batch in one transaction; True when there may be more. Nothing due is one look at an index."""
        async with self._database.transaction() as tx:
            due = await experts.take_due(tx, self._batch)
            await together_or_apart(due, partial(self._deal_with, tx), partial(_put_off, tx))
        return len(due) == self._batch

    async def _deal_with(self, tx: Tx, due: Sequence[ExpertRequest]) -> None:
        async with tx.conn.begin_nested():
            await self._decide(tx, due)

    async def _decide(self, tx: Tx, due: Sequence[ExpertRequest]) -> None:
        locked = await disputes.lock_many(tx, {each.dispute_id for each in due})
        events: dict[UUID, list[Event]] = {}
        climbing: dict[UUID, tuple[Asked, ...]] = {}
        for request in due:
            dispute = locked[request.dispute_id]
            after, event = _moved(request, dispute, tx)
            await experts.keep(tx, after)
            events.setdefault(dispute.id, []).append(event)
            if isinstance(event, ExpertOverdue) and dispute.tier and climbs(dispute):
                # The tier above that of now: several questions found overdue together climb once.
                because = f"the experts of {request.desk} did not answer in time"
                climbing[dispute.id] = (Asked(dispute.tier + 1, because),)
        changes = [Change(locked[each], locked[each], tuple(told), ACTOR) for each, told in events.items()]
        await disputes.save_many(tx, changes)
        if climbing:
            await self._handlers.attend(tx, dict.fromkeys(climbing), climbing)


async def _put_off(tx: Tx, request: ExpertRequest, error: Exception) -> None:
    log.error("expert_request_failed", request_id=str(request.id), reason=type(error).__name__, exc_info=error)
    await experts.put_off(tx, request)


def _moved(request: ExpertRequest, dispute: Dispute, tx: Tx) -> tuple[ExpertRequest, Event]:
    """What becomes of an open question whose moment has come, and how it is told."""
    name, desk = str(request.id), request.desk
    if not dispute.active:
        over = altered(request, state=RequestState.WITHDRAWN, withdrawn_at=tx.now)
        return over, ExpertWithdrawn(request_id=name, desk=desk, because="dispute_over")
    if request.due_at <= tx.now:
        late = altered(request, state=RequestState.OVERDUE, overdue_at=tx.now)
        due_at, fired_at = text(request.due_at), text(tx.now)
        return late, ExpertOverdue(request_id=name, desk=desk, due_at=due_at, fired_at=fired_at)
    reminded = altered(request, reminders=request.reminders + 1, next_at=request.due_at)
    return reminded, ExpertAsked(
        request_id=name,
        desk=desk,
        message_id=str(request.question_id),
        due_at=text(request.due_at),
        threshold=request.threshold,
        reminder=reminded.reminders,
    )
