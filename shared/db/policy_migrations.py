"""Migrations of open disputes to a version of the policy: asked for, taken slice by slice, finished. Rows, not rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from shared.db.engine import Tx
from shared.domain.errors import Conflict, NotFound
from shared.domain.lifecycle import ACTIVE, SETTLED
from shared.runtime.ids import new_id

HINT: Final = "migration"
"""What a commit leaves behind when a migration waits to be carried out."""
FAILURES_KEPT_MAX: Final = 20
WALKED_MAX: Final = 5000
"""Disputes, open or not, that one slice walks over at most."""

_OPEN: Final = sorted(status.value for status in ACTIVE | SETTLED)
_JSON: Final = ("filter", "counts", "failures")
_NAMES: Final = (
    "id",
    "name",
    "to_version",
    "filter",
    "reason",
    "allow_later",
    "requested_by",
    "state",
    "after",
    "counts",
    "failures",
    "fault",
    "created_at",
    "started_at",
    "finished_at",
)
_SELECT: Final = "select " + ", ".join(f"{n}::text" if n in _JSON else n for n in _NAMES) + " from policy_migration"
_INSERT: Final = (
    "insert into policy_migration (id, name, to_version, filter, reason, allow_later, requested_by, state, after, counts, "
    "failures, created_at) values ($1, $2, $3, $4::json, $5, $6, $7, 'queued', $8, '{}', '[]', $9)"
)
_TAKE: Final = (
    f"{_SELECT} where id = (select id from policy_migration where finished_at is null order by created_at, id limit 1) "
    "and finished_at is null for update skip locked"
)
_KEEP: Final = (
    "update policy_migration set state = $2, after = $3, counts = $4::json, failures = $5::json, fault = $6, "
    "started_at = coalesce(started_at, $7), finished_at = $8 where id = $1"
)
_SLICE: Final = (
    "with walked as materialized (select d.id, d.status, d.tier, d.policy_version, d.category, d.severity, "
    "d.customer_class, d.jurisdiction from dispute d where d.id > $1 order by d.id limit $2), "
    "wanted as (select id from walked where status = any($3::text[]) and tier is not null "
    "and policy_version is distinct from $4 "
    "and ($5::int[] is null or policy_version = any($5)) and ($6::int[] is null or tier = any($6)) "
    "and ($7::text[] is null or category = any($7)) and ($8::text[] is null or severity = any($8)) "
    "and ($9::text[] is null or customer_class = any($9)) and ($10::text[] is null or jurisdiction = any($10)) "
    "order by id limit $11) "
    "select array(select id from wanted) as ids, (select max(id::text) from walked) as last, "
    "(select count(*) from walked) as walked"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which open disputes; a part that is None lets all through."""

    from_versions: tuple[int, ...] | None = None
    tiers: tuple[int, ...] | None = None
    categories: tuple[str, ...] | None = None
    severities: tuple[str, ...] | None = None
    customer_classes: tuple[str, ...] | None = None
    jurisdictions: tuple[str, ...] | None = None

    def parts(self) -> dict[str, tuple[Any, ...] | None]:
        """Its parts by name, in the order in which they are declared."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One migration and how far it is. `counts` are disputes and deadlines; `failures` the first that could not be moved."""

    id: UUID
    name: str
    to_version: int
    filter: Filter
    reason: str
    allow_later: bool
    requested_by: str
    state: str
    after: UUID
    counts: Mapping[str, int] = field(default_factory=dict)
    failures: Sequence[Mapping[str, str]] = ()
    fault: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Wanted(NamedTuple):
    """What is asked for: whom, where to, why, and by whom."""

    to_version: int
    filter: Filter
    reason: str
    allow_later: bool
    requested_by: str


class Slice(NamedTuple):
    """The next disputes to be moved, where the slice ended, and whether it was the last."""

    ids: Sequence[UUID]
    after: UUID
    last: bool


async def create(tx: Tx, name: str, wanted: Wanted) -> Migration:
    """Stores a migration to be carried out; escalation takes it up after the commit."""
    made = new_id()
    parts = orjson.dumps(wanted.filter.parts()).decode()
    given = (wanted.reason, wanted.allow_later, wanted.requested_by)
    await tx.raw.execute(_INSERT, made, name, wanted.to_version, parts, *given, UUID(int=0), tx.now)
    tx.hints.add(HINT)
    return await get(tx, name, made)


async def get(tx: Tx, name: str, migration_id: UUID) -> Migration:
    """One migration.

    Raises:
        NotFound: there is no such migration of this policy.
    """
    row = await tx.raw.fetchrow(f"{_SELECT} where id = $1 and name = $2", migration_id, name)
    if row is None:
        raise NotFound("migration", migration_id)
    return _migration(row)


async def listed(tx: Tx, name: str, limit: int = 100) -> list[Migration]:
    """The migrations of a policy, newest first, at most `limit`."""
    query = f"{_SELECT} where name = $1 order by created_at desc, id desc limit $2"
    return [_migration(row) for row in await tx.raw.fetch(query, name, limit)]


async def cancel(tx: Tx, name: str, migration_id: UUID) -> Migration:
    """The migration ended where it is; what was moved stays moved.

    Raises:
        NotFound: there is no such migration of this policy.
        Conflict: it is over already.
    """
    ended = "update policy_migration set state = 'cancelled', finished_at = $3 where id = $1 and name = $2 and finished_at is null"
    done = await tx.raw.execute(ended, migration_id, name, tx.now)
    found = await get(tx, name, migration_id)
    if done != "UPDATE 1":
        raise Conflict(f"The migration is {found.state}.")
    return found


async def take(tx: Tx) -> Migration | None:
    """The oldest migration that waits, locked until the transaction ends; None while somebody else works on it."""
    row = await tx.raw.fetchrow(_TAKE)
    return None if row is None else _migration(row)


async def next_slice(tx: Tx, migration: Migration, limit: int) -> Slice:
    """The next disputes in the order of their ids that are to be moved and rest on another version."""
    parts = migration.filter.parts().values()
    lists = [None if part is None else list(part) for part in parts]
    row = await tx.raw.fetchrow(_SLICE, migration.after, WALKED_MAX, _OPEN, migration.to_version, *lists, limit)
    assert row is not None
    ids = row["ids"]
    if len(ids) == limit:
        return Slice(ids, ids[-1], last=False)
    after = migration.after if row["last"] is None else UUID(row["last"])
    return Slice(ids, after, last=row["walked"] < WALKED_MAX)


async def keep(tx: Tx, migration: Migration) -> None:
    """Stores how far a taken migration is."""
    failures = orjson.dumps(list(migration.failures)).decode()
    counts = orjson.dumps(dict(migration.counts)).decode()
    place = (migration.state, migration.after, counts, failures, migration.fault)
    await tx.raw.execute(_KEEP, migration.id, *place, tx.now, migration.finished_at)


def _migration(row: Mapping[str, Any]) -> Migration:
    facts = dict(row) | {name: orjson.loads(row[name]) for name in _JSON}
    parts = {name: None if part is None else tuple(part) for name, part in facts["filter"].items()}
    return Migration(**{**facts, "filter": Filter(**parts)})
