"""Heartbeats: when each engine last finished a round, by the database's clock."""

from datetime import datetime, timedelta
from typing import Final

import orjson

from shared.db.engine import Tx

_BEAT: Final = (
    "insert into heartbeat (name, beat_at, detail) values ($1, $2, $3) "
    "on conflict (name) do update set beat_at = excluded.beat_at, detail = excluded.detail"
)


async def beat(tx: Tx, name: str, *, at: datetime | None = None, **detail: float | str) -> None:
    """Says that the engine of this name is alive and what its last round did; `at` is when, now unless given."""
    await tx.raw.execute(_BEAT, name, at or tx.now, orjson.dumps(detail).decode())


async def age(tx: Tx, name: str) -> timedelta | None:
    """How long ago the engine last finished a round; None when it never has."""
    beat_at = await tx.raw.fetchval("select beat_at from heartbeat where name = $1", name)
    return None if beat_at is None else tx.now - beat_at
