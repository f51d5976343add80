"""Sketches of disputes' texts: what still has none, and what is worth comparing. Every look is bounded in what it reads.

New disputes are found by their ids, which are made in the order of time, up to clocks that differ and transactions that
commit late. Three places go over the same ids: `front` stops two seconds ago, so that it looks at the newest ones again and
again; `behind` goes once over everything older than five minutes, which no filing outlives, for its statements and its
rests are limited to 15 seconds each; `circle` goes over all disputes for ever, and needs to trust no clock at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.db.engine import Tx
from shared.domain.clustering import Told
from shared.domain.dispute import Dispute
from shared.domain.likeness import BANDS, TEXT_CHARACTERS_MAX, Sketch, sketch
from shared.domain.relating import SAME_MATTER_WITHIN

FIRST: Final = UUID(int=0)
LAST: Final = UUID(int=(1 << 128) - 1)
PERIOD: Final = SAME_MATTER_WITHIN
"""A stored band begins with a number for the sixty days in which its dispute was received. What is compared lies in three
such periods, so new sketches go to a part of each index that stays as small as three periods are, and stays in memory."""
OF_A_BAND_MAX: Final = 16
"""Rows read of one band, the newest first: a template that thousands sent costs no more than any other text."""
CANDIDATES_MAX: Final = 24
"""Of those, the ones that share the most bands."""

NEIGHBOURS_MAX: Final = 30
"""Disputes looked at before and after one, and of its order reference."""

_PLACES: Final = ("front", "behind", "circle")
_HOLD: Final = f"select {', '.join(_PLACES)} from likeness_progress where id = 1 for update skip locked"
_KEEP: Final = f"update likeness_progress set {', '.join(f'{p} = ${n}' for n, p in enumerate(_PLACES, 1))} where id = 1"
# First the slice, then what lacks a sketch; the bounds are named twice, so that no plan reads sketches outside of it.
_SLICE: Final = (
    "with s as materialized (select dispute_id from dispute_private where dispute_id > $1 and dispute_id <= $2 "
    "order by dispute_id limit $3) "
    "select count(*) as seen, (array_agg(s.dispute_id order by s.dispute_id))[count(*)] as last, array(select m.dispute_id from s as m "
    "where not exists (select from likeness l where l.dispute_id = m.dispute_id and l.dispute_id > $1 "
    "and l.dispute_id <= $2) order by m.dispute_id limit $4) as missing from s"
)
_NAMES: Final = ("dispute_id", "customer_id", "received_at", "runs", "minima", *(f"band_{n}" for n in range(BANDS)))
_TYPES: Final = ("uuid", "uuid", "timestamptz", "int", "bytea", *("int" for _ in range(BANDS)))
_UNNEST: Final = ", ".join(f"${n}::{type_}[]" for n, type_ in enumerate(_TYPES, 1))
# The lock holds off an erasure until the sketch is there to be erased; one that came first is seen by `erased_at`.
_ADD: Final = (
    f"with t as (select * from unnest({_UNNEST}) as t({', '.join(_NAMES)})), "
    "held as (select p.dispute_id from dispute_private p where p.dispute_id = any($1::uuid[]) and p.erased_at is null "
    "order by p.dispute_id for share) "
    f"insert into likeness ({', '.join(_NAMES)}) select t.* from t join held using (dispute_id) "
    "on conflict (dispute_id) do nothing returning dispute_id"
)
_OF: Final = (
    "select dispute_id, customer_id, received_at, runs, minima from likeness where dispute_id = any($1::uuid[])"
)
_TEXTS: Final = (
    "select p.dispute_id, d.customer_id, d.received_at, p.subject, left(p.description, $2) as description "
    "from dispute_private p join dispute d on d.id = p.dispute_id "
    "where p.dispute_id = any($1::uuid[]) and p.erased_at is null order by p.dispute_id"
)
_NEIGHBOURS: Final = (
    "(select id from dispute where customer_id = $1 and received_at <= $2 and id <> $3 "
    f"order by received_at desc limit {NEIGHBOURS_MAX}) "
    "union (select id from dispute where customer_id = $1 and received_at > $2 and id <> $3 "
    f"order by received_at limit {NEIGHBOURS_MAX}) "
    f"union (select id from dispute where order_reference = $4 and id <> $3 limit {NEIGHBOURS_MAX})"
)


def _candidates_sql(first: str) -> str:
    bands = " union all ".join(
        f"(select dispute_id, customer_id from likeness where band_{n} = q.band_{n} "
        f"and received_at between q.since and q.until order by received_at {first} limit {OF_A_BAND_MAX})"
        for n in range(BANDS)
    )
    columns = ("dispute_id", "customer_id", "since", "until", *(f"band_{n}" for n in range(BANDS)))
    types = ("uuid", "uuid", "timestamptz", "timestamptz", *("int" for _ in range(BANDS)))
    unnested = ", ".join(f"${n}::{type_}[]" for n, type_ in enumerate(types, 1))
    return (
        "select dispute_id, candidate from (select q.dispute_id, f.dispute_id as candidate, row_number() over "
        f"(partition by q.dispute_id order by count(*) desc, f.dispute_id {first}) as place "
        f"from unnest({unnested}) as q({', '.join(columns)}) cross join lateral ({bands}) as f "
        "where f.dispute_id <> q.dispute_id and f.customer_id <> q.customer_id group by 1, 2) as ranked "
        f"where place <= {CANDIDATES_MAX} order by dispute_id, place"
    )


_CANDIDATES: Final = _candidates_sql("desc")
_OLDEST: Final = _candidates_sql("asc")


class Text(NamedTuple):
    """A dispute whose text is to be sketched."""

    dispute_id: UUID
    customer_id: UUID
    received_at: datetime
    subject: str
    description: str

    def told(self) -> Told:
        """The dispute with its sketch, which takes a fraction of a millisecond."""
        return Told(self.dispute_id, self.customer_id, self.received_at, sketch(self.subject, self.description))


class Places(NamedTuple):
    """How far each walk is: the id that it has passed."""

    front: UUID
    behind: UUID
    circle: UUID


class Slice(NamedTuple):
    """The texts of one slice that lack a sketch, where the next slice begins, and whether this was the last."""

    texts: Sequence[Text]
    next_from: UUID
    ended: bool


def bound(moment: datetime) -> UUID:
    """The smallest id that can be made at this instant."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def made_at(dispute_id: UUID) -> float:
    """When an id was made by the clock of its maker, in Unix seconds: a hint, never a fact."""
    return (dispute_id.int >> 80) / 1000


