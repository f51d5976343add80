"""A dispute's history, as stored, and whether it was tampered with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Text, cast, select

from shared.db.disputes import EMPTY_HEAD
from shared.db.engine import Tx
from shared.db.tables import event
from shared.messages.envelope import Envelope, event_of, linked


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event exactly as it is stored, whether or not it can still be understood."""

    dispute_id: UUID
    sequence: int
    id: UUID
    type: str
    version: int
    occurred_at: datetime
    actor: str
    traceparent: str | None
    data: bytes
    hash: bytes

    @property
    def envelope(self) -> Envelope:
        """The event as a message.

        Raises:
            KeyError: no such event.
            TypeError: the facts do not fit it.
        """
        happened = event_of(self.type, orjson.loads(self.data))
        return Envelope(
            self.id, self.dispute_id, self.sequence, self.occurred_at, self.actor, happened, self.traceparent
        )

    def as_dict(self) -> dict[str, Any]:
        """The entry for a reader."""
        return {
            "sequence": self.sequence,
            "id": str(self.id),
            "type": self.type,
            "occurred_at": self.occurred_at,
            "actor": self.actor,
            "data": orjson.loads(self.data),
            "hash": self.hash.hex(),
        }

    def follows(self, before: bytes) -> bool:
        """Whether its hash is what everything it says gives after the hash of the event before."""
        place = (self.dispute_id, self.sequence, self.id, self.type, self.version, self.occurred_at, self.actor)
        return linked(before, *place, self.data) == self.hash


async def entries(tx: Tx, dispute_id: UUID, *, after: int = 0, limit: int = 1000) -> list[Entry]:
    """The history in order, from the event after a sequence on, at most `limit`."""
    stored = [column for column in event.c if column.name != "data"]
    query = select(*stored, cast(event.c.data, Text).label("data")).where(
        event.c.dispute_id == dispute_id, event.c.sequence > after
    )
    found = await tx.conn.execute(query.order_by(event.c.sequence).limit(limit))
    return [Entry(**{**row, "data": row["data"].encode()}) for row in found.mappings()]


def first_break(history: Sequence[Entry], before: bytes = EMPTY_HEAD) -> int | None:
    """The sequence of the first entry that does not follow from those before it, or None when the chain holds."""
    for entry in history:
        if not entry.follows(before):
            return entry.sequence
        before = entry.hash
    return None
