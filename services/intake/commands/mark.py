"""Report a fact that the dispute does not carry itself: provisional credit given, a finding made, a letter sent."""

from datetime import datetime
from typing import Final

from services.intake.commands.record import record
from shared.db import marks
from shared.db.engine import Tx
from shared.db.marks import Mark
from shared.domain.dispute import Dispute
from shared.domain.errors import InvalidValue
from shared.domain.regime import REPORTED
from shared.messages.events import MilestoneMarked

NAMES: Final = tuple(sorted(marker.value for marker in REPORTED))
"""The facts that are reported; all others are known by what happens to the dispute."""


async def mark(tx: Tx, dispute: Dispute, name: str, *, at: datetime | None, note: str | None, actor: str) -> Dispute:
    """The dispute with the fact in its history; told twice with the same instant, it is there once.

    Raises:
        InvalidValue: the fact is said to be so in the future.
        Conflict: the dispute has as many marks as any case can have.
    """
    when = tx.now if at is None else at
    if when > tx.now:
        raise InvalidValue("/at", "A fact is reported once it is so; this instant is in the future.")
    if not await marks.add(tx, dispute.id, Mark(name, when, actor, note, tx.now)):
        return dispute
    told = MilestoneMarked(name=name, at=when.isoformat().replace("+00:00", "Z"))
    return await record(tx, dispute, dispute, told, actor=actor)
