"""The published clock suite lived through: every case at once on a real database, whose clock is moved on.

Each case is a dispute whose clock counts by the case's rule. Waits come about when they begin and end when they end;
the sweep looks at every instant at which something happens, and a moment before each deadline.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.escalation.deciding import Decided, save
from services.escalation.handlers import Handlers
from services.escalation.sweep import Sweep
from shared.db import disputes
from shared.db.engine import Tx
from shared.db.policies import Matrices
from shared.domain.clock_record import Clock, ClockState, Kind, OnBreach, Promise
from shared.domain.dispute import Wait
from shared.domain.frozen import altered
from shared.domain.lifecycle import Trigger
from shared.domain.plan import Arm, Plan
from shared.domain.timekeeping import started
from shared.messages.events import DeadlineMissed, DeadlineWarned
from tests.builders import a_dispute, a_filing
from tests.domain.matrices import CALENDARS as DESK
from tests.domain.matrices import a_tier
from tests.domain.test_clock_suite import CALENDARS, CASES, history_of, spec_of
from tests.services.escalation.room import Room, moved

SUITE_CALENDARS = {**DESK, **CALENDARS}
NO_CLOCKS: dict[str, Any] = {"tier": {"reminders": [], "warn_at": []}}
MARGIN = timedelta(seconds=10)
AFTER_ALL = datetime(2031, 1, 1, tzinfo=UTC)

Action = Callable[[Tx], Coroutine[Any, Any, None]]


class Lived:
    """The dispute of one case."""

    def __init__(self, case: dict[str, Any], room: Room) -> None:
        self.case, self.room = case, room
        self.id: UUID | None = None
        self.started: datetime = case["started"].astimezone(UTC)
        self.waits: list[Wait] = []

    def agenda(self) -> list[tuple[datetime, Action]]:
        """What happens to it, and when; what lies before its start is known at its start."""
        agenda: list[tuple[datetime, Action]] = [(self.started, self.filed)]
        for pause in self.case.get("pauses", ()):
            agenda.append((max(pause["from"], self.started), self.waiting(pause)))
            if "to" in pause:
                agenda.append((max(pause["to"], self.started), self.waiting(pause)))
        if "stopped" in self.case:
            # The transaction begins a few milliseconds after the instant it is set to, so what is in time comes sooner.
            sooner = timedelta(seconds=self.case["stopped"]["kept"])
            agenda.append((self.case["stopped"]["at"] - sooner, self.resolved))
        return agenda

    async def filed(self, tx: Tx) -> None:
        dispute = a_dispute(received_at=self.started, updated_at=self.started)
        (stored,) = await disputes.insert_many(tx, [a_filing(dispute)])
        self.id = stored.id
        rule = replace(spec_of(self.case), kind=Kind.RESOLUTION)
        clock = Clock(
            kind=Kind.RESOLUTION,
            generation=1,
            phase=0,
            state=ClockState.RUNNING,
            tier=None,
            promise=Promise(rule, OnBreach.TELL),
            policy_version=1,
            started_at=self.started,
            opened_at=tx.now,
            due_at=None,
            extensions=tuple(history_of(self.case)["extensions"]),
        )
        ticking = started(clock, stored, SUITE_CALENDARS, tx.now)
        decided = Decided(stored, {})
        timer = None if ticking.moment is None else Arm(max(ticking.moment.at, tx.now), 1)
        decided.add(Plan(stored, (ticking.clock,), {Kind.RESOLUTION: timer}, ()), tx.now)
        await save(tx, [decided])

    def waiting(self, pause: dict[str, Any]) -> Action:
        """The wait begins, or is known to have ended: whatever of it has come about by now."""

        async def known(tx: Tx) -> None:
            assert self.id is not None
            until = pause.get("to")
            wait = Wait(
                pause["from"].astimezone(UTC), until.astimezone(UTC) if until and until <= tx.now else None, "customer"
            )
            self.waits = [*(each for each in self.waits if each.since != wait.since or each.until is not None), wait]
            before = await disputes.lock(tx, self.id)
            waits = tuple(sorted(self.waits, key=lambda each: each.since))
            await disputes.save(tx, disputes.Change(before, altered(before, waits=waits), (), "system:test"))
            await self.room.handlers.attend(tx, {self.id: None})

        return known

    async def resolved(self, tx: Tx) -> None:
        assert self.id is not None
        await moved(tx, self.id, Trigger.RESOLVE)
        await self.room.handlers.attend(tx, {self.id: None})


@pytest.fixture
async def room(database: str) -> AsyncIterator[Room]:
    made = Room(database)
    made.matrices = Matrices(SUITE_CALENDARS)
    made.handlers = Handlers(made.matrices, SUITE_CALENDARS, made.figures)
    made.sweep = Sweep(made.database, made.matrices, SUITE_CALENDARS, made.figures)
    await made.put_policy(tiers=[a_tier("Agent", "49 years")], thresholds=[], clocks=NO_CLOCKS)
    yield made
    await made.database.dispose()


async def at(room: Room, moment: datetime, actions: list[Action]) -> None:
    """Moves the database's clock there; the sweep looks before and after what happens."""
    async with room.database.engine.connect() as bare:
        room.ahead = moment - (await bare.execute(text("select clock_timestamp()"))).scalar_one()
    await room.drain()
    if actions:
        async with room.database.transaction() as tx:
            for action in actions:
                await action(tx)
        await room.drain()


async def test_every_case_fires_on_the_sweep_at_its_instant_once_and_never_before(room: Room) -> None:
    lives = [Lived(case, room) for case in CASES]
    agenda: defaultdict[datetime, list[Action]] = defaultdict(list)
    for life in lives:
        for moment, action in life.agenda():
            agenda[moment.astimezone(UTC)].append(action)
        for moment in (life.case.get("due"), *life.case.get("warn", ())):
            if moment is not None:
                assert agenda[moment.astimezone(UTC)] is not None
                if moment - MARGIN > life.started:
                    assert agenda[moment.astimezone(UTC) - MARGIN] is not None
    for moment, actions in sorted(agenda.items(), key=itemgetter(0)):
        await at(room, moment, actions)
    await at(room, AFTER_ALL, [])
    for life in lives:
        await check(room, life)


async def check(room: Room, life: Lived) -> None:
    """What its history says: each warning once, the miss once, at the promised instant and not before."""
    assert life.id is not None
    case, events = life.case, await room.events(life.id)
    end = case["stopped"]["at"] if "stopped" in case else AFTER_ALL
    due, in_time = case.get("due"), case.get("stopped", {}).get("kept", False)
    missed = [event for event in events if isinstance(event, DeadlineMissed) and event.clock == "resolution"]
    assert [instant(event.due_at) for event in missed] == ([due] if due is not None and not in_time else []), case[
        "name"
    ]
    warned = [event for event in events if isinstance(event, DeadlineWarned) and event.clock == "resolution"]
    assert [instant(event.warn_at) for event in warned] == [each for each in case.get("warn", ()) if each < end]
    fired = [(instant(each.due_at), instant(each.fired_at)) for each in missed]
    fired += [(instant(each.warn_at), instant(each.fired_at)) for each in warned]
    assert all(promised <= noticed < promised + MARGIN for promised, noticed in fired), case["name"]


def instant(written: str) -> datetime:
    return datetime.fromisoformat(written)
