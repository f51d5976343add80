"""Ask for a higher tier. Intake asks; the escalation service climbs, once, whatever else happened meanwhile."""

from services.intake.commands.converse import add_message, note
from services.intake.commands.record import record
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.errors import Conflict, InvalidValue
from shared.domain.escalation import climbs
from shared.domain.lifecycle import Trigger, allowed
from shared.domain.matrix import Matrix
from shared.messages.events import EscalationRequested


async def ask_for_tier(
    tx: Tx, dispute: Dispute, matrix: Matrix, *, reason: str, to_tier: int | None, by: str, actor: str
) -> Dispute:
    """The dispute with the wish for a higher tier recorded; the reason is an internal message.

    Raises:
        Conflict: the dispute is settled, ended or with an outside body, or is at that tier or the highest already.
        InvalidValue: the matrix has no such tier.
    """
    _check(dispute, matrix, to_tier)
    return await request(tx, dispute, reason=reason, to_tier=to_tier, reason_code="requested", by=by, actor=actor)


async def request(
    tx: Tx, dispute: Dispute, *, reason: str, to_tier: int | None, reason_code: str, by: str | None, actor: str
) -> Dispute:
    """Records the wish with its reason, without judging it."""
    author = "agent" if by is not None else "system"
    dispute, message_id = await add_message(tx, dispute, note(reason, by, author), actor)
    asked = EscalationRequested(reason_code=reason_code, message_id=str(message_id), to_tier=to_tier)
    return await record(tx, dispute, dispute, asked, actor=actor)


def _check(dispute: Dispute, matrix: Matrix, to_tier: int | None) -> None:
    if not climbs(dispute):
        advice = "; reopen it first" if Trigger.REOPEN in allowed(dispute.status) else ""
        raise Conflict(f"A dispute that is {dispute.status} is not escalated{advice}.")
    if to_tier is not None and not 1 <= to_tier <= matrix.top:
        raise InvalidValue("/to_tier", f"The matrix has the tiers 1 to {matrix.top}.")
    if dispute.tier is None:
        return
    if dispute.tier >= matrix.top:
        raise Conflict(f"Tier {dispute.tier} is the highest; there is none above it.")
    if to_tier is not None and to_tier <= dispute.tier:
        raise Conflict(f"The dispute is with tier {dispute.tier} already.")
