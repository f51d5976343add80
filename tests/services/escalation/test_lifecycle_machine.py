"""Any life a dispute may lead, on a real database with its clock moved on: what must hold at every moment, holds."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.intake.commands.extend import ask_for_time
from services.intake.commands.mark import mark
from shared.db import disputes, history, policies
from shared.db.disputes import Change
from shared.domain.clock_record import Clock, ClockState, Kind
from shared.domain.dispute import Dispute
from shared.domain.duration import Duration, Unit
from shared.domain.errors import Conflict, InvalidValue, NotFound
from shared.domain.escalation import Asked, climbs
from shared.domain.lifecycle import SETTLED, Trigger, allowed
from shared.messages.events import (
    DeadlineMissed,
    DeadlineWarned,
    DisputeClosed,
    DisputeEscalated,
    DisputeReopened,
    DisputeResolved,
    Event,
    StatusChanged,
    UpdateOwed,
)
from shared.policy.regime_policy import regimes_body
from tests.domain.matrices import CALENDARS, clocks
from tests.services.escalation.room import AUTHOR, Room

T = TypeVar("T")
REMINDERS = 2
EXTENDED = {"max": "30 hours", "times": 2}
POLICY = clocks(
    tier={"reminders": ["10 hours", "20 hours"]},
    resolution={"duration": "90 hours", "calendar": "always", "on_breach": "escalate", "extension": EXTENDED},
)
FACTS = st.sampled_from(["provisional_credit_given", "provisional_credit_told", "finding_made", "results_sent"])
TOP = 4
ENDING = frozenset({Trigger.RESOLVE, Trigger.WITHDRAW, Trigger.REJECT_AS_NO_DISPUTE, Trigger.CLOSE})


class Life(RuleBasedStateMachine):
    """One dispute's life; the room is set by the test."""

    room: ClassVar[Room]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.id: UUID | None = None
        self.seen: list[Event] = []
        self.now: Dispute | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @property
    def dispute(self) -> Dispute:
        assert self.now is not None
        return self.now

    @initialize(heard=st.booleans(), regulated=st.booleans())
    def file(self, heard: bool, regulated: bool) -> None:  # noqa: FBT001 - hypothesis draws it
        under: dict[str, Any] = {"jurisdiction": "US", "metadata": {"product_line": "debit_card"}} if regulated else {}
        (made,) = self.run(self.room.filed(**under))
        self.id, self.now = made.id, made
        if heard:
            self.run(self.room.hear([made.id]))
        self.look()

    def look(self) -> None:
        assert self.id is not None
        self.now = self.run(self.room.read(self.id))
        self.seen = self.run(self.room.events(self.id))

    def moved(self, trigger: Trigger, *, heard: bool) -> None:
        assert self.id is not None
        if trigger in allowed(self.dispute.status):
            self.run(move(self.room, self.id, trigger))
            if heard:
                self.run(self.room.hear([self.id]))
            self.look()

    @precondition(lambda self: self.dispute.active)
    @rule(data=st.data(), heard=st.booleans())
    def work_goes_on(self, data: st.DataObject, heard: bool) -> None:  # noqa: FBT001
        self.moved(data.draw(st.sampled_from(sorted(allowed(self.dispute.status) - ENDING))), heard=heard)

    @precondition(lambda self: self.dispute.active and len(self.seen) > 3)
    @rule(
        trigger=st.sampled_from([Trigger.RESOLVE, Trigger.RESOLVE, Trigger.RESOLVE, Trigger.WITHDRAW]),
        heard=st.booleans(),
    )
    def it_ends(self, trigger: Trigger, heard: bool) -> None:  # noqa: FBT001
        self.moved(trigger, heard=heard)

    @precondition(lambda self: not self.dispute.active)
    @rule(data=st.data(), heard=st.booleans())
    def it_goes_on_after_its_end(self, data: st.DataObject, heard: bool) -> None:  # noqa: FBT001
        self.moved(data.draw(st.sampled_from(sorted(allowed(self.dispute.status)) or [Trigger.CLOSE])), heard=heard)

    @rule(to=st.none() | st.integers(1, TOP))
    def climb_by_hand(self, to: int | None) -> None:
        assert self.id is not None
        self.run(wished(self.room, self.id, to))
        self.look()

    @rule(name=FACTS, heard=st.booleans())
    def a_fact_is_reported(self, name: str, heard: bool) -> None:  # noqa: FBT001
        assert self.id is not None
        self.run(marked(self.room, self.id, name))
        if heard:
            self.run(self.room.hear([self.id]))
        self.look()

    @rule(hours=st.integers(1, 40))
    def more_time_is_asked_for(self, hours: int) -> None:
        assert self.id is not None
        before = self.run(self.room.clocks(self.id)).get("resolution")
        self.run(extended(self.room, self.id, hours))
        after = self.run(self.room.clocks(self.id)).get("resolution")
        if before is not None and after is not None and before.due_at is not None and after.due_at is not None:
            assert before.due_at <= after.due_at <= before.due_at + timedelta(hours=30)
        self.look()

    @rule(hours=st.sampled_from([1, 2, 3]))
    def an_hour_or_some_pass(self, hours: int) -> None:
        self.run(self.room.pass_time(hours=hours))
        self.look()

    @rule(hours=st.sampled_from([4, 8, 16, 50, 200]))
    def days_pass(self, hours: int) -> None:
        for _ in range(3):
            self.run(self.room.pass_time(hours=hours / 3))
        self.look()

    @rule()
    def escalation_hears(self) -> None:
        assert self.id is not None
        self.run(self.room.hear([self.id]))
        self.look()
        self.provided_for()
        before = (self.now, len(self.seen))
        self.run(self.room.hear([self.id]))
        self.look()
        assert (self.now, len(self.seen)) == before, "hearing it again changed something"

    def provided_for(self) -> None:
        """An active dispute has its tier's clock armed, or the top tier was reminded for the last time."""
        assert self.id is not None
        found, timers = self.run(self.room.clocks(self.id)), self.run(self.room.timers(self.id))
        assert timers == {kind for kind, clock in found.items() if clock.state is ClockState.RUNNING}
        if climbs(self.dispute):
            assert found["tier"].tier == self.dispute.tier
            assert found["tier"].open or reminded_enough(found["tier"])
        if self.dispute.active:
            assert found["next_update"].open
        elif self.dispute.status not in SETTLED:
            assert all(kind.startswith("regime:") for kind in timers)

    @invariant()
    def nothing_came_early_or_twice(self) -> None:
        never_early(self.seen)
        once_only(self.seen)

    @invariant()
    def nothing_is_done_after_the_end_and_no_tier_is_lost(self) -> None:
        nothing_after_the_end(self.seen)
        climbed = [(each.from_tier, each.to_tier) for each in self.seen if isinstance(each, DisputeEscalated)]
        assert all(left is not None and left < reached for left, reached in climbed)
        assert [left for left, _ in climbed[1:]] == [reached for _, reached in climbed[:-1]]

    def teardown(self) -> None:
        if self.id is not None:
            self.run(put_away(self.room, self.id))


