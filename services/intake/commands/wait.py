"""Wait for the customer, a department or a third party, and take the work up again."""

from enum import StrEnum
from typing import Final

from services.intake.commands.converse import NewMessage, add_message, note
from services.intake.commands.move import step
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import Trigger


class Party(StrEnum):
    """Whom a dispute may wait for."""

    CUSTOMER = "customer"
    DEPARTMENT = "department"
    THIRD_PARTY = "third_party"


_TRIGGERS: Final = {
    Party.CUSTOMER: Trigger.WAIT_FOR_CUSTOMER,
    Party.DEPARTMENT: Trigger.WAIT_FOR_DEPARTMENT,
    Party.THIRD_PARTY: Trigger.WAIT_FOR_THIRD_PARTY,
}


async def wait_for(
    tx: Tx, dispute: Dispute, party: Party, *, reason: str, message: NewMessage | None, by: str, actor: str
) -> Dispute:
    """The dispute waiting, saved. Only a wait for the customer pauses clocks; a message tells them what is needed.

    Raises:
        IllegalTransition: it waits already, or there is nothing more to wait for.
        Conflict: it has waited more often than any case can.
    """
    if message is not None:
        dispute, _ = await add_message(tx, dispute, message, actor)
    waiting = await step(tx, dispute, _TRIGGERS[party], actor)
    return (await add_message(tx, waiting, note(reason, by), actor))[0]


async def resume(tx: Tx, dispute: Dispute, *, reason: str | None, by: str, actor: str) -> Dispute:
    """The dispute in hand again, its wait ended now.

    Raises:
        IllegalTransition: it does not wait.
    """
    resumed = await step(tx, dispute, Trigger.RESUME, actor)
    return resumed if reason is None else (await add_message(tx, resumed, note(reason, by), actor))[0]
