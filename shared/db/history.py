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
from shared.messages.envelope import Envelope, chained, event_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it stands in the history."""

    envelope: Envelope
    data: bytes
    hash: bytes

    def as_dict(self) -> dict[str, Any]:
        """The entry for a reader."""
        return {
            "sequence": self.envelope.sequence,
            "id": str(self.envelope.id),
            "type": self.envelope.event.type,
            "occurred_at": self.envelope.occurred_at,
            "actor": self.envelope.actor,
            "data": orjson.loads(self.data),
            "hash": self.hash.hex(),
        }


async def entries(tx: Tx, dispute_id: UUID, *, after: int = 0, limit: int = 1000) -> list[Entry]:
    """The history in order, from the event after a sequence on, at most `limit`."""
    stored = [column for column in event.c if column.name != "data"]
    query = select(*stored, cast(event.c.data, Text).label("data")).where(
        event.c.dispute_id == dispute_id, event.c.sequence > after
    )
    found = await tx.conn.execute(query.order_by(event.c.sequence).limit(limit))
    return [_entry(row) for row in found.mappings()]


def _entry(row: Any) -> Entry:
    data: str = row["data"]
    occurred_at: datetime = row["occurred_at"]
    happened = event_of(row["type"], orjson.loads(data))
    envelope = Envelope(
        row["id"], row["dispute_id"], row["sequence"], occurred_at, row["actor"], happened, row["traceparent"]
    )
    return Entry(envelope, data.encode(), row["hash"])


def first_break(history: Sequence[Entry], before: bytes = EMPTY_HEAD) -> int | None:
    """The sequence of the first entry that does not follow from those before it, or None when the chain holds."""
    for entry in history:
        before = chained(before, entry.envelope, entry.data)
        if before != entry.hash:
            return entry.envelope.sequence
    return None