def reminded_enough(clock: Clock) -> bool:
    return clock.state is ClockState.MISSED and clock.tier == TOP and clock.promise.reminder == REMINDERS


def never_early(events: list[Event]) -> None:
    for each in events:
        if isinstance(each, DeadlineWarned):
            assert instant(each.warn_at) <= instant(each.fired_at)
        elif isinstance(each, DeadlineMissed):
            assert instant(each.due_at) <= instant(each.fired_at)
        elif isinstance(each, DisputeEscalated) and each.due_at is not None:
            assert each.fired_at is not None
            assert instant(each.due_at) <= instant(each.fired_at)


def once_only(events: list[Event]) -> None:
    missed = Counter((each.clock, each.generation) for each in events if isinstance(each, DeadlineMissed))
    warned = Counter(
        (each.clock, each.generation, each.percent, each.warn_at)  # an extension may put a warning ahead again
        for each in events
        if isinstance(each, DeadlineWarned)
    )
    owed = Counter(each.due_at for each in events if isinstance(each, UpdateOwed))
    assert all(count == 1 for counted in (missed, warned, owed) for count in counted.values())


def nothing_after_the_end(events: list[Event]) -> None:
    over = False
    for each in events:
        if isinstance(each, DisputeResolved | DisputeClosed):
            over = True
        elif isinstance(each, DisputeReopened) or (
            isinstance(each, StatusChanged) and each.trigger == "refer_external"
        ):
            over = False
        duty = isinstance(each, DeadlineWarned | DeadlineMissed) and each.clock.startswith("regime:")
        told = isinstance(each, DisputeEscalated | DeadlineWarned | DeadlineMissed | UpdateOwed)
        assert not (over and told and not duty), "a duty of the law is owed beyond the end, nothing else"


