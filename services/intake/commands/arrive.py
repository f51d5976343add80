"""Arrive: an authentic delivery is stored raw, and announced, before anything is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.db import inbound, outbox
from shared.db.engine import Tx
from shared.domain.errors import Conflict
from shared.messages.envelope import Envelope
from shared.messages.events import InboundReceived
from shared.runtime import traces
from shared.runtime.ids import new_id

ACTOR: Final = "system:intake"
_SECRET: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
"""Headers that are not kept: they would open the endpoint to whoever reads the table."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery that is safe now; `new` is False when it came before."""

    delivery_id: UUID
    new: bool


async def arrive(
    tx: Tx, endpoint: inbound.Endpoint, *, dedup_key: str, headers: Mapping[str, str], body: bytes
) -> Arrival:
    """Stores a delivery once, however often and however many at a time it comes, and announces it once."""
    kept = {name: value for name, value in headers.items() if name not in _SECRET}
    delivery_id, new = await inbound.store(tx, endpoint.id, dedup_key=dedup_key, headers=kept, body=body)
    if new:
        await _announce(tx, delivery_id, endpoint.sender)
    return Arrival(delivery_id, new)


async def again(tx: Tx, delivery_id: UUID, actor: str) -> inbound.Shown:
    """Has a quarantined delivery handled again.

    Raises:
        NotFound: no such delivery.
        Conflict: it was understood already.
    """
    shown = await inbound.get_shown(tx, delivery_id)
    if not await inbound.again(tx, delivery_id):
        raise Conflict(
            f"This delivery is {shown.state}; only one that is quarantined or not yet handled is tried again."
        )
    await _announce(tx, delivery_id, shown.sender, actor)
    return await inbound.get_shown(tx, delivery_id)


async def dismiss(tx: Tx, delivery_id: UUID, reason: str) -> inbound.Shown:
    """Has a quarantined delivery count as nothing for a dispute, because somebody looked at it.

    Raises:
        NotFound: no such delivery.
        Conflict: it is not quarantined.
    """
    shown = await inbound.get_shown(tx, delivery_id)
    if not await inbound.dismiss(tx, delivery_id, f"dismissed: {reason}"):
        raise Conflict(f"This delivery is {shown.state}; only one that is quarantined is dismissed.")
    return await inbound.get_shown(tx, delivery_id)


async def _announce(tx: Tx, delivery_id: UUID, sender: str, actor: str = ACTOR) -> None:
    traceparent = traces.inject().get("traceparent")
    received = Envelope(new_id(), delivery_id, 0, tx.now, actor, InboundReceived(sender=sender), traceparent)
    await outbox.add(tx, [received])
