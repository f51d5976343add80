"""Armed timers: set, taken away, and taken when due. A row exists only while armed; written by escalation alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.db import rows
from shared.db.engine import Look, Tx
from shared.domain.clock_record import Kind, stored_kind
from shared.domain.dispute import Dispute

BATCH_MAX: Final = 500
SOON: Final = timedelta(seconds=1)
"""A timer due later than this is found by polling in time; only a nearer one is worth waking a sweep for."""
PAUSE_FIRST: Final = timedelta(seconds=30)
PAUSE_MAX: Final = timedelta(hours=1)
_DOUBLINGS_MAX: Final = 7

_DISPUTE: Final = rows.SELECT.removeprefix("select ").removesuffix(" from dispute d")
# The locks are on the rows just read, so what is read is what is locked. Nobody is waited for: a row that somebody
# holds is skipped, and is due again the next time round. The dispute is locked first: a row that is skipped keeps the locks
# taken before, and a sweep that kept a timer of another's dispute would end in a deadlock with it.
_TAKE: Final = (
    "with due as materialized ("
    f"select {_DISPUTE}, t.kind, t.generation, t.due_at as timer_due_at, t.attempts from timer t join dispute d on d.id = t.dispute_id "
    "where t.due_at >= $1 and t.due_at <= $2 order by t.due_at limit $3 "
    "for no key update of d skip locked for update of t skip locked) select * from due"
)
_ARM: Final = (
    "insert into timer (dispute_id, kind, due_at, generation, attempts) "
    "select dispute_id, kind, due_at, generation, 0 "
    "from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int[]) as t(dispute_id, kind, due_at, generation) "
    "order by dispute_id, kind on conflict (dispute_id, kind) "
    "do update set due_at = excluded.due_at, generation = excluded.generation, attempts = 0"
)
_DISARM: Final = (
    "delete from timer t using unnest($1::uuid[], $2::text[]) as g(dispute_id, kind) "
    "where t.dispute_id = g.dispute_id and t.kind = g.kind"
)
_PARK: Final = (
    "update timer set due_at = $3, attempts = least(attempts + 1, 1000) where dispute_id = $1 and kind = $2 "
    "returning attempts"
)


class Armed(NamedTuple):
    """A timer to be set."""

    dispute_id: UUID
    kind: Kind
    due_at: datetime
    generation: int


class Due(Struct, frozen=True, gc=False):
    """A timer that is due, with its dispute; both are locked until the transaction ends."""

    dispute: Dispute
    kind: Kind
    generation: int
    due_at: datetime
    attempts: int


async def arm(tx: Tx, armed: Sequence[Armed]) -> None:
    """Sets timers, each replacing the one of the same dispute and kind; none in the past of this transaction."""
    if armed:
        ids, kinds, instants, generations = (list(column) for column in zip(*armed, strict=True))
        await tx.raw.execute(_ARM, ids, kinds, [max(at, tx.now) for at in instants], generations)
        if min(instants) < tx.now + SOON:
            tx.hints.add("timer")


async def disarm(tx: Tx, gone: Sequence[tuple[UUID, Kind]]) -> None:
    """Takes timers away; one that is not there is no fault."""
    if gone:
        ids, kinds = (list(column) for column in zip(*gone, strict=True))
        await tx.raw.execute(_DISARM, ids, kinds)


async def take_due(tx: Tx, low: datetime, limit: int = BATCH_MAX) -> list[Due]:
    """The timers due from `low` up to now that nobody holds, the longest overdue first, with their disputes locked.

    `low` spares the index entries of timers that fired long ago and are not yet vacuumed.
    """
    return [_due(row) for row in await tx.raw.fetch(_TAKE, low, tx.now, limit)]


def _due(row: Sequence[Any]) -> Due:
    kind, generation, due_at, attempts = row[rows.WIDTH :]
    return Due(rows.to_dispute(row), stored_kind(kind), generation, due_at, attempts)


_EARLIEST: Final = "select now(), min(due_at) from timer where due_at >= $1"


async def next_due(tx: Tx, low: datetime) -> datetime | None:
    """When the earliest timer from `low` on is due; None when none is armed."""
    _, earliest = await look(Look(tx.raw, timedelta()), low)
    return earliest


async def look(at: Look, low: datetime) -> tuple[datetime, datetime | None]:
    """The time, and when the earliest timer from `low` on is due; None when none is armed."""
    row = await at.raw.fetchrow(_EARLIEST, low)
    assert row is not None
    now, earliest = row
    return now + at.offset, earliest


async def park(tx: Tx, dispute_id: UUID, kind: Kind, attempts: int) -> datetime:
    """Puts off a timer whose firing failed, each time for longer; returns until when."""
    pause = min(PAUSE_FIRST * (1 << min(attempts, _DOUBLINGS_MAX)), PAUSE_MAX)
    await tx.raw.fetchval(_PARK, dispute_id, kind, tx.now + pause)
    return tx.now + pause


async def failing(tx: Tx, limit: int = 1000) -> int:
    """How many armed timers failed at their last firing, counted up to `limit`."""
    counted = "select count(*) from (select 1 from timer where attempts > 0 limit $1) t"
    return int(await tx.raw.fetchval(counted, limit))
