"""The outbox: what was recorded and is not yet confirmed by the broker."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.db.engine import Tx
from shared.messages.envelope import Envelope, Outgoing

BATCH_MAX: Final = 500

_TAKE: Final = (
    "select id, message_id, topic, body, traceparent from outbox where id <> all($2::bigint[]) "
    "order by id limit $1 for update skip locked"
)
_ADD: Final = (
    "insert into outbox (message_id, topic, body, traceparent, created_at) "
    "select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::timestamptz[])"
)
_STATE: Final = (
    "select count(*) as pending, min(created_at) as oldest from (select created_at from outbox limit 10000) o"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One outbox row and its message."""

    id: int
    message: Outgoing


async def add(tx: Tx, envelopes: Sequence[Envelope]) -> None:
    """Leaves messages that are no part of a dispute's history."""
    await tx.raw.execute(
        _ADD,
        [e.id for e in envelopes],
        [e.topic for e in envelopes],
        [e.encode() for e in envelopes],
        [e.traceparent for e in envelopes],
        [tx.now] * len(envelopes),
    )
    tx.hints.add("outbox")


async def take(tx: Tx, limit: int = BATCH_MAX, *, passing_over: Collection[int] = ()) -> list[Row]:
    """The oldest rows nobody else holds, locked until this transaction ends, without those to pass over."""
    return [
        Row(row["id"], Outgoing(row["message_id"], row["topic"], row["body"], _headers(row["traceparent"])))
        for row in await tx.raw.fetch(_TAKE, limit, list(passing_over))
    ]


async def confirm(tx: Tx, ids: Sequence[int]) -> None:
    """Forgets rows whose messages the broker has confirmed."""
    await tx.raw.execute("delete from outbox where id = any($1::bigint[])", list(ids))


async def backlog(tx: Tx) -> tuple[int, timedelta]:
    """How many rows wait (counted up to 10,000) and the age of the oldest of them."""
    row = await tx.raw.fetchrow(_STATE)
    assert row is not None
    return row["pending"], max(tx.now - row["oldest"], timedelta()) if row["oldest"] else timedelta()


def _headers(traceparent: str | None) -> dict[str, str]:
    return {"traceparent": traceparent} if traceparent else {}


__all__ = ["BATCH_MAX", "Row", "add", "backlog", "confirm", "take"]
