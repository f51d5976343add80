"""Experts called by thresholds, once for each dispute and threshold, before things go wrong."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from services.escalation.deciding import ACTOR, Decided
from services.escalation.telling import text
from shared.db import experts, messages
from shared.db.engine import Tx
from shared.db.experts import ExpertRequest
from shared.db.messages import Message
from shared.domain.calendar import Calendar
from shared.domain.errors import RecourseError
from shared.domain.escalation import Case, experts_called
from shared.domain.experts import times
from shared.domain.matrix import Matrix, Threshold
from shared.messages.events import MessageAdded
from shared.messages.expert_events import ExpertAsked
from shared.runtime.ids import new_id
from shared.runtime.logs import logger

log = logger(__name__)


class Calling(NamedTuple):
    """A dispute as decided on, and what its thresholds are judged by."""

    decided: Decided
    matrix: Matrix
    breach_risk: float | None

    def thresholds(self, tx: Tx) -> Sequence[Threshold]:
        """Those that hold and call an expert."""
        if not self.matrix.calling:
            return ()
        return experts_called(Case(self.decided.dispute, self.matrix, tx.now, breach_risk=self.breach_risk))


async def call(tx: Tx, callings: Sequence[Calling], calendars: Mapping[str, Calendar]) -> None:
    """Asks the desks that thresholds call, and adds to the histories; without such thresholds nothing is read."""
    holding = [(each, threshold) for each in callings for threshold in each.thresholds(tx)]
    if not holding:
        return
    known = await experts.called(tx, {each.decided.before.id for each, _ in holding})
    for each, threshold in holding:
        if (each.decided.before.id, threshold.name) not in known:
            await _call(tx, each, threshold, calendars)


async def _call(tx: Tx, calling: Calling, threshold: Threshold, calendars: Mapping[str, Calendar]) -> None:
    dispute = calling.decided.before
    desk = calling.matrix.experts.get(threshold.call_expert or "")
    if desk is None:
        log.warning("expert_desk_gone", dispute_id=str(dispute.id), desk=threshold.call_expert)
        return
    question_id = new_id()
    try:
        remind_at, due_at = times(desk, tx.now, calendars)
        request = ExpertRequest(
            id=new_id(),
            dispute_id=dispute.id,
            desk=desk.name,
            threshold=threshold.name,
            asked_by=ACTOR,
            question_id=question_id,
            asked_at=tx.now,
            due_at=due_at,
            next_at=remind_at or due_at,
        )
        if not await experts.add(tx, request):
            return
    except RecourseError as refused:
        log.warning("expert_not_called", dispute_id=str(dispute.id), desk=desk.name, reason=str(refused))
        return
    await messages.add(tx, _question(dispute.id, question_id, threshold, tx))
    calling.decided.events += [
        MessageAdded(
            message_id=str(question_id),
            direction="out",
            channel="note",
            author="system",
            internal=True,
            automatic=True,
        ),
        ExpertAsked(
            request_id=str(request.id),
            desk=desk.name,
            message_id=str(question_id),
            due_at=text(due_at),
            threshold=threshold.name,
        ),
    ]


def _question(dispute_id: UUID, question_id: UUID, threshold: Threshold, tx: Tx) -> Message:
    asked = f"Your advice is asked for because {threshold.because}."
    return Message(
        id=question_id,
        dispute_id=dispute_id,
        direction="out",
        channel="note",
        author="system",
        author_name=None,
        body=asked,
        internal=True,
        automatic=True,
        inbound_delivery_id=None,
        created_at=tx.now,
    )
