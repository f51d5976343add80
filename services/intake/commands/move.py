"""Move a dispute along its lifecycle by hand, saying why."""

from typing import Final

from services.intake.commands.converse import add_message, note
from services.intake.commands.record import record
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import Trigger
from shared.messages.events import DisputeClosed, DisputeReopened, Event, StatusChanged

BY_HAND: Final = (
    Trigger.TRIAGE,
    Trigger.FORWARD,
    Trigger.REJECT_AS_NO_DISPUTE,
    Trigger.INVESTIGATE,
    Trigger.ASSESS,
    Trigger.REQUEST_STAGE_2,
    Trigger.REFER_EXTERNAL,
    Trigger.RECORD_EXTERNAL_DECISION,
)
"""Moves without a verb of their own; resolving, waiting, closing and the like have theirs."""


async def move_by_hand(
    tx: Tx, dispute: Dispute, trigger: Trigger, *, reason: str | None, by: str, actor: str
) -> Dispute:
    """The dispute after the move, saved; the reason is kept as an internal message of `by`.

    Raises:
        IllegalTransition: the lifecycle has no such move from here.
    """
    moved = await step(tx, dispute, trigger, actor)
    return moved if reason is None else (await add_message(tx, moved, note(reason, by), actor))[0]


async def step(tx: Tx, dispute: Dispute, trigger: Trigger, actor: str, *, reason_code: str | None = None) -> Dispute:
    """The dispute after one move, saved with the event that tells it best.

    Raises:
        IllegalTransition: the lifecycle has no such move from here.
    """
    after = dispute.after(trigger, tx.now)
    return await record(tx, dispute, after, _told(dispute, after, trigger, reason_code), actor=actor)


def _told(before: Dispute, after: Dispute, trigger: Trigger, reason_code: str | None) -> Event:
    match trigger:
        case Trigger.WITHDRAW:
            return DisputeClosed(because="withdrawn")
        case Trigger.REJECT_AS_NO_DISPUTE:
            return DisputeClosed(because="not_a_dispute")
        case Trigger.REQUEST_STAGE_2:
            return DisputeReopened(because="stage_2", occasion=after.reopen_count)
        case Trigger.REOPEN:
            return DisputeReopened(because=reason_code or "requested", occasion=after.reopen_count)
        case Trigger.CLOSE:
            return DisputeClosed(because=reason_code or "decided")
        case _:
            told = {"before": before.status.value, "after": after.status.value, "trigger": trigger.value}
            return StatusChanged(**told, reason_code=reason_code)
