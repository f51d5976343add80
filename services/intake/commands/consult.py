"""Consult an expert desk: ask, answer for them, withdraw. The question and the answer are internal messages."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from services.intake.commands.converse import add_message, note
from services.intake.commands.record import record
from shared.db import experts
from shared.db.engine import Tx
from shared.db.experts import ExpertRequest, Shown
from shared.db.keys import Caller
from shared.domain.calendar import Calendar
from shared.domain.dispute import Dispute
from shared.domain.errors import Conflict, InvalidValue
from shared.domain.experts import ExpertDesk, RequestState, desk_for, times
from shared.domain.frozen import altered
from shared.domain.matrix import Matrix
from shared.messages.expert_events import ExpertAnswered, ExpertAsked, ExpertWithdrawn
from shared.runtime.ids import new_id


class Wanted(NamedTuple):
    """Who is asked: a desk by its name, or whichever has the skill and the fewest questions waiting."""

    desk: str | None = None
    skill: str | None = None


async def ask(
    tx: Tx,
    dispute: Dispute,
    matrix: Matrix,
    calendars: Mapping[str, Calendar],
    *,
    wanted: Wanted,
    question: str,
    caller: Caller,
) -> Shown:
    """The question as stored, with its own deadline; the desk is told by mail.

    Raises:
        InvalidValue: the matrix has no such desk, or none of the skill.
        Conflict: the dispute is over, or too many of its questions wait for an answer.
    """
    known = await _desk(tx, matrix, wanted)
    if not dispute.active:
        raise Conflict(f"A dispute that is {dispute.status} asks no experts; reopen it first.")
    remind_at, due_at = times(known, tx.now, calendars)
    dispute, question_id = await add_message(tx, dispute, note(question, caller.name), caller.actor)
    request = ExpertRequest(
        id=new_id(),
        dispute_id=dispute.id,
        desk=known.name,
        threshold=None,
        asked_by=caller.actor,
        question_id=question_id,
        asked_at=tx.now,
        due_at=due_at,
        next_at=remind_at or due_at,
    )
    await experts.add(tx, request)
    told = ExpertAsked(
        request_id=str(request.id),
        desk=known.name,
        message_id=str(question_id),
        due_at=due_at.isoformat().replace("+00:00", "Z"),
        threshold=None,
    )
    await record(tx, dispute, dispute, told, actor=caller.actor)
    return Shown(request, question, None)


async def _desk(tx: Tx, matrix: Matrix, wanted: Wanted) -> ExpertDesk:
    if wanted.skill is None:
        known = matrix.experts.get(wanted.desk or "")
        if known is None:
            has = ", ".join(matrix.experts) or "none"
            raise InvalidValue("/desk", f"The matrix has no expert desk {wanted.desk!r}; it has {has}.")
        return known
    waiting = await experts.waiting(tx, list(matrix.experts))
    known = desk_for(wanted.skill, matrix.experts, waiting)
    if known is None:
        skills = ", ".join(sorted({each.skill for each in matrix.experts.values() if each.skill})) or "none"
        raise InvalidValue("/skill", f"No expert desk has the skill {wanted.skill!r}; the skills are {skills}.")
    return known


async def answer(tx: Tx, dispute: Dispute, request_id: UUID, *, text: str, caller: Caller) -> Shown:
    """The question with its answer, in time or late; the handler is told.

    Raises:
        NotFound: the dispute has no such question.
        Conflict: it was answered or withdrawn.
    """
    request = await experts.answerable(tx, dispute.id, request_id)
    dispute, answer_id = await add_message(tx, dispute, note(text, caller.name), caller.actor)
    answered = altered(
        request, state=RequestState.ANSWERED, answer_id=answer_id, answered_by=caller.actor, answered_at=tx.now
    )
    await experts.keep(tx, answered)
    told = ExpertAnswered(
        request_id=str(request_id), desk=request.desk, message_id=str(answer_id), late=tx.now > request.due_at
    )
    await record(tx, dispute, dispute, told, actor=caller.actor)
    return await experts.get(tx, dispute.id, request_id)


async def withdraw(tx: Tx, dispute: Dispute, request_id: UUID, *, reason: str | None, caller: Caller) -> Shown:
    """The question withdrawn: no answer is waited for any more.

    Raises:
        NotFound: the dispute has no such question.
        Conflict: it was answered or withdrawn.
    """
    request = await experts.answerable(tx, dispute.id, request_id)
    await experts.keep(tx, altered(request, state=RequestState.WITHDRAWN, withdrawn_at=tx.now))
    if reason is not None:
        dispute, _ = await add_message(tx, dispute, note(reason, caller.name), caller.actor)
    told = ExpertWithdrawn(request_id=str(request_id), desk=request.desk, because="by_hand")
    await record(tx, dispute, dispute, told, actor=caller.actor)
    return await experts.get(tx, dispute.id, request_id)
