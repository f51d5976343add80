"""Erase: what is personal and what was written about disputes goes; that there were any, and what became of them, stays."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from services.intake.commands.converse import add_message, note
from services.intake.commands.record import record
from shared.db import customer_erasure, disputes, erasure
from shared.db.customer_erasure import Asked, GoingOn
from shared.db.disputes import Change
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.errors import Conflict, NotFound
from shared.domain.lifecycle import ENDED
from shared.messages.casework_events import DisputeErased
from shared.runtime import traces

AT_ONCE_MAX: Final = 100
"""Disputes of a customer that one call erases, and as many that it notes or names."""

REST: Final = timedelta(days=1)
"""How long a noted dispute is over before it is erased: the last letter is sent by then, and an objection has come."""

_NOTED: Final = "The customer's data is to be erased. Everything personal and every text of this dispute goes a day after it is over."
_TAKEN_BACK: Final = "This dispute is not erased by itself any more: that was taken back."


class OfCustomer(NamedTuple):
    """What was erased, the oldest first, and what is not over: the first of them and how many; `more` asks for another call."""

    erased: Sequence[Dispute]
    going_on: Sequence[GoingOn]
    going_on_total: int
    more: bool


async def erase(tx: Tx, dispute: Dispute, *, because: str, actor: str) -> Dispute:
    """The dispute without its texts, saved; one of which nothing was told since it was erased stays as it is.

    Raises:
        Conflict: it is not over yet; nobody could work on it without its texts.
    """
    if dispute.status not in ENDED:
        raise Conflict("A dispute is erased once it is over; close or withdraw it first.")
    if not await erasure.erase(tx, [dispute.id]):
        return dispute
    return await record(tx, dispute, _bare(tx, dispute), DisputeErased(because=because), actor=actor)


async def erase_customer(tx: Tx, customer_id: UUID, asked: Asked, *, when_over: bool | None) -> OfCustomer:
    """Erases a customer's disputes that are over, and leaves the others; at most `AT_ONCE_MAX` of each are seen to.

    With `when_over` those that go on are noted to be erased once they are over; False takes that back, None leaves it as it is.
    Each of them gets an internal note that says so.

    Raises:
        NotFound: the customer has no disputes.
    """
    found = await customer_erasure.over(tx, customer_id, AT_ONCE_MAX + 1)
    if not found and not await customer_erasure.known(tx, customer_id):
        raise NotFound("customer", customer_id)
    gone = await _erase_all(tx, dict.fromkeys(found[:AT_ONCE_MAX], asked))
    left = when_over is not None and await _mark(tx, customer_id, asked, noted=when_over)
    going_on, total = await customer_erasure.going_on(tx, customer_id, AT_ONCE_MAX)
    return OfCustomer(
        sorted(gone, key=lambda each: (each.received_at, each.id)), going_on, total, left or len(found) > AT_ONCE_MAX
    )


async def erase_due(tx: Tx, limit: int) -> int:
    """Erases noted disputes that have been over for `REST`, at most `limit`; how many were looked at."""
    ids = await customer_erasure.due(tx, rest=REST, limit=limit)
    if ids:
        await disputes.lock_many(tx, ids)
        await _erase_all(tx, await customer_erasure.asked(tx, ids))
    return len(ids)


async def _erase_all(tx: Tx, asked: Mapping[UUID, Asked]) -> list[Dispute]:
    """Those of the disputes that are over and are erased by this, saved."""
    locked = await disputes.lock_many(tx, asked)
    gone = await erasure.erase(tx, [each.id for each in locked.values() if each.status in ENDED])
    trace = traces.inject().get("traceparent")
    changes = [
        Change(
            each,
            _bare(tx, each),
            (DisputeErased(because=asked[each.id].because),),
            asked[each.id].actor,
            trace,
        )
        for each in locked.values()
        if each.id in gone
    ]
    return await disputes.save_many(tx, changes)


async def _mark(tx: Tx, customer_id: UUID, asked: Asked, *, noted: bool) -> bool:
    """Notes a customer's open disputes, or takes that back; whether there are more."""
    found, _ = await customer_erasure.going_on(tx, customer_id, AT_ONCE_MAX + 1, first=not noted)
    ids = [each.id for each in found if each.noted is not noted]
    locked = await disputes.lock_many(tx, ids[:AT_ONCE_MAX])
    open_ids = [each.id for each in locked.values() if each.status not in ENDED]
    if noted:
        changed: Iterable[UUID] = await customer_erasure.note(tx, open_ids, asked)
    else:
        changed = await customer_erasure.take_back(tx, open_ids)
    for each in changed:
        await add_message(tx, locked[each], note(_NOTED if noted else _TAKEN_BACK, None, "system"), asked.actor)
    return len(ids) > AT_ONCE_MAX


def _bare(tx: Tx, dispute: Dispute) -> Dispute:
    return dispute.changed(tx.now, product=None, order_reference=None, metadata={})