async def move(room: Room, dispute_id: UUID, trigger: Trigger) -> None:
    """Moves it as intake would, with the event that intake would tell."""
    if trigger is Trigger.RESOLVE:
        await room.move(dispute_id, trigger)
        return
    async with room.database.transaction() as tx:
        before = await disputes.lock(tx, dispute_id)
        after = before.after(trigger, tx.now)
        event: Event = StatusChanged(before=before.status, after=after.status, trigger=trigger)
        if trigger in (Trigger.REOPEN, Trigger.REQUEST_STAGE_2):
            event = DisputeReopened(because="requested", occasion=after.reopen_count)
        elif trigger in (Trigger.WITHDRAW, Trigger.CLOSE, Trigger.REJECT_AS_NO_DISPUTE):
            event = DisputeClosed(because="decided")
        await disputes.save(tx, Change(before, after, (event,), "principal:test"))


async def marked(room: Room, dispute_id: UUID, name: str) -> None:
    async with room.database.transaction() as tx:
        await mark(tx, await disputes.lock(tx, dispute_id), name, at=None, note=None, actor="principal:test")


async def extended(room: Room, dispute_id: UUID, hours: int) -> None:
    """Asks for more time, and escalation hears of it twice; what the rule does not allow is refused at the door."""
    try:
        async with room.database.transaction() as tx:
            before = await disputes.lock(tx, dispute_id)
            by = Duration(hours, Unit.HOUR)
            wanted: dict[str, Any] = {"reason": "an expert", "calendars": CALENDARS, "actor": "principal:test"}
            await ask_for_time(tx, before, Kind.RESOLUTION, by, **wanted)
            told = [entry.envelope for entry in await history.entries(tx, dispute_id, after=before.sequence)]
    except (Conflict, InvalidValue, NotFound):
        return
    for _ in range(2):
        async with room.database.transaction() as tx:
            await room.handlers(tx, told)


async def wished(room: Room, dispute_id: UUID, to: int | None) -> None:
    async with room.database.transaction() as tx:
        await room.handlers.attend(tx, {dispute_id: None}, {dispute_id: [Asked(to)]})


async def put_away(room: Room, dispute_id: UUID) -> None:
    """Its history holds together; its timers are taken away, so that the next life is alone."""
    async with room.database.transaction() as tx:
        assert history.first_break(await history.entries(tx, dispute_id)) is None
        await tx.raw.execute("delete from timer where dispute_id = $1", dispute_id)


def test_whatever_life_a_dispute_leads_it_is_never_early_never_double_and_never_forgotten(database: str) -> None:
    with asyncio.Runner() as runner:
        room = runner.run(opened(database))

        class Here(Life):
            """A life in this room."""

        Here.room, Here.runner = room, runner
        try:
            run_state_machine_as_test(
                Here,
                settings=settings(
                    max_examples=40,
                    stateful_step_count=25,
                    derandomize=True,
                    phases=[Phase.generate],  # a failure is shown as it came: shrinking it would take minutes
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(room.database.dispose())


async def opened(url: str) -> Room:
    room = Room(url)
    await room.put_policy(clocks=POLICY)
    async with room.database.transaction() as tx:
        here = {"regime": "us.reg_e.1005_11", "calendar": "always", "reason": "a test"}
        await policies.put(tx, "regimes", regimes_body({"overrides": [here]}), **AUTHOR)
    return room


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
