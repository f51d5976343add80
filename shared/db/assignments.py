"""Who has what: open disputes by handler, and the people around a dispute who must not handle it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from shared.db.engine import Tx
from shared.db.tables.schema import OPEN
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import Stage
from shared.messages.events import DisputeAssigned, DisputeEscalated, DisputeReopened

LOAD_COUNTED_MAX: Final = 10_000
"""Of one handler; whoever has more open disputes than this counts as having so many."""
OPEN_COUNTED_MAX: Final = 500_000
"""Open disputes that one look at everybody's load counts at most."""

# `OPEN` stands in the text, not in a parameter, so that the planner knows the partial index to hold all of it.
_LOADS: Final = (
    "select n.name, (select count(*) from (select 1 from dispute d where d.handler = n.name "
    f"and {OPEN} limit $2) c) as open from unnest($1::text[]) as n(name)"
)
_BY_TIER: Final = (
    f"with o as (select d.handler, d.tier from dispute d where d.handler is not null and {OPEN} limit $1) "
    "select handler, tier, count(*) as open from o group by handler, tier order by handler, tier"
)
_AROUND: Final = (
    "select d.id, p.name as filer, pr.parties::text as parties from dispute d "
    "left join principal p on p.id = d.filed_by left join dispute_private pr on pr.dispute_id = d.id "
    "where d.id = any($1::uuid[])"
)
_FORMER: Final = (
    "select t.id, array(select distinct e.data->>'handler' from event e where e.dispute_id = t.id "
    f"and e.type in ('{DisputeAssigned.type}', '{DisputeEscalated.type}') and e.data->>'handler' is not null "
    "and e.sequence < (select max(s.sequence) from event s where s.dispute_id = t.id "
    f"and s.type = '{DisputeReopened.type}' and s.data->>'because' = 'stage_2')) as former "
    "from unnest($1::uuid[]) as t(id)"
)


class Around(NamedTuple):
    """Those who handled an earlier stage of a dispute, and the names, casefolded, of its parties and its filer."""

    former: frozenset[str] = frozenset()
    involved: frozenset[str] = frozenset()


class Load(NamedTuple):
    """How many open disputes a handler has at a tier."""

    handler: str
    tier: int
    open: int


async def loads(tx: Tx, names: Sequence[str]) -> dict[str, int]:
    """How many open disputes each of these people handles."""
    return {row["name"]: row["open"] for row in await tx.raw.fetch(_LOADS, list(names), LOAD_COUNTED_MAX)}


async def by_tier(tx: Tx) -> list[Load]:
    """The open disputes of everybody who has one, by name and tier."""
    return [Load(row["handler"], row["tier"], row["open"]) for row in await tx.raw.fetch(_BY_TIER, OPEN_COUNTED_MAX)]


async def around(tx: Tx, disputes: Iterable[Dispute], *, parties: bool = True) -> dict[UUID, Around]:
    """Who is around these disputes; one with nobody is not there. Without `parties`, earlier handlers alone."""
    every = list(disputes)
    involved = await _involved(tx, every) if parties and every else {}
    reviewed = [each.id for each in every if each.stage is Stage.INTERNAL_2]
    former = await _former(tx, reviewed) if reviewed else {}
    nobody: frozenset[str] = frozenset()
    return {each: Around(former.get(each, nobody), involved.get(each, nobody)) for each in {**involved, **former}}


async def _involved(tx: Tx, every: Sequence[Dispute]) -> dict[UUID, frozenset[str]]:
    rows = await tx.raw.fetch(_AROUND, [each.id for each in every])
    named = {row["id"]: frozenset(_names(row)) for row in rows}
    return {dispute_id: names for dispute_id, names in named.items() if names}


def _names(row: Mapping[str, Any]) -> Iterable[str]:
    if row["filer"] is not None:
        yield row["filer"].casefold()
    if row["parties"] not in (None, "[]"):
        yield from (name.casefold() for party in orjson.loads(row["parties"]) if (name := party.get("name")))


async def _former(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    return {row["id"]: frozenset(row["former"]) for row in await tx.raw.fetch(_FORMER, list(ids)) if row["former"]}
