"""Idempotency keys: a reply is kept with the key that asked for it, in the transaction that did the work.

A key is held by an advisory lock while its request is under way, and kept by a unique row from the commit on; a request
that fails or a process that dies leaves neither.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import orjson

from shared.db.engine import Tx

KEPT: Final = timedelta(hours=24)

_HOLD: Final = (
    "select t.n, pg_try_advisory_xact_lock(t.lock) as held from unnest($1::bigint[]) with ordinality as t(lock, n)"
)
_FIND: Final = (
    "select t.n, i.fingerprint, i.status, i.headers, i.body from idempotency i "
    "join unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as t(principal_id, key, route, n) "
    "using (principal_id, key, route) where i.created_at > $4"
)
_KEEP: Final = (
    "insert into idempotency as i (principal_id, key, route, fingerprint, status, headers, body, created_at) "
    "select t.*, $8::timestamptz from unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::smallint[], "
    "$6::json[], $7::bytea[]) as t on conflict (principal_id, key, route) do update set "
    "fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers, body = excluded.body, "
    "created_at = excluded.created_at where i.created_at <= $9"
)
_PRUNE: Final = (
    "delete from idempotency where ctid in "
    "(select ctid from idempotency where created_at <= $1 limit $2 for update skip locked)"
)


class KeptByAnother(Exception):
    """Another request with one of these keys was committed in the meantime; ask again what it answered."""


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key in its scope: the principal, and the route it was sent to."""

    principal_id: UUID
    key: str
    route: str

    @property
    def lock(self) -> int:
        """The number of the advisory lock that stands for this key."""
        text = f"idempotency|{self.principal_id}|{self.route}|{self.key}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered, byte by byte, and to which request."""

    fingerprint: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes


async def hold(tx: Tx, key: Key) -> bool:
    """Whether this transaction now holds the key; another request under way with it makes this False."""
    return bool(await hold_many(tx, [key]))


async def hold_many(tx: Tx, wanted: Sequence[Key]) -> set[Key]:
    """Those of the keys that this transaction now holds."""
    return {wanted[row["n"] - 1] for row in await tx.raw.fetch(_HOLD, [k.lock for k in wanted]) if row["held"]}


async def find(tx: Tx, wanted: Sequence[Key]) -> dict[Key, Reply]:
    """What was answered before to those of the keys that are known."""
    columns = [k.principal_id for k in wanted], [k.key for k in wanted], [k.route for k in wanted]
    rows = await tx.raw.fetch(_FIND, *columns, tx.now - KEPT)
    return {wanted[row["n"] - 1]: Reply(row["fingerprint"], row["status"], row["headers"], row["body"]) for row in rows}


async def keep(tx: Tx, replies: Mapping[Key, Reply]) -> None:
    """Keeps replies with their keys.

    Raises:
        KeptByAnother: a key has a reply already; this transaction must not be committed.
    """
    if not replies:
        return
    rows = [
        (k.principal_id, k.key, k.route, r.fingerprint, r.status, orjson.dumps(r.headers).decode(), r.body)
        for k, r in replies.items()
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    done = await tx.raw.execute(_KEEP, *columns, tx.now, tx.now - KEPT)
    if int(done.rpartition(" ")[2]) != len(rows):
        raise KeptByAnother


async def prune(tx: Tx, limit: int = 5000) -> int:
    """Forgets replies older than are kept; returns how many, at most `limit`."""
    return int((await tx.raw.execute(_PRUNE, tx.now - KEPT, limit)).rpartition(" ")[2])
