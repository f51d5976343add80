"""Erase: what is personal and what was written about one dispute goes; that there was one, and what became of it, stays."""

from services.intake.commands.record import record
from shared.db import erasure
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.errors import Conflict
from shared.domain.lifecycle import ENDED
from shared.messages.casework_events import DisputeErased


async def erase(tx: Tx, dispute: Dispute, *, because: str, actor: str) -> Dispute:
    """The dispute without its texts, saved; one of which nothing was told since it was erased stays as it is.

    Raises:
        Conflict: it is not over yet; nobody could work on it without its texts.
    """
    if dispute.status not in ENDED:
        raise Conflict("A dispute is erased once it is over; close or withdraw it first.")
    if not await erasure.erase(tx, dispute.id):
        return dispute
    bare = dispute.changed(tx.now, product=None, order_reference=None, metadata={})
    return await record(tx, dispute, bare, DisputeErased(because=because), actor=actor)
