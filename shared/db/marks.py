"""Marks: facts of a dispute that its row does not carry, reported by whoever knows them, or read from its history."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.db import letters
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.errors import Conflict
from shared.domain.lifecycle import Trigger
from shared.domain.marks import EXTERNAL_DECIDED, REFERRED_EXTERNAL, REOPENED, STAGE_2_REQUESTED, Marks
from shared.domain.timekeeping import phase_of
from shared.messages.events import DisputeReopened, StatusChanged

MARKS_MAX: Final = 500
"""Of one dispute; no case has so many."""

_ADD: Final = (
    "insert into mark (dispute_id, name, at, actor, note, created_at) "
    "select $1, $2, $3, $4, $5, $6 where (select count(*) from mark where dispute_id = $1) < $7 "
    "on conflict (dispute_id, name, at) do nothing"
)
_OF: Final = "select dispute_id, name, at from mark where dispute_id = any($1::uuid[]) order by dispute_id, at"
_MOVES: Final = (
    "select dispute_id, occurred_at, type, data->>'because' as because, "
    "data->>'trigger' as trigger from event "
    "where dispute_id = any($1::uuid[]) "
    f"and (type = '{DisputeReopened.type}' "
    f"or type = '{StatusChanged.type}' and data->>'trigger' in ('{Trigger.REFER_EXTERNAL.value}', "
    f"'{Trigger.RECORD_EXTERNAL_DECISION.value}')) "
    "order by dispute_id, sequence"
)
_LIST: Final = "select name, at, actor, note, created_at from mark where dispute_id = $1 order by at, name limit $2"


class Mark(NamedTuple):
    """One fact, with who reported it and when."""

    name: str
    at: datetime
    actor: str
    note: str | None
    created_at: datetime


async def add(tx: Tx, dispute_id: UUID, mark: Mark) -> bool:
    """Stores a fact; False when it was there already. The dispute is locked by the caller.

    Raises:
        Conflict: the dispute has as many marks as any case can have.
    """
    done = await tx.raw.execute(_ADD, dispute_id, *mark, MARKS_MAX)
    if done.endswith(" 1"):
        return True
    if len(await listed(tx, dispute_id)) >= MARKS_MAX:
        raise Conflict(f"This dispute already has {MARKS_MAX} marks.")
    return False


async def listed(tx: Tx, dispute_id: UUID) -> list[Mark]:
    """All marks reported of one dispute, in order."""
    return [Mark(**dict(row)) for row in await tx.raw.fetch(_LIST, dispute_id, MARKS_MAX)]


async def of_many(tx: Tx, disputes: Iterable[Dispute]) -> dict[UUID, Marks]:
    """The facts of these disputes with the exact instants, letters that were sent among them; one without any is not there."""
    every = list(disputes)
    if not every:
        return {}
    found: dict[UUID, dict[str, list[datetime]]] = {}
    ids = [each.id for each in every]
    for row in await tx.raw.fetch(_OF, ids):
        found.setdefault(row["dispute_id"], {}).setdefault(row["name"], []).append(row["at"])
    for dispute_id, sent in (await letters.of_many(tx, ids)).items():
        for each in sent:
            for name in each.facts:
                found.setdefault(dispute_id, {}).setdefault(name, []).append(each.sent_at)
    moved = [each.id for each in every if phase_of(each)]
    for row in await tx.raw.fetch(_MOVES, moved) if moved else ():
        for name in _named(row["type"], row["because"], row["trigger"]):
            found.setdefault(row["dispute_id"], {}).setdefault(name, []).append(row["occurred_at"])
    return {dispute_id: {name: tuple(sorted(at)) for name, at in facts.items()} for dispute_id, facts in found.items()}


def _named(event_type: str, because: str | None, trigger: str | None) -> tuple[str, ...]:
    if event_type == StatusChanged.type:
        return (REFERRED_EXTERNAL if trigger == Trigger.REFER_EXTERNAL.value else EXTERNAL_DECIDED,)
    return (REOPENED, STAGE_2_REQUESTED) if because == "stage_2" else (REOPENED,)