async def hold(tx: Tx) -> Places | None:
    """How far sketching is, locked until the transaction ends; None while somebody else sketches."""
    row = await tx.raw.fetchrow(_HOLD)
    return None if row is None else Places(*row)


async def keep(tx: Tx, places: Places) -> None:
    """Stores how far it is; the place is held."""
    await tx.raw.execute(_KEEP, *places)


async def unsketched(tx: Tx, after: UUID, until: UUID, *, look_at: int, limit: int) -> Slice:
    """Looks at so many disputes that follow an id; of those without a sketch at most `limit`, in the order of their ids."""
    row = await tx.raw.fetchrow(_SLICE, after, until, look_at, limit)
    assert row is not None
    missing = row["missing"]
    # The texts of one that was erased are gone: it keeps its place in the slice, and has none.
    texts = [Text(*each) for each in await tx.raw.fetch(_TEXTS, missing, TEXT_CHARACTERS_MAX)] if missing else []
    if len(missing) == limit:
        return Slice(texts, missing[-1], ended=False)
    return Slice(texts, row["last"] or after, ended=row["seen"] < look_at)


async def add(tx: Tx, told: Sequence[Told]) -> set[UUID]:
    """Stores sketches; those of disputes that were erased meanwhile, or have one, are left out. Returns whose were stored."""
    if not told:
        return set()
    rows = [
        (*each[:3], each.sketch.runs, each.sketch.minima, *_keys(each.sketch, _period(each.received_at)))
        for each in told
    ]
    return {row["dispute_id"] for row in await tx.raw.fetch(_ADD, *map(list, zip(*rows, strict=True)))}


async def of_many(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Told]:
    """The sketches of those of the disputes that have one, without their bands."""
    return {row["dispute_id"]: _told(row) for row in await tx.raw.fetch(_OF, list(ids))}


async def of_texts(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Told]:
    """The same, made anew from the texts; one that was erased is not there."""
    rows = await tx.raw.fetch(_TEXTS, list(ids), TEXT_CHARACTERS_MAX)
    return {row["dispute_id"]: Text(*row).told() for row in rows}


async def candidates(tx: Tx, told: Sequence[Told], *, oldest: bool = False) -> Mapping[UUID, Sequence[UUID]]:
    """For each dispute those of other customers whose text may be near it, received within sixty days of it.

    At most 24 each, those that share the most bands first, and of a text that more than those sent the newest, or the oldest; a text without words has none. What shares no band is not
    found: one pair in a hundred that are 0.6 alike, one in ten of those at 0.5.
    """
    asked = [each for each in told if each.sketch.bands]
    if not asked:
        return {}
    rows = list(chain.from_iterable(map(_probes, asked)))
    found: dict[UUID, list[UUID]] = {}
    for row in await tx.raw.fetch(_OLDEST if oldest else _CANDIDATES, *map(list, zip(*rows, strict=True))):
        found.setdefault(row["dispute_id"], []).append(row["candidate"])
    return found


async def neighbours(tx: Tx, dispute: Dispute) -> set[UUID]:
    """Disputes of the same customer nearest in time, and of the same order; at most ninety, from their indexes alone."""
    asked = (dispute.customer_id, dispute.received_at, dispute.id, dispute.order_reference)
    return {row["id"] for row in await tx.raw.fetch(_NEIGHBOURS, *asked)}


def every(found: Mapping[UUID, Sequence[UUID]]) -> set[UUID]:
    """All candidates of all disputes."""
    return set(chain.from_iterable(found.values()))


def _probes(each: Told) -> Iterator[tuple[Any, ...]]:
    """What is looked for in each of the periods around a dispute."""
    since, until = each.received_at - SAME_MATTER_WITHIN, each.received_at + SAME_MATTER_WITHIN
    for period in range(_period(since), _period(until) + 1):
        yield each.dispute_id, each.customer_id, since, until, *_keys(each.sketch, period)


def _period(moment: datetime) -> int:
    return int(moment.timestamp() // PERIOD.total_seconds())


def _keys(made: Sketch, period: int) -> Sequence[int | None]:
    """The bands as they are stored: a byte of the period, three of the band; none for a text without words."""
    first = (period % 256 << 24) - (1 << 31)
    return [first | band & 0xFF_FFFF for band in made.bands] or (None,) * BANDS


def _told(row: Mapping[str, Any]) -> Told:
    return Told(row["dispute_id"], row["customer_id"], row["received_at"], Sketch(row["runs"], row["minima"], ()))
