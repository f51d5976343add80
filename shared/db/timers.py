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
# What belongs to them is read by a statement of its own, for this one may not see what the last holder did there.
_TAKE: Final = (
    "with due as materialized ("
    f"select {_DISPUTE}, t.kind, t.generation, t.due_at as timer_due_at, t.attempts from timer t join dispute d on d.id = t.dispute_id "
    "where t.due_at >= $1 and t.due_at <= $2 order by t.due_at limit $3 "
    "for no key update of d skip locked for update of t skip locked) select * from due"
)
IMAGE: Final = (("dispute_id", "uuid"), ("kind", "text"), ("due_at", "timestamptz"), ("generation", "int"))
"""The columns of the composite type `timer_image`."""


def _arm_sql(images: int) -> str:
    return (
        "insert into timer (dispute_id, kind, due_at, generation, attempts) "
        f"select dispute_id, kind, due_at, generation, 0 from unnest(${images}::timer_image[]) as t "
        "order by dispute_id, kind on conflict (dispute_id, kind) "
        "do update set due_at = excluded.due_at, generation = excluded.generation, attempts = 0"
    )


def _disarm_sql(ids: int) -> str:
    return (
        f"delete from timer t using unnest(${ids}::uuid[], ${ids + 1}::text[]) as g(dispute_id, kind) "
        "where t.dispute_id = g.dispute_id and t.kind = g.kind"
    )


def writing(armed: int, gone: int) -> str:
    """The parts of a statement, named `ta` and `td`, that set timers and take them away; no timer may be in both.

    The first are images in one parameter, the others ids and kinds, in this parameter and the next.
    """
    return f"ta as ({_arm_sql(armed)}), td as ({_disarm_sql(gone)})"


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


def images(tx: Tx, armed: Sequence[Armed]) -> list[tuple[Any, ...]]:
    """The timers as their statement takes them, none in the past; a sweep is hinted at those that are soon due."""
    now, soon = tx.now, tx.now + SOON
    if any(each.due_at < soon for each in armed):
        tx.hints.add("timer")
    return [(each.dispute_id, each.kind, max(each.due_at, now), each.generation) for each in armed]


def keys(gone: Sequence[tuple[UUID, Kind]]) -> tuple[list[UUID], list[str]]:
    """The ids and kinds of these timers."""
    return [dispute_id for dispute_id, _ in gone], [kind for _, kind in gone]


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
    pause = pause_after(attempts)
    await tx.raw.fetchval(_PARK, dispute_id, kind, tx.now + pause)
    return tx.now + pause


def pause_after(attempts: int) -> timedelta:
    """How long what failed rests, after so many failures before this one."""
    return min(PAUSE_FIRST * (1 << min(attempts, _DOUBLINGS_MAX)), PAUSE_MAX)


async def failing(tx: Tx, limit: int = 1000) -> int:
    """How many armed timers failed at their last firing, counted up to `limit`."""
    counted = "select count(*) from (select 1 from timer where attempts > 0 limit $1) t"
    return int(await tx.raw.fetchval(counted, limit))
