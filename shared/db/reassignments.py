"""Reassignments: the open disputes of one handler given to others, slice by slice. Rows, not rules."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from msgspec import Struct, field

from shared.db.engine import Tx
from shared.db.tables.schema import OPEN
from shared.domain.errors import Conflict, NotFound
from shared.runtime.ids import new_id

HINT: Final = "reassignment"
"""What a commit leaves behind when a reassignment waits to be carried out."""
FAILURES_KEPT_MAX: Final = 20
LISTED_MAX: Final = 100
WAITING_MAX: Final = 100
"""Reassignments that may wait at once."""

_JSON: Final = ("filter", "counts", "failures")
_NAMES: Final = (
    "id",
    "from_handler",
    "to_handler",
    "filter",
    "reason",
    "requested_by",
    "state",
    "after",
    "counts",
    "failures",
    "created_at",
    "started_at",
    "finished_at",
)
_SELECT: Final = "select " + ", ".join(f"{n}::text" if n in _JSON else n for n in _NAMES) + " from reassignment"
_INSERT: Final = (
    "insert into reassignment (id, from_handler, to_handler, filter, reason, requested_by, state, after, counts, failures, "
    "created_at) select $1, $2, $3, $4::json, $5, $6, 'queued', $7, '{}', '[]', $8 "
    "where (select count(*) from reassignment where finished_at is null) < $9"
)
_TAKE: Final = (
    f"{_SELECT} where id = (select id from reassignment where finished_at is null order by created_at, id limit 1) "
    "and finished_at is null for update skip locked"
)
_KEEP: Final = (
    "update reassignment set state = $2, after = $3, counts = $4::json, failures = $5::json, "
    "started_at = coalesce(started_at, $6), finished_at = $7 where id = $1"
)
_MEANT: Final = (
    f"from dispute d where d.handler = $1 and {OPEN} and d.id > $2 "
    "and ($3::int[] is null or d.tier = any($3)) and ($4::text[] is null or d.category = any($4)) "
    "and ($5::text[] is null or d.severity = any($5))"
)
_SLICE: Final = f"select d.id {_MEANT} order by d.id limit $6"
_COUNT: Final = f"select count(*) from (select 1 {_MEANT} limit $6) c"
COUNTED_MAX: Final = 100_000
"""Of one handler; more open disputes than this are counted as so many."""


class Filter(NamedTuple):
    """Which of the disputes; a part that is None lets all through."""

    tiers: tuple[int, ...] | None = None
    categories: tuple[str, ...] | None = None
    severities: tuple[str, ...] | None = None


class Wanted(NamedTuple):
    """What is asked for: whose disputes, whom to, why, and by whom; `to` None is whoever fits best."""

    of: str
    to: str | None
    filter: Filter
    reason: str
    requested_by: str


class Reassignment(Struct, frozen=True, kw_only=True):
    """One reassignment and how far it is. `failures` are the first disputes that could not be given to anybody."""

    id: UUID
    from_handler: str
    to_handler: str | None
    filter: Filter
    reason: str
    requested_by: str
    state: str
    after: UUID
    counts: Mapping[str, int] = field(default_factory=dict)
    failures: Sequence[Mapping[str, str]] = ()
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


async def create(tx: Tx, wanted: Wanted) -> Reassignment:
    """Stores a reassignment to be carried out; escalation takes it up after the commit.

    Raises:
        Conflict: too many wait already.
    """
    made = new_id()
    parts = orjson.dumps(wanted.filter._asdict()).decode()
    facts = (wanted.of, wanted.to, parts, wanted.reason, wanted.requested_by)
    done = await tx.raw.execute(_INSERT, made, *facts, UUID(int=0), tx.now, WAITING_MAX)
    if not done.endswith(" 1"):
        raise Conflict(f"There are {WAITING_MAX} reassignments waiting already.")
    tx.hints.add(HINT)
    return await get(tx, made)


async def get(tx: Tx, reassignment_id: UUID) -> Reassignment:
    """One reassignment.

    Raises:
        NotFound: there is none with this id.
    """
    row = await tx.raw.fetchrow(f"{_SELECT} where id = $1", reassignment_id)
    if row is None:
        raise NotFound("reassignment", reassignment_id)
    return _reassignment(row)


async def listed(tx: Tx, limit: int = LISTED_MAX) -> list[Reassignment]:
    """The reassignments, newest first, at most `limit`."""
    rows = await tx.raw.fetch(f"{_SELECT} order by created_at desc, id desc limit $1", limit)
    return [_reassignment(row) for row in rows]


async def cancel(tx: Tx, reassignment_id: UUID) -> Reassignment:
    """The reassignment ended where it is; what changed hands stays where it went.

    Raises:
        NotFound: there is none with this id.
        Conflict: it is over already.
    """
    ended = "update reassignment set state = 'cancelled', finished_at = $2 where id = $1 and finished_at is null"
    done = await tx.raw.execute(ended, reassignment_id, tx.now)
    found = await get(tx, reassignment_id)
    if not done.endswith(" 1"):
        raise Conflict(f"The reassignment is {found.state}.")
    return found


async def take(tx: Tx) -> Reassignment | None:
    """The oldest reassignment that waits, locked until the transaction ends; None while somebody else works on it."""
    row = await tx.raw.fetchrow(_TAKE)
    return None if row is None else _reassignment(row)


async def next_slice(tx: Tx, job: Reassignment, limit: int) -> list[UUID]:
    """The next open disputes of the handler, in the order of their ids; fewer than `limit` are the last."""
    return await slice_after(tx, job.from_handler, job.filter, job.after, limit)


async def slice_after(tx: Tx, of: str, which: Filter, after: UUID, limit: int) -> list[UUID]:
    """The open disputes of a handler that the filter lets through and that follow an id, in the order of their ids."""
    return [row["id"] for row in await tx.raw.fetch(_SLICE, of, after, *_lists(which), limit)]


async def count_meant(tx: Tx, of: str, which: Filter) -> int:
    """How many open disputes of a handler the filter lets through, counted up to `COUNTED_MAX`."""
    return int(await tx.raw.fetchval(_COUNT, of, UUID(int=0), *_lists(which), COUNTED_MAX))


def _lists(which: Filter) -> list[list[Any] | None]:
    return [None if part is None else list(part) for part in which]


async def keep(tx: Tx, job: Reassignment) -> None:
    """Stores how far a taken reassignment is."""
    counts, failures = orjson.dumps(dict(job.counts)).decode(), orjson.dumps(list(job.failures)).decode()
    await tx.raw.execute(_KEEP, job.id, job.state, job.after, counts, failures, tx.now, job.finished_at)


def _reassignment(row: Mapping[str, Any]) -> Reassignment:
    facts = dict(row) | {name: orjson.loads(row[name]) for name in _JSON}
    parts = {name: None if part is None else tuple(part) for name, part in facts["filter"].items()}
    return Reassignment(**{**facts, "filter": Filter(**parts)})
