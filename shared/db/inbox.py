"""The inbox: a message's effect happens once, however often the message comes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from shared.db.engine import Tx

KEPT: Final = timedelta(days=7)
"""A broker or an old backup may bring a message again; after this time it is taken for new."""

_FIRST: Final = (
    "insert into inbox (consumer, message_id, handled_at) select $1, id, $3 from unnest($2::uuid[]) as t(id) "
    "on conflict do nothing returning message_id"
)
_PRUNE: Final = (
    "delete from inbox where ctid in (select ctid from inbox where handled_at < $1 limit $2 for update skip locked)"
)


async def first_time(tx: Tx, consumer: str, message_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the messages whose effect this transaction is to make; the others have been handled before."""
    return {row["message_id"] for row in await tx.raw.fetch(_FIRST, consumer, sorted(set(message_ids)), tx.now)}


async def prune(tx: Tx, limit: int = 5000) -> int:
    """Forgets messages handled longer ago than is kept; returns how many, at most `limit`."""
    return int((await tx.raw.execute(_PRUNE, tx.now - KEPT, limit)).rpartition(" ")[2])
