"""Outbound webhook endpoints: who wants which events, and how well it takes them.

Intake adds, changes and removes them for their owners; notify reads them, and disables those that want or bear no more.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import delete, insert, select, update

from shared.db.engine import Tx
from shared.db.tables import webhook_endpoint
from shared.domain.errors import Conflict, NotFound
from shared.messages.topology import matches
from shared.runtime.ids import new_id

SEALED_FOR: Final = "webhook-endpoint"
"""The purpose under which endpoint secrets (`whsec_…`) are encrypted."""

FAILING_MAX: Final = timedelta(days=5)
ENDPOINTS_MAX: Final = 1000
GONE: Final = "The endpoint answered 410 Gone."
FAILED_TOO_LONG: Final = f"Nothing was accepted for {FAILING_MAX.days} days."

PING: Final = "ping"
"""The kind of a delivery that tests an endpoint."""

_PING: Final = """
    insert into delivery (id, kind, occasion, audience, channel, recipient, facts, state, due_at, created_at, traceparent)
    select $1::uuid, $2::text, $1::uuid::text, 'integration', 'webhook', $3::text, '{}'::json, 'pending',
           $4::timestamptz, $4::timestamptz, $5::text
    where not exists (
      select from delivery d where d.channel = 'webhook' and d.recipient = $3 and d.kind = $2 and d.due_at is not null)
"""
_ALL: Final = "select * from webhook_endpoint where "
_SUCCEEDED: Final = (
    "update webhook_endpoint set failing_since = null where id = any($1::uuid[]) and failing_since is not null"
)
_FAILED: Final = """
    update webhook_endpoint set failing_since = coalesce(failing_since, $2),
      active = active and coalesce(failing_since, $2) > $3,
      disabled_reason = case when active and failing_since <= $3 then $4 else disabled_reason end
    where id = any($1::uuid[]) returning id, active
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One subscription. Secrets are sealed; `topics` are binding patterns such as `dispute.*`."""

    id: UUID
    name: str
    url: str
    secret: bytes
    previous_secret: bytes | None
    topics: tuple[str, ...]
    active: bool
    disabled_reason: str | None
    failing_since: datetime | None
    created_by: UUID | None
    created_at: datetime

    def wants(self, topic: str) -> bool:
        """Whether it subscribed to the topic."""
        return any(matches(pattern, topic) for pattern in self.topics)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """What an owner says when subscribing; `secret` is already sealed."""

    name: str
    url: str
    secret: bytes
    topics: tuple[str, ...]
    created_by: UUID | None = None


async def active(tx: Tx) -> list[Endpoint]:
    """Every endpoint that is sent to."""
    return [_endpoint(row) for row in await tx.raw.fetch(_ALL + "active order by id limit $1", ENDPOINTS_MAX)]


async def get_many(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Endpoint]:
    """Those of the endpoints that exist."""
    return {row["id"]: _endpoint(row) for row in await tx.raw.fetch(_ALL + "id = any($1::uuid[])", list(ids))}


async def listed(tx: Tx, *, after: UUID | None = None, limit: int = 100) -> list[Endpoint]:
    """Endpoints in the order they were made, from the one after an id on."""
    query = select(webhook_endpoint).order_by(webhook_endpoint.c.id).limit(limit)
    if after is not None:
        query = query.where(webhook_endpoint.c.id > after)
    return [_endpoint(row) for row in (await tx.conn.execute(query)).mappings()]


async def add(tx: Tx, new: NewEndpoint) -> Endpoint:
    """Stores a subscription, active at once."""
    values = {
        "id": new_id(),
        "name": new.name,
        "url": new.url,
        "secret": new.secret,
        "topics": list(new.topics),
        "created_by": new.created_by,
        "created_at": tx.now,
    }
    row = await tx.conn.execute(insert(webhook_endpoint).values(**values).returning(*webhook_endpoint.c))
    return _endpoint(row.mappings().one())


async def change(tx: Tx, endpoint_id: UUID, **fields: object) -> Endpoint | None:
    """Changes name, url, secrets, topics or activity; None when there is no such endpoint.

    An endpoint made active again starts with a clean record.
    """
    if fields.get("active"):
        fields |= {"disabled_reason": None, "failing_since": None}
    statement = update(webhook_endpoint).where(webhook_endpoint.c.id == endpoint_id).values(**fields)
    row = (await tx.conn.execute(statement.returning(*webhook_endpoint.c))).mappings().one_or_none()
    return None if row is None else _endpoint(row)


async def remove(tx: Tx, endpoint_id: UUID) -> bool:
    """Forgets an endpoint; what waits for it is suppressed when its turn comes."""
    found = await tx.conn.execute(delete(webhook_endpoint).where(webhook_endpoint.c.id == endpoint_id))
    return found.rowcount == 1


async def ping(tx: Tx, endpoint_id: UUID, *, traceparent: str | None = None) -> UUID:
    """Plans a delivery that tests the endpoint, due now; returns its id.

    Raises:
        NotFound: there is no such endpoint.
        Conflict: it is disabled, or a test is still waiting.
    """
    found = await tx.raw.fetchval("select active from webhook_endpoint where id = $1 for no key update", endpoint_id)
    if found is None:
        raise NotFound("webhook endpoint", endpoint_id)
    if not found:
        raise Conflict("The endpoint is disabled; make it active first.")
    made = new_id()
    planned = await tx.raw.execute(_PING, made, PING, str(endpoint_id), tx.now, traceparent)
    if planned == "INSERT 0 0":
        raise Conflict("A test of this endpoint is still waiting; its delivery says how it goes.")
    tx.hints.add("delivery")
    return made


async def disable(tx: Tx, ids: Collection[UUID], reason: str) -> None:
    """Sends nothing more to these endpoints, for a reason their owner can read."""
    query = "update webhook_endpoint set active = false, disabled_reason = $2 where id = any($1::uuid[]) and active"
    await tx.raw.execute(query, sorted(ids), reason)


async def record(tx: Tx, *, succeeded: Collection[UUID], failed: Collection[UUID]) -> list[UUID]:
    """Notes how attempts went; returns the endpoints disabled now, for having failed too long without a success."""
    if succeeded:
        await tx.raw.execute(_SUCCEEDED, sorted(succeeded))
    only_failed = sorted(set(failed) - set(succeeded))
    if not only_failed:
        return []
    before = {each.id for each in (await get_many(tx, only_failed)).values() if each.active}
    rows = await tx.raw.fetch(_FAILED, only_failed, tx.now, tx.now - FAILING_MAX, FAILED_TOO_LONG)
    return [row["id"] for row in rows if row["id"] in before and not row["active"]]


def _endpoint(row: asyncpg.Record | Any) -> Endpoint:
    return Endpoint(
        id=row["id"],
        name=row["name"],
        url=row["url"],
        secret=row["secret"],
        previous_secret=row["previous_secret"],
        topics=tuple(row["topics"]),
        active=row["active"],
        disabled_reason=row["disabled_reason"],
        failing_since=row["failing_since"],
        created_by=row["created_by"],
        created_at=row["created_at"],
    )


__all__: Sequence[str] = (
    "FAILING_MAX",
    "PING",
    "SEALED_FOR",
    "Endpoint",
    "NewEndpoint",
    "active",
    "add",
    "change",
    "disable",
    "get_many",
    "listed",
    "ping",
    "record",
    "remove",
)
