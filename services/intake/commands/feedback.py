"""Feedback: how it went, and whether it is solved. Each is said once for each decision, together or one after the other."""

from dataclasses import dataclass

from services.intake.commands.conclude import confirm, reopen
from services.intake.commands.converse import NewMessage, add_message
from services.intake.commands.record import record
from shared.db import feedback
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.errors import Conflict, IllegalTransition
from shared.domain.lifecycle import SETTLED, Status, Trigger, allowed
from shared.messages.events import FeedbackGiven
from shared.runtime.ids import new_id

NOT_SOLVED = "not_solved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the customer said. `rating` is 1 to 5 (CSAT), `effort` 1 to 7 (CES); what was not answered is None."""

    rating: int | None = None
    effort: int | None = None
    solved: bool | None = None
    comment: str | None = None


async def give(tx: Tx, dispute: Dispute, answer: Answer, *, channel: str, actor: str) -> Dispute:
    """The dispute after its customer's answer, saved.

    A rating leaves open whether it is solved; that may be said later, and joins the rating. Solved confirms it, and closes it when the follow-up had asked; not solved reopens it, also when it was closed, and
    what was said about it joins the conversation.

    Raises:
        IllegalTransition: no decision was given yet.
        Conflict: this decision was answered before, or was rated before and is rated again without an answer.
    """
    if dispute.status not in SETTLED | {Status.CLOSED}:
        raise IllegalTransition(dispute.status, "be rated", allowed(dispute.status))
    given = feedback.Feedback(
        id=new_id(),
        dispute_id=dispute.id,
        occasion=dispute.reopen_count,
        rating=answer.rating,
        effort=answer.effort,
        solved=answer.solved,
        comment=answer.comment,
        given_at=tx.now,
    )
    if not await feedback.add(tx, given):
        raise Conflict("This decision was answered before; reopen the dispute if something is still wrong.")
    told = FeedbackGiven(rating=answer.rating, effort=answer.effort, solved=answer.solved)
    dispute = await record(tx, dispute, dispute.changed(tx.now), told, actor=actor)
    return await _followed(tx, dispute, answer, channel, actor)


async def _followed(tx: Tx, dispute: Dispute, answer: Answer, channel: str, actor: str) -> Dispute:
    if answer.solved is False:
        opened = await reopen(tx, dispute, because=NOT_SOLVED, reason=None, by=None, actor=actor)
        if answer.comment is None:
            return opened
        said = NewMessage(direction="in", channel=channel, author="customer", body=answer.comment)
        return (await add_message(tx, opened, said, actor))[0]
    if answer.solved and Trigger.CONFIRM in allowed(dispute.status):
        return await confirm(tx, dispute, by="customer", actor=actor)
    return dispute
