"""What comes in by webhook and mail: the endpoints, and every delivery, raw, before anything is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import insert, select, update

from shared.db.engine import Tx
from shared.db.tables import inbound_endpoint
from shared.domain.errors import NotFound
from shared.runtime.ids import new_id

State = Literal["stored", "filed", "joined", "ignored", "quarantined"]
QUARANTINED_MAX: Final = 10_000
_QUARANTINED: Final = (
    "select count(*) from (select from inbound_delivery where state = 'quarantined' limit $1) as waiting"
)
STATES: Final[tuple[State, ...]] = ("stored", "filed", "joined", "ignored", "quarantined")
"""Not handled yet; became a dispute; joined one; nothing to do; not understood, and waits for a person."""

REASON_LENGTH_MAX: Final = 500

_STORE: Final = (
    "insert into inbound_delivery (id, endpoint_id, dedup_key, headers, body, received_at, state) "
    "values ($1, $2, $3, $4::json, $5, $6, 'stored') on conflict (endpoint_id, dedup_key) do nothing returning id"
)
_STORED_BEFORE: Final = "select id from inbound_delivery where endpoint_id = $1 and dedup_key = $2"
_TAKE: Final = (
    "select d.id, d.state, d.headers, d.body, e.id as endpoint_id, e.sender, e.settings from inbound_delivery d "
    "join inbound_endpoint e on e.id = d.endpoint_id where d.id = $1 for update of d"
)
_SETTLE: Final = (
    "update inbound_delivery set state = $2, reason = $3, dispute_id = $4, handled_at = $5, attempts = attempts + 1 "
    "where id = $1"
)
_AGAIN: Final = (
    "update inbound_delivery set state = 'stored', reason = null, handled_at = null "
    "where id = $1 and state in ('stored', 'quarantined')"
)
_DISMISS: Final = "update inbound_delivery set state = 'ignored', reason = $2, handled_at = $3 where id = $1 and state = 'quarantined'"
_SHOWN: Final = (
    "select d.id, d.endpoint_id, e.sender, d.state, d.reason, d.dispute_id, d.received_at, d.handled_at, d.attempts, "
    "octet_length(d.body) as size from inbound_delivery d join inbound_endpoint e on e.id = d.endpoint_id "
)
_LIST: Final = (
    f"{_SHOWN} where ($1::text is null or d.state = $1) and ($2::uuid is null or d.endpoint_id = $2) "
    "and ($3::uuid is null or d.id < $3) order by d.id desc limit $4"
)


# What is locked by somebody who looks at it this moment is left for the next time. A body's length is read without the body.
_PRUNE: Final = (
    "with old as (select id, received_at, octet_length(body)::bigint as size from inbound_delivery where state = $1 "
    "and received_at <= $2 and handled_at <= $2 order by received_at limit $3 for update skip locked), "
    "chosen as (select id from (select id, size, sum(size) over (order by received_at, id) as total from old) as o "
    "where total - size < $4), "
    "gone as (delete from inbound_delivery where id in (select id from chosen) returning id) "
    "select (select count(*) from gone) as count, (select count(*) from old) as found"
)
PRUNED_BYTES_MAX: Final = 64 * 1024 * 1024
"""A batch takes no further body once those before it are as long as this: long ones take as many deletions as they have pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where one sender may deliver. Its secrets are sealed; both are valid while there is a previous one."""

    id: UUID
    sender: str
    name: str
    settings: Mapping[str, Any]
    active: bool
    created_by: UUID | None
    created_at: datetime
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A delivery as it is listed: without its content."""

    id: UUID
    endpoint_id: UUID
    sender: str
    state: State
    reason: str | None
    dispute_id: UUID | None
    received_at: datetime
    handled_at: datetime | None
    attempts: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery to be understood, its row locked."""

    id: UUID
    state: State
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    endpoint_id: UUID
    sender: str
    settings: Mapping[str, Any]


class Pruned(NamedTuple):
    """How many deliveries were forgotten, and whether there may be more."""

    deliveries: int
    more: bool


async def create_endpoint(
    tx: Tx, *, sender: str, name: str, secret: bytes, settings: Mapping[str, Any], created_by: UUID, endpoint_id: UUID
) -> Endpoint:
    """A new endpoint with a sealed secret."""
    made = Endpoint(
        id=endpoint_id,
        sender=sender,
        name=name,
        settings=settings,
        active=True,
        created_by=created_by,
        created_at=tx.now,
        secret=secret,
    )
    fields = {name: getattr(made, name) for name in Endpoint.__dataclass_fields__}
    await tx.conn.execute(insert(inbound_endpoint).values(fields))
    return made


async def find_endpoint(tx: Tx, endpoint_id: UUID) -> Endpoint | None:
    """The endpoint, or None."""
    query = select(inbound_endpoint).where(inbound_endpoint.c.id == endpoint_id)
    row = (await tx.conn.execute(query)).mappings().first()
    return Endpoint(**row) if row is not None else None


async def lock_endpoint(tx: Tx, endpoint_id: UUID) -> Endpoint:
    """The endpoint, its row locked; raises NotFound."""
    query = select(inbound_endpoint).where(inbound_endpoint.c.id == endpoint_id).with_for_update()
    row = (await tx.conn.execute(query)).mappings().first()
    if row is None:
        raise NotFound("inbound endpoint", endpoint_id)
    return Endpoint(**row)


async def list_endpoints(tx: Tx, *, after: UUID | None = None, limit: int = 100) -> list[Endpoint]:
    """Endpoints in the order they were made, those after `after`, at most `limit`."""
    query = select(inbound_endpoint).order_by(inbound_endpoint.c.id).limit(limit)
    if after is not None:
        query = query.where(inbound_endpoint.c.id > after)
    return [Endpoint(**row) for row in (await tx.conn.execute(query)).mappings()]


async def change_endpoint(tx: Tx, endpoint_id: UUID, **fields: Any) -> Endpoint:
    """Changes `name`, `settings`, `active`, `secret` or `previous_secret`; raises NotFound."""
    if fields:
        await tx.conn.execute(update(inbound_endpoint).where(inbound_endpoint.c.id == endpoint_id).values(**fields))
    return await lock_endpoint(tx, endpoint_id)


async def store(
    tx: Tx, endpoint_id: UUID, *, dedup_key: str, headers: Mapping[str, str], body: bytes
) -> tuple[UUID, bool]:
    """Stores a delivery; returns its id, and whether it is new. One that came before keeps its id and its content.

    Deliveries with one key that come at the same moment wait for each other here: the unique constraint decides.
    """
    told = orjson.dumps(dict(headers)).decode()
    stored = await tx.raw.fetchval(_STORE, new_id(), endpoint_id, dedup_key, told, body, tx.now)
    if stored is not None:
        return stored, True
    before: UUID = await tx.raw.fetchval(_STORED_BEFORE, endpoint_id, dedup_key)
    return before, False


async def take(tx: Tx, delivery_id: UUID) -> Delivery | None:
    """The delivery with its content, locked until this transaction ends; None when there is none."""
    row = await tx.raw.fetchrow(_TAKE, delivery_id)
    if row is None:
        return None
    return Delivery(**row)


async def settle(tx: Tx, delivery_id: UUID, *, state: State, reason: str | None, dispute_id: UUID | None) -> None:
    """Notes what became of a delivery."""
    told = None if reason is None else reason[:REASON_LENGTH_MAX]
    await tx.raw.execute(_SETTLE, delivery_id, state, told, dispute_id, tx.now)


async def again(tx: Tx, delivery_id: UUID) -> bool:
    """Makes a quarantined delivery wait to be handled again; False when it is not one that can be."""
    done: str = await tx.raw.execute(_AGAIN, delivery_id)
    return done == "UPDATE 1"


async def dismiss(tx: Tx, delivery_id: UUID, reason: str) -> bool:
    """Has a quarantined delivery count as nothing for a dispute; False when it is not quarantined."""
    done: str = await tx.raw.execute(_DISMISS, delivery_id, reason[:REASON_LENGTH_MAX], tx.now)
    return done == "UPDATE 1"


async def prune(tx: Tx, state: State, *, kept: timedelta, limit: int) -> Pruned:
    """Forgets deliveries that came and were handled longer ago than they are kept, the oldest first, at most `limit`."""
    row = await tx.raw.fetchrow(_PRUNE, state, tx.now - kept, limit, PRUNED_BYTES_MAX)
    return Pruned(row["count"], row["found"] == limit or row["count"] < row["found"])


async def quarantined(tx: Tx) -> int:
    """How many deliveries wait for a person; counted up to ten thousand."""
    found: int = await tx.raw.fetchval(_QUARANTINED, QUARANTINED_MAX)
    return found


async def get_shown(tx: Tx, delivery_id: UUID) -> Shown:
    """The delivery without its content; raises NotFound."""
    row = await tx.raw.fetchrow(f"{_SHOWN} where d.id = $1", delivery_id)
    if row is None:
        raise NotFound("inbound delivery", delivery_id)
    return Shown(**row)


async def list_shown(
    tx: Tx, *, state: str | None = None, endpoint_id: UUID | None = None, before: UUID | None = None, limit: int = 50
) -> list[Shown]:
    """Deliveries, the newest first, those before `before`, at most `limit`."""
    return [Shown(**row) for row in await tx.raw.fetch(_LIST, state, endpoint_id, before, limit)]


async def raw_body(tx: Tx, delivery_id: UUID) -> bytes:
    """The bytes as they came; raises NotFound."""
    body: bytes | None = await tx.raw.fetchval("select body from inbound_delivery where id = $1", delivery_id)
    if body is None:
        raise NotFound("inbound delivery", delivery_id)
    return body


__all__ = [
    "STATES",
    "Delivery",
    "Endpoint",
    "Pruned",
    "Shown",
    "State",
    "again",
    "change_endpoint",
    "create_endpoint",
    "find_endpoint",
    "get_shown",
    "list_endpoints",
    "list_shown",
    "lock_endpoint",
    "prune",
    "raw_body",
    "settle",
    "store",
    "take",
]
