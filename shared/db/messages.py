"""The conversation of a dispute: what the customer and the house said, and notes for the house alone."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, tuple_, update

from shared.db.engine import Tx
from shared.db.tables import dispute_private, message

PAGE_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `author` is customer, agent or system; an internal one never leaves the house."""

    id: UUID
    dispute_id: UUID
    direction: str
    channel: str
    author: str
    author_name: str | None
    body: str
    internal: bool
    automatic: bool
    inbound_delivery_id: UUID | None
    created_at: datetime


async def add(tx: Tx, new: Message) -> None:
    """Stores a message; its event is the caller's to save."""
    await tx.conn.execute(insert(message).values(**asdict(new)))


async def add_decision(tx: Tx, explanation: Message) -> None:
    """Stores the explanation of a decision, in the conversation and as the text of the letter that tells it."""
    mine = dispute_private.c.dispute_id == explanation.dispute_id
    await tx.conn.execute(update(dispute_private).where(mine).values(resolution=explanation.body))
    await add(tx, explanation)


async def page(
    tx: Tx, dispute_id: UUID, *, after: tuple[datetime, UUID] | None = None, limit: int = 50, internal: bool = True
) -> list[Message]:
    """The conversation in order, from the message after one's (created_at, id) on, at most `limit` of 200.

    `internal=False` leaves out what is for the house alone.
    """
    query = select(message).where(message.c.dispute_id == dispute_id)
    if not internal:
        query = query.where(message.c.internal.is_(False))
    if after is not None:
        query = query.where(tuple_(message.c.created_at, message.c.id) > tuple_(*after))
    query = query.order_by(message.c.created_at, message.c.id).limit(min(limit, PAGE_MAX))
    return [Message(**row) for row in (await tx.conn.execute(query)).mappings()]
