"""What the claimed deliveries need to be written and addressed, read in a few statements for all of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.notify.catalog import WITH_MESSAGE
from services.notify.channels.mime import is_message_id
from services.notify.deliveries import Claim
from services.notify.digests import DIGEST
from services.notify.wording import Milestone
from shared.db import disputes, webhooks
from shared.db.engine import Tx
from shared.db.webhooks import PING, Endpoint
from shared.domain.dispute import Dispute
from shared.domain.matrix import Matrix

INBOUND_MAX: Final = 10

_PRIVATE: Final = """
    select p.dispute_id, p.name, p.email, p.subject, p.resolution, p.erased_at is not null as erased,
      (select array_agg(k.key order by k.created_at desc) from (
         select key, created_at from thread where dispute_id = p.dispute_id and kind = 'mail'
         order by created_at desc limit $2) k) as inbound,
      (select json_object_agg(c.kind, c.due_at) from clock c
       where c.dispute_id = p.dispute_id and c.state = 'running') as due,
      (select json_object_agg(c.kind, c.spec->'watch' order by c.generation) from clock c
       where c.dispute_id = p.dispute_id and c.kind like 'regime:%') as milestones
    from dispute_private p where p.dispute_id = any($1::uuid[])
"""
_MESSAGES: Final = "select id, body, author_name from message where id = any($1::uuid[])"
_EVENTS: Final = """
    select e.dispute_id, e.sequence, e.id, e.type, e.version, e.occurred_at, e.data::text as data
    from unnest($1::uuid[], $2::int[]) as t(dispute_id, sequence) join event e using (dispute_id, sequence)
"""


@dataclass(frozen=True, slots=True)
class Private:
    """The customer, as a letter needs them."""

    name: str | None
    email: str | None
    subject: str
    resolution: str | None
    erased: bool
    inbound: tuple[str, ...]
    due: Mapping[str, datetime]
    milestones: Mapping[str, Milestone] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """An agent's own words."""

    body: str
    author: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """An event as an integration hears of it; `data` is its JSON text."""

    id: UUID
    type: str
    version: int
    sequence: int
    occurred_at: datetime
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All of it, as it stood at `now`."""

    now: datetime
    disputes: Mapping[UUID, Dispute] = field(default_factory=dict)
    private: Mapping[UUID, Private] = field(default_factory=dict)
    messages: Mapping[UUID, Message] = field(default_factory=dict)
    events: Mapping[tuple[UUID, int], Told] = field(default_factory=dict)
    endpoints: Mapping[UUID, Endpoint] = field(default_factory=dict)
    matrix: Matrix | None = None


async def for_letters(tx: Tx, claims: Sequence[Claim], matrix: Matrix) -> Material:
    """What letters and memos draw on."""
    ids = {claim.dispute_id for claim in claims if claim.kind != DIGEST}
    listed = {UUID(each["dispute_id"]) for claim in claims if claim.kind == DIGEST for each in claim.facts["notices"]}
    messages = [UUID(claim.facts["message_id"]) for claim in claims if claim.kind in WITH_MESSAGE]
    return Material(
        now=tx.now,
        disputes=await disputes.get_many(tx, ids | listed),
        private=await read_private(tx, ids),
        messages=await _messages(tx, messages),
        matrix=matrix,
    )


async def for_signals(tx: Tx, claims: Sequence[Claim]) -> Material:
    """What webhooks draw on: the endpoints and the events themselves."""
    places = [(claim.dispute_id, int(claim.occasion)) for claim in claims if claim.kind != PING]
    rows = await tx.raw.fetch(_EVENTS, [place[0] for place in places], [place[1] for place in places])
    told = {(row["dispute_id"], row["sequence"]): _told(row) for row in rows}
    endpoints = await webhooks.get_many(tx, {UUID(claim.recipient) for claim in claims})
    return Material(now=tx.now, events=told, endpoints=endpoints)


async def read_private(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Private]:
    """The customers of these disputes, with what runs for them."""
    return {row["dispute_id"]: _customer(row) for row in await tx.raw.fetch(_PRIVATE, list(ids), INBOUND_MAX)}


async def _messages(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Message]:
    if not ids:
        return {}
    return {row["id"]: Message(row["body"], row["author_name"]) for row in await tx.raw.fetch(_MESSAGES, ids)}


def _customer(row: Any) -> Private:
    return Private(
        name=row["name"],
        email=row["email"],
        subject=row["subject"],
        resolution=row["resolution"],
        erased=row["erased"],
        inbound=tuple(key for key in (f"<{each.strip('<> ')}>" for each in row["inbound"] or ()) if is_message_id(key)),
        due={kind: datetime.fromisoformat(text) for kind, text in (row["due"] or {}).items() if text},
        milestones={
            kind: Milestone(watch["title"], tuple(watch.get("sends", ())))
            for kind, watch in (row["milestones"] or {}).items()
            if watch
        },
    )


def _told(row: Any) -> Told:
    return Told(row["id"], row["type"], row["version"], row["sequence"], row["occurred_at"], row["data"])
