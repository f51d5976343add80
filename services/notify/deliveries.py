"""The table of deliveries: plan, claim, record. Every statement takes many rows at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.notify.plan import Planned
from shared.db.engine import Tx

CLAIM_MAX: Final = 100

_ADD: Final = """
    insert into delivery (id, dispute_id, kind, occasion, audience, channel, recipient, facts, reason, traceparent,
                          state, due_at, created_at)
    select t.*, case when t.reason is null then 'pending' else 'suppressed' end,
           case when t.reason is null then $11::timestamptz end, $11::timestamptz
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::json[],
                $9::text[], $10::text[]) as t(id, dispute_id, kind, occasion, audience, channel, recipient, facts,
                                              reason, traceparent)
    where exists (select from dispute d where d.id = t.dispute_id)
    on conflict do nothing
    returning id, kind, channel, state
"""
_RECIPIENTS: Final = """
    with recursive who as (
      (select recipient from delivery where channel = $2 and due_at is not null order by recipient limit 1)
      union all
      select (select d.recipient from delivery d
              where d.channel = $2 and d.due_at is not null and d.recipient > w.recipient
              order by d.recipient limit 1)
      from who w where w.recipient is not null)
"""
"""Everybody something waits for: a step of the index each, so that the backlog of one costs the others nothing."""

_CLAIM: Final = f"""{_RECIPIENTS},
    held as (select * from unnest($3::text[], $4::int[]) as h(recipient, parcels)),
    due as materialized (
      select p.id from who w left join held h using (recipient)
      cross join lateral (
        select d.id, d.due_at from delivery d
        where d.channel = $2 and d.recipient = w.recipient and d.due_at <= $1
        order by d.due_at limit least($6, greatest(0, $5 - coalesce(h.parcels, 0))) for update skip locked) p
      order by p.due_at limit $6),
    taken as (
      update delivery d set attempts = d.attempts + 1, due_at = $7 from due where d.id = due.id
      returning d.id, d.dispute_id, d.kind, d.occasion, d.audience, d.channel, d.recipient, d.facts, d.attempts,
                d.created_at, d.traceparent),
    begun as (
      insert into delivery_attempt (delivery_id, number, began_at) select id, attempts, $1 from taken)
    select * from taken
"""
_ENDED: Final = """
    update delivery_attempt a set ended_at = $5, outcome = t.outcome, detail = t.detail
    from unnest($1::uuid[], $2::int[], $3::text[], $4::text[]) as t(id, number, outcome, detail)
    where a.delivery_id = t.id and a.number = t.number
"""
_SETTLED: Final = """
    update delivery d set state = t.state, due_at = t.due_at, reason = t.reason,
      sent_at = case when t.state = 'sent' then $6::timestamptz end
    from unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::text[]) as t(id, number, state, due_at, reason)
    where d.id = t.id and d.state = 'pending' and (t.state = 'sent' or d.attempts = t.number)
    returning d.id
"""
_SUPPRESS: Final = (
    "update delivery set state = 'suppressed', due_at = null, reason = $3 "
    "where channel = $1 and recipient = any($2::text[]) and state = 'pending'"
)
_NEXT: Final = f"""{_RECIPIENTS}
    select min(p.due_at) from who w cross join lateral (
      select d.due_at from delivery d
      where d.channel = $2 and d.recipient = w.recipient and d.due_at > $1 order by d.due_at limit 1) p
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery this process is to make, and the number of the attempt. A test is about no dispute but itself."""

    id: UUID
    dispute_id: UUID
    kind: str
    occasion: str
    audience: str
    channel: str
    recipient: str
    facts: Mapping[str, Any]
    attempt: int
    created_at: datetime
    traceparent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended and what becomes of its delivery: `due_at` only while pending."""

    claim: Claim
    outcome: str
    detail: str
    state: str
    due_at: datetime | None = None
    reason: str | None = None


class Added(NamedTuple):
    """A delivery that was not planned before."""

    id: UUID
    kind: str
    channel: str
    state: str


async def add(tx: Tx, rows: Sequence[Planned]) -> list[Added]:
    """Stores those not planned before, and returns them."""
    if not rows:
        return []
    # One order for all, so that two planners of the same events wait for each other and never in a ring.
    rows = sorted(rows, key=lambda r: (r.dispute_id, r.kind, r.occasion, r.channel, r.recipient))
    values = [
        (
            r.id,
            r.dispute_id,
            r.kind,
            r.occasion,
            r.audience,
            r.channel,
            r.recipient,
            r.facts.decode(),
            r.reason,
            r.traceparent,
        )
        for r in rows
    ]
    added = await tx.raw.fetch(_ADD, *(list(column) for column in zip(*values, strict=True)), tx.now)
    if any(row["state"] == "pending" for row in added):
        tx.hints.add("delivery")
    return [Added(*row) for row in added]


async def claim(
    tx: Tx, channel: str, *, limit: int, held: Mapping[str, int], per_recipient: int, visible_after: timedelta
) -> list[Claim]:
    """Due deliveries of one channel nobody else holds, each with an attempt begun.

    They come due again after `visible_after`, should this process die. `held` counts the parcels already under way to
    a recipient, of which there are never more than `per_recipient`.
    """
    limit = min(limit, CLAIM_MAX)
    arguments = (list(held), list(held.values()), per_recipient, limit, tx.now + visible_after)
    found = await tx.raw.fetch(_CLAIM, tx.now, channel, *arguments)
    return [
        Claim(
            row["id"],
            row["dispute_id"] or row["id"],
            row["kind"],
            row["occasion"],
            row["audience"],
            row["channel"],
            row["recipient"],
            row["facts"],
            row["attempts"],
            row["created_at"],
            row["traceparent"],
        )
        for row in found
    ]


async def settle(tx: Tx, endings: Sequence[Ending]) -> set[UUID]:
    """Records how attempts ended; returns the deliveries that this settled.

    A delivery settled before, or claimed anew by another process, keeps what that one makes of it; that it was sent
    counts always.
    """
    ended = [(e.claim.id, e.claim.attempt, e.outcome, e.detail) for e in endings]
    await tx.raw.execute(_ENDED, *(list(column) for column in zip(*ended, strict=True)), tx.now)
    settled = [(e.claim.id, e.claim.attempt, e.state, e.due_at, e.reason) for e in endings]
    rows = await tx.raw.fetch(_SETTLED, *(list(column) for column in zip(*settled, strict=True)), tx.now)
    return {row["id"] for row in rows}


async def suppress_all(tx: Tx, channel: str, recipients: Sequence[str], reason: str) -> None:
    """Gives up everything that waits for these recipients."""
    await tx.raw.execute(_SUPPRESS, channel, list(recipients), reason)


async def next_due(tx: Tx, channel: str) -> datetime | None:
    """When the next delivery of a channel comes due after now; None when none does."""
    due: datetime | None = await tx.raw.fetchval(_NEXT, tx.now, channel)
    return due
