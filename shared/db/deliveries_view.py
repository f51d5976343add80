"""What was planned to be sent, to whom, and how it went: read for people; notify alone writes it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from shared.db.engine import Tx
from shared.db.tables import delivery, delivery_attempt

PAGE_MAX: Final = 200
CUSTOMER: Final = "customer"
INTEGRATION: Final = "integration"
"""The audience of deliveries to webhook endpoints, whose recipient is the endpoint's id."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. Without an outcome its process died: it may or may not have arrived."""

    number: int
    began_at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one recipient. `recipient` is `customer`, a person's name in the matrix, or an endpoint's id."""

    id: UUID
    dispute_id: UUID | None
    kind: str
    occasion: str
    audience: str
    channel: str
    recipient: str
    state: str
    reason: str | None
    due_at: datetime | None
    created_at: datetime
    sent_at: datetime | None
    attempts: tuple[Attempt, ...]


_SHOWN: Final = tuple(delivery.c[name] for name in Delivery.__dataclass_fields__ if name != "attempts")


async def of_dispute(
    tx: Tx, dispute_id: UUID, *, after: UUID | None = None, limit: int = 50, audience: str | None = None
) -> list[Delivery]:
    """The deliveries of a dispute in the order they were planned, at most `limit` of 200, to all or to one audience."""
    query = select(*_SHOWN).where(delivery.c.dispute_id == dispute_id).order_by(delivery.c.id)
    if audience is not None:
        query = query.where(delivery.c.audience == audience)
    if after is not None:
        query = query.where(delivery.c.id > after)
    return await _read(tx, query.limit(min(limit, PAGE_MAX)))


async def get(tx: Tx, delivery_id: UUID) -> Delivery:
    """One delivery that exists."""
    return (await _read(tx, select(*_SHOWN).where(delivery.c.id == delivery_id)))[0]


async def to_endpoint(tx: Tx, endpoint_id: UUID, *, before: UUID | None = None, limit: int = 50) -> list[Delivery]:
    """The deliveries to a webhook endpoint, the newest first, at most `limit` of 200."""
    query = select(*_SHOWN).where(delivery.c.audience == INTEGRATION, delivery.c.recipient == str(endpoint_id))
    if before is not None:
        query = query.where(delivery.c.id < before)
    return await _read(tx, query.order_by(delivery.c.id.desc()).limit(min(limit, PAGE_MAX)))


async def _read(tx: Tx, query: Select[Any]) -> list[Delivery]:
    rows = (await tx.conn.execute(query)).mappings().all()
    attempts = await _attempts(tx, [row["id"] for row in rows])
    return [Delivery(**row, attempts=tuple(attempts.get(row["id"], ()))) for row in rows]


async def _attempts(tx: Tx, ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Attempt]]:
    made: defaultdict[UUID, list[Attempt]] = defaultdict(list)
    query = select(delivery_attempt).where(delivery_attempt.c.delivery_id.in_(ids))
    for row in (await tx.conn.execute(query.order_by(delivery_attempt.c.number))).mappings():
        fields = {name: row[name] for name in Attempt.__dataclass_fields__}
        made[row["delivery_id"]].append(Attempt(**fields))
    return made
