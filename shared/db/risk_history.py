"""Finished resolution clocks with the histories of their disputes, read in pages for learning from; nothing is locked."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.db import stories
from shared.db.clocks import READ, to_clock
from shared.db.engine import Database, Tx
from shared.domain.breach_history import PastClock, Turn
from shared.domain.clock_record import Clock, Kind
from shared.domain.story import Story
from shared.messages.events import DeadlineExtended, DisputeAssigned, DisputeEscalated, PolicyMigrated

PAGE: Final = 250
_FAR: Final = (datetime.max.replace(tzinfo=UTC), UUID(int=(1 << 128) - 1))
_PAGE: Final = (
    "select id, received_at from dispute where (received_at, id) < ($1, $2) and received_at >= $3 "
    "order by received_at desc, id desc limit $4"
)
_CLOCKS: Final = (
    f"select {READ} from clock c where c.dispute_id = any($1::uuid[]) and c.kind = '{Kind.RESOLUTION.value}' "
    "and c.state in ('met', 'missed') and c.due_at <= $2 order by c.dispute_id, c.generation"
)
_TURNS: Final = (
    "select dispute_id, type, occurred_at, coalesce(data->>'to_tier', data->>'tier')::int as tier, "
    "data->>'clock' as clock, (data->>'generation')::int as generation, data->'moved'->'resolution' is not null as moved "
    "from event where dispute_id = any($1::uuid[]) and type = any($2::text[]) order by dispute_id, sequence"
)
_TOLD: Final = [DisputeAssigned.type, DisputeEscalated.type, DeadlineExtended.type, PolicyMigrated.type]


class Past(NamedTuple):
    """Some of the history: clocks to learn from, and every story, for how many disputes were open when."""

    clocks: Sequence[PastClock]
    stories: Sequence[Story]
    left_out: int


async def pages(database: Database, *, since: datetime, until: datetime, limit: int) -> AsyncIterator[Past]:
    """The newest disputes received since then, at most `limit`, each page in a transaction of its own.

    A clock counts once its due has passed by `until`: of those that may still run, only the quick ones have ended. One
    that a migration of policies moved is left out, for nobody knows any more what it was before.
    """
    place: tuple[datetime, UUID] = _FAR
    while limit > 0:
        async with database.transaction() as tx:
            rows = await tx.raw.fetch(_PAGE, *place, since, min(PAGE, limit))
            if not rows:
                return
            yield await _read(tx, [row["id"] for row in rows], until)
        place = rows[-1]["received_at"], rows[-1]["id"]
        limit -= len(rows)


async def _read(tx: Tx, ids: Sequence[UUID], until: datetime) -> Past:
    told = {story.dispute.id: story for story in await stories.read(tx, ids)}
    events: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in await tx.raw.fetch(_TURNS, list(ids), _TOLD):
        events.setdefault(row["dispute_id"], []).append(row)
    found: list[PastClock] = []
    left_out = 0
    for row in await tx.raw.fetch(_CLOCKS, list(ids), until):
        of = events.get(row["dispute_id"], ())
        story = told.get(row["dispute_id"])
        if story is None or any(each["moved"] for each in of):
            left_out += 1
        else:
            found.append(_past(to_clock(row), story, of))
    return Past(found, list(told.values()), left_out)


def _past(clock: Clock, story: Story, events: Sequence[Mapping[str, Any]]) -> PastClock:
    turns = [
        Turn(each["occurred_at"], each["tier"], each["type"] == DisputeEscalated.type)
        for each in events
        if each["tier"] is not None and each["type"] in {DisputeAssigned.type, DisputeEscalated.type}
    ]
    extended = [
        each["occurred_at"]
        for each in events
        if each["type"] == DeadlineExtended.type
        and (each["clock"], each["generation"]) == (clock.kind.value, clock.generation)
    ]
    return PastClock(clock, story, tuple(turns), tuple(extended))
