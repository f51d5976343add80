"""What the histories must say whatever went wrong: once only, never early, never after the end, unbroken."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.db.disputes import EMPTY_HEAD
from shared.db.engine import Database
from shared.db.history import Entry, first_break
from shared.messages.events import (
    CustomerNotified,
    DeadlineMissed,
    DeadlineWarned,
    DisputeAssigned,
    DisputeEscalated,
    DisputeReopened,
    DisputeResolved,
    EscalationRequested,
    Event,
    FollowUpDue,
    UpdateOwed,
)

Histories = Mapping[UUID, Sequence[Entry]]
_ALL: Final = (
    "select dispute_id, sequence, id, type, version, occurred_at, actor, traceparent, data::text as data, hash "
    "from event order by dispute_id, sequence"
)
TIMED: Final = (DisputeEscalated, DeadlineWarned, DeadlineMissed, UpdateOwed)
"""What only a timer says, and never of a dispute that is resolved."""


async def read(database: Database) -> Histories:
    """Every history there is."""
    found: defaultdict[UUID, list[Entry]] = defaultdict(list)
    async with database.transaction() as tx:
        for row in await tx.raw.fetch(_ALL):
            found[row["dispute_id"]].append(Entry(**{**row, "data": row["data"].encode()}))
    return found


def faults(histories: Histories) -> list[str]:
    """Everything that is wrong with them."""
    return [f"{fault} (dispute {dispute_id})" for dispute_id, told in histories.items() for fault in _faults(told)]


def counts(histories: Histories) -> dict[str, Any]:
    """How much happened, and how late the latest timer fired."""
    events = [entry.envelope.event for told in histories.values() for entry in told]
    climbs = sum(isinstance(event, DisputeEscalated) for event in events)
    late = [(_at(fired) - _at(due)).total_seconds() for event in events for fired, due in _instants(event)]
    return {"events": len(events), "climbs": climbs, "latest": f"{max(late, default=0.0):.1f} s"}


def _faults(told: Sequence[Entry]) -> Iterator[str]:
    broken = first_break(told, EMPTY_HEAD)
    if broken is not None:
        yield f"I6: the chain of the history breaks at {broken}"
    if [entry.sequence for entry in told] != list(range(1, len(told) + 1)):
        yield "I6: the history has a gap"
    events = [entry.envelope.event for entry in told]
    yield from _twice(events)
    yield from _early(events)
    yield from _out_of_order(events)


def _twice(events: Sequence[Event]) -> Iterator[str]:
    """I2: what is to happen once happened once; a reopening begins anew."""
    life, seen = 0, Counter[tuple[Any, ...]]()
    for event in events:
        life += isinstance(event, DisputeReopened)
        key = _once(event, life)
        if key is not None:
            seen[key] += 1
    for key, times in seen.items():
        if times > 1:
            yield f"I2: {' '.join(map(str, key))} happened {times} times"
    wishes = sum(isinstance(event, EscalationRequested) for event in events)
    granted = sum(isinstance(event, DisputeEscalated) and event.clock is None for event in events)
    if granted > wishes:
        yield f"I2: {granted} climbs by hand for {wishes} wishes"


def _once(event: Event, life: int) -> tuple[Any, ...] | None:
    key: tuple[Any, ...] | None = None
    match event:
        case DisputeAssigned(first=True):
            key = ("taken up",)
        case DisputeEscalated():
            key = ("escalated to tier", event.to_tier, "in life", life)
        case DeadlineWarned():
            key = ("warned at", event.percent, event.clock, event.generation)
        case DeadlineMissed():
            key = ("missed", event.clock, event.generation)
        case FollowUpDue():
            key = ("follow-up asked", event.occasion)
        case CustomerNotified():
            key = ("customer told", event.delivery_id)
    return key


def _early(events: Sequence[Event]) -> Iterator[str]:
    """I3: nothing fired before it was due."""
    for event in events:
        for fired, due in _instants(event):
            if _at(fired) < _at(due):
                yield f"I3: {event.type} fired at {fired}, due at {due}"


def _instants(event: Event) -> list[tuple[str, str]]:
    match event:
        case DeadlineWarned():
            return [(event.fired_at, event.warn_at)]
        case DeadlineMissed() | FollowUpDue():
            return [(event.fired_at, event.due_at)]
        case DisputeEscalated() if event.fired_at is not None and event.due_at is not None:
            return [(event.fired_at, event.due_at)]
        case _:
            return []


def _out_of_order(events: Sequence[Event]) -> Iterator[str]:
    """I5: tiers only climb between reopenings, and nothing climbs or is missed after the decision."""
    tier, resolved = 0, False
    for event in events:
        if isinstance(event, DisputeReopened):
            resolved = False
        elif isinstance(event, DisputeResolved):
            resolved = True
        elif resolved and isinstance(event, TIMED):
            yield f"I5: {event.type} after the dispute was resolved"
        if isinstance(event, DisputeAssigned):
            tier = event.tier
        if isinstance(event, DisputeEscalated):
            if event.from_tier != tier or event.to_tier <= tier:
                yield f"I5: climbed from {event.from_tier} to {event.to_tier} when at {tier}"
            tier = event.to_tier


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
