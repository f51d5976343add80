"""Open disputes that lost what keeps them going: looked for in bounded slices, so that looking never hurts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from shared.db.engine import Tx
from shared.domain.lifecycle import ACTIVE, SETTLED, Status

_WATCHED: Final = sorted(status.value for status in ACTIVE | SETTLED)
_CLIMBING: Final = sorted(status.value for status in ACTIVE - {Status.REFERRED_EXTERNAL})
_LOST: Final = (
    "select s.id from s where (s.status = any($3::text[]) and not exists (select 1 from timer t where t.dispute_id = s.id))"
    " or (s.status = any($4::text[]) and s.handler is null)"
)
_SLICE: Final = (
    "with s as materialized (select d.id, d.status, d.handler, d.tier, d.received_at from dispute d where d.id > $1 "
    "order by d.id limit $2) "
    "select max(s.id::text) as last, count(*) as seen, "
    f"array(select l.id from ({_LOST}) l join s using (id) where s.tier is not null or s.received_at < $5) as lost "
    "from s"
)
_RECENT: Final = (
    "with s as materialized (select d.id, d.status, d.handler from dispute d "
    f"where d.received_at >= $1 and d.received_at < $5 order by d.received_at limit $2) {_LOST}"
)
_AGED: Final = (
    "with s as materialized (select d.id, d.status, d.tier, d.policy_version, d.received_at from dispute d "
    "where (d.received_at, d.id) > ($1, $2) and d.received_at <= $3 order by d.received_at, d.id limit $4), "
    "l as (select id, received_at from s order by received_at desc, id desc limit 1) "
    "select (select id from l) as last_id, (select received_at from l) as last_at, (select count(*) from s) as seen, "
    "array(select id from s where status = any($5::text[]) and policy_version = $6 and tier < $7) as climbing"
)
RECENT: Final = timedelta(hours=1)
GRACE: Final = timedelta(seconds=30)
"""A dispute younger than this may simply not have been handled yet."""
FIRST: Final = UUID(int=0)


class Slice(NamedTuple):
    """The disputes of one slice that lack a timer or a handler, and where the next slice begins."""

    lost: Sequence[UUID]
    next_from: UUID


class Place(NamedTuple):
    """A place in the order in which disputes were received."""

    received_at: datetime
    id: UUID = FIRST


class Aged(NamedTuple):
    """The disputes of one slice that an age may move to a tier, and where the next slice begins; `ended` has no next."""

    ids: Sequence[UUID]
    next_from: Place
    ended: bool


async def aged(tx: Tx, after: Place, until: datetime, *, version: int, below_tier: int, limit: int) -> Aged:
    """Looks at `limit` disputes received after a place and until an instant.

    Named are those that still climb, rest on this version of the matrix and are below the tier.
    """
    row = await tx.raw.fetchrow(_AGED, *after, until, limit, _CLIMBING, version, below_tier)
    assert row is not None
    ended = row["seen"] < limit
    return Aged(row["climbing"], Place(until) if ended else Place(row["last_at"], row["last_id"]), ended)


async def lost_in_slice(tx: Tx, after: UUID, limit: int) -> Slice:
    """Looks at the `limit` disputes that follow an id, and begins again at the first when there are no more.

    Those just filed and not yet taken up are passed over: their event may simply be on its way.
    """
    row = await tx.raw.fetchrow(_SLICE, after, limit, _WATCHED, _CLIMBING, _until(tx.now))
    assert row is not None
    ended = row["seen"] < limit or row["last"] is None
    return Slice(row["lost"], FIRST if ended else UUID(row["last"]))


async def lost_recently(tx: Tx, limit: int) -> Sequence[UUID]:
    """Among the disputes of the last hour, those that were filed a while ago and still lack a timer or a handler."""
    since, until = tx.now - RECENT, _until(tx.now)
    return [row["id"] for row in await tx.raw.fetch(_RECENT, since, limit, _WATCHED, _CLIMBING, until)]


def _until(now: datetime) -> datetime:
    return now - GRACE
