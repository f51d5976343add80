"""Ask for another handler. Intake checks and asks; the escalation service hands the dispute over, once."""

from typing import Final

from services.intake.commands.converse import add_message, note
from services.intake.commands.record import record
from shared.db import assignments, reassignments
from shared.db.assignments import Around
from shared.db.engine import Tx
from shared.db.keys import Caller
from shared.db.reassignments import Filter, Reassignment, Wanted
from shared.domain.assignment import Bench
from shared.domain.dispute import Dispute
from shared.domain.errors import InvalidValue, NotPermitted
from shared.domain.handover import check
from shared.domain.matrix import Matrix
from shared.domain.people import Person
from shared.messages.assignment_events import AssignmentRequested

LEADS: Final = frozenset({"lead", "manager", "executive", "admin"})
"""Roles that may set a conflict of interest or a full desk aside, and give away what somebody else has."""


async def ask_for_handler(
    tx: Tx, dispute: Dispute, matrix: Matrix, *, handler: str, reason: str, override: bool, caller: Caller
) -> Dispute:
    """The dispute with the wish for this handler recorded; the reason is an internal message.

    Raises:
        InvalidValue: the matrix knows nobody of this name.
        NotPermitted: only a lead may override.
        Conflict: the dispute is over, or the person has it, is absent, has a conflict or a full desk.
    """
    person = _known(matrix, handler, "/handler")
    if override and caller.role not in LEADS:
        raise NotPermitted("Only a lead may set a conflict of interest or a full desk aside.")
    check(person, dispute, tx.now, await _bench(tx, dispute, handler), override=override)
    dispute, message_id = await add_message(tx, dispute, note(reason, caller.name), caller.actor)
    asked = AssignmentRequested(handler=handler, message_id=str(message_id), override=override)
    return await record(tx, dispute, dispute, asked, actor=caller.actor)


async def reassign(
    tx: Tx, matrix: Matrix, *, of: str, to: str | None, which: Filter, reason: str, caller: Caller
) -> Reassignment:
    """What one person has open is to be given to another, or to whoever fits best; escalation does it in slices.

    The one it is taken from need not be known to the matrix any more.

    Raises:
        InvalidValue: the matrix knows nobody of the other name, or it is the same person.
        NotPermitted: only a lead may.
        Conflict: too many reassignments wait already.
    """
    check_reassignment(matrix, of=of, to=to, caller=caller)
    return await reassignments.create(tx, Wanted(of, to, which, reason, caller.actor))


def check_reassignment(matrix: Matrix, *, of: str, to: str | None, caller: Caller) -> None:
    """Whether the caller may give away what somebody has, to this person if one is named.

    Raises:
        InvalidValue: the matrix knows nobody of the other name, or it is the same person.
        NotPermitted: only a lead may.
    """
    if caller.role not in LEADS:
        raise NotPermitted("Only a lead may give away what somebody else has.")
    if to is not None:
        _known(matrix, to, "/to")
        if to == of:
            raise InvalidValue("/to", "They have them already; leave it out for whoever fits best.")


def _known(matrix: Matrix, name: str, field: str) -> Person:
    person = matrix.person(name)
    if person is None:
        raise InvalidValue(field, f"The matrix knows nobody named {name!r}.")
    return person


async def _bench(tx: Tx, dispute: Dispute, handler: str) -> Bench:
    around = (await assignments.around(tx, [dispute])).get(dispute.id, Around())
    return Bench(loads=await assignments.loads(tx, [handler]), former=around.former, involved=around.involved)
