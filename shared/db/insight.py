"""What the matrix did: counted over the newest disputes received since an instant, by index and in bounded time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

import asyncpg
import orjson

from shared.db.engine import Tx
from shared.domain.evaluation import Line, Verdicts, verdicts
from shared.domain.lifecycle import ACTIVE, Status
from shared.messages.events import DisputeAssigned, DisputeEscalated, DisputeReopened, DisputeResolved

_IN_HOUSE: Final = sorted(status.value for status in ACTIVE - {Status.REFERRED_EXTERNAL})
_SEEN: Final = (
    "with d as materialized (select id, tier, outcome, reopen_count from dispute where received_at >= $1 and received_at <= $3 "
    "order by received_at desc, id desc limit $2) "
)
_LATE: Final = "extract(epoch from c.fired_at - c.due_at)"
_NOTICED: Final = "filter (where c.fired_at is not null and c.due_at is not null)"
_CLOCKS: Final = (
    f"{_SEEN} select c.kind, count(*) filter (where c.state = 'met') as kept, "
    "count(*) filter (where c.state = 'missed') as broken, "
    "count(*) filter (where c.state = 'missed' and c.met_at is not null) as met_late, "
    "count(*) filter (where c.state in ('running', 'paused')) as running, "
    "count(*) filter (where c.state = 'stopped') as stopped, "
    "count(*) filter (where c.warned <> '{}' and c.state = 'met') as warned_kept, "
    "count(*) filter (where c.warned <> '{}' and c.state = 'missed') as warned_broken, "
    f"count(*) {_NOTICED} as noticed, max({_LATE}) {_NOTICED} as late_max, "
    f"percentile_cont(array[0.5, 0.95, 0.99]) within group (order by {_LATE}) {_NOTICED} as late "
    "from d join clock c on c.dispute_id = d.id group by grouping sets ((c.kind), ())"
)
_VISITS: Final = (
    f"{_SEEN}, visit as (select c.dispute_id, c.tier, min(c.started_at) as since, "
    "max(greatest(c.met_at, c.stopped_at, c.fired_at)) as until, "
    "bool_or(c.state in ('running', 'paused')) as going_on "
    "from d join clock c on c.dispute_id = d.id where c.kind = 'tier' group by c.dispute_id, c.tier, c.phase) "
    "select tier, count(*) as visits, count(*) filter (where going_on) as going_on, "
    "percentile_cont(array[0.5, 0.9]) within group (order by extract(epoch from until - since)) "
    "filter (where not going_on) as spent from visit group by tier order by tier"
)
_OPEN: Final = (
    "select tier, count(*) as open, count(*) filter (where handler is null) as unhandled from dispute "
    "where status = any($1::text[]) and tier is not null group by tier order by tier"
)
_REASONS: Final = (
    f"{_SEEN} select r.reason, count(distinct d.id) as disputes from d join event e on e.dispute_id = d.id "
    "cross join lateral json_array_elements_text(e.data -> 'because') as r(reason) "
    "where e.type = any($4::text[]) group by r.reason"
)
_DECIDED_ONCE: Final = (
    f"{_SEEN} select tier, count(*) as decisions from d where reopen_count = 0 and outcome is not null and tier is not null "
    "group by tier"
)
_REOPENED: Final = (
    f"{_SEEN} select e.dispute_id, e.type, e.data::text as data from d join event e on e.dispute_id = d.id "
    "where d.reopen_count > 0 and e.type = any($4::text[]) order by e.dispute_id, e.sequence"
)
_COUNT: Final = "select count(*) from dispute where received_at >= $1 and received_at <= $2"


class Scope(NamedTuple):
    """Disputes received from then on, and how many of them at most, the newest first."""

    since: datetime
    limit: int


class KindSeen(NamedTuple):
    """The clocks of one kind; `late` are the 50th, 95th and 99th percentile of fired minus due in seconds."""

    kept: int
    broken: int
    met_late: int
    running: int
    stopped: int
    warned_kept: int
    warned_broken: int
    noticed: int
    late: tuple[float, float, float] | None
    late_max: float | None


class TierSeen(NamedTuple):
    """One tier; `spent` are the median and the 90th percentile of ended visits in seconds of elapsed time."""

    visits: int
    going_on: int
    spent: tuple[float, float] | None


class OpenSeen(NamedTuple):
    """Disputes that are with a tier now, and those of them without a handler."""

    open: int
    unhandled: int


class Seen(NamedTuple):
    """All of it. `clocks` has the kinds by name and everything together under the empty name."""

    received: int
    looked_at: int
    clocks: Mapping[str, KindSeen]
    visits: Mapping[int, TierSeen]
    open: Mapping[int, OpenSeen]
    reasons: Mapping[str, int]
    verdicts: Mapping[int, Verdicts]


async def look(tx: Tx, scope: Scope) -> Seen:
    """Counts it all, with one statement for each part."""
    place = (scope.since, scope.limit, tx.now)
    received = int(await tx.raw.fetchval(_COUNT, scope.since, tx.now))
    given = [DisputeAssigned.type, DisputeEscalated.type]
    return Seen(
        received=received,
        looked_at=min(received, scope.limit),
        clocks={row["kind"] or "": _kind(row) for row in await tx.raw.fetch(_CLOCKS, *place)},
        visits={row["tier"]: _visits(row) for row in await tx.raw.fetch(_VISITS, *place)},
        open={row["tier"]: OpenSeen(row["open"], row["unhandled"]) for row in await tx.raw.fetch(_OPEN, _IN_HOUSE)},
        reasons={row["reason"]: row["disputes"] for row in await tx.raw.fetch(_REASONS, *place, given)},
        verdicts=await _verdicts(tx, place),
    )


async def _verdicts(tx: Tx, place: tuple[datetime, int, datetime]) -> dict[int, Verdicts]:
    """Decisions that stand as they were given are counted by their dispute; the others by their histories."""
    told = [DisputeAssigned.type, DisputeEscalated.type, DisputeReopened.type, DisputeResolved.type]
    rows = await tx.raw.fetch(_REOPENED, *place, told)
    found = verdicts([_line(row) for row in lines] for _, lines in groupby(rows, key=itemgetter("dispute_id")))
    for row in await tx.raw.fetch(_DECIDED_ONCE, *place):
        known = found.get(row["tier"], Verdicts(0, 0, 0))
        found[row["tier"]] = known._replace(decisions=known.decisions + row["decisions"])
    return found


def _line(row: asyncpg.Record) -> Line:
    facts = orjson.loads(row["data"])
    match row["type"]:
        case DisputeAssigned.type:
            return Line(tier=facts["tier"])
        case DisputeEscalated.type:
            return Line(tier=facts["to_tier"])
        case DisputeResolved.type:
            return Line(outcome=facts["outcome"])
        case _:
            return Line(reopened=True, second_review=facts["because"] == "stage_2")


def _kind(row: asyncpg.Record) -> KindSeen:
    late: Sequence[float] | None = row["late"]
    facts = {name: row[name] for name in KindSeen._fields if name not in {"late", "late_max"}}
    most = None if row["late_max"] is None else float(row["late_max"])
    return KindSeen(**facts, late=None if late is None else (late[0], late[1], late[2]), late_max=most)


def _visits(row: asyncpg.Record) -> TierSeen:
    spent: Sequence[float] | None = row["spent"]
    return TierSeen(row["visits"], row["going_on"], None if spent is None else (spent[0], spent[1]))
