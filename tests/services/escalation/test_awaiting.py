"""The answer an outside body announced is clocked: told once when it does not come, moved when another day is announced."""

from datetime import timedelta
from uuid import UUID, uuid4

from services.escalation.handlers import Handlers
from services.intake.commands.refer import Outside, Verdict, expect, refer, take_back
from shared.db import disputes, insight
from shared.db.insight import Scope
from shared.db.keys import Caller
from shared.domain.awaiting import ANSWER
from shared.domain.clock_record import ClockState
from shared.messages.events import DeadlineMissed, DisputeEscalated
from tests.domain.matrices import CALENDARS
from tests.services.escalation.room import Room

ANN = Caller(uuid4(), uuid4(), "Ann", "agent", 1, frozenset())


async def referred(room: Room, days: int | None) -> UUID:
    """A dispute with an ombudsman that announced an answer in so many days."""
    (dispute_id,) = await room.taken_up()
    async with room.database.transaction() as tx:
        expected = None if days is None else tx.now + timedelta(days=days)
        outside = Outside("The ombudsman", "F-77", expected)
        await refer(tx, await disputes.lock(tx, dispute_id), outside, reason=None, caller=ANN)
    await room.hear([dispute_id])
    return dispute_id


async def announced(room: Room, dispute_id: UUID, days: int) -> None:
    async with room.database.transaction() as tx:
        await expect(tx, await disputes.lock(tx, dispute_id), tx.now + timedelta(days=days), ANN)
    await room.hear([dispute_id])


async def told(room: Room, dispute_id: UUID) -> list[DeadlineMissed]:
    every = await room.events(dispute_id)
    return [each for each in every if isinstance(each, DeadlineMissed) and each.clock == ANSWER]


async def test_an_answer_that_does_not_come_is_told_once_never_early_and_climbs_nowhere(room: Room) -> None:
    dispute_id = await referred(room, 30)
    clock = (await room.clocks(dispute_id))[ANSWER.value]
    assert (clock.state, clock.promised, str(clock.promise.spec.duration)) == ("running", False, "30 calendar days")
    tier = (await room.read(dispute_id)).tier
    await room.pass_time(days=29, hours=23)
    assert await told(room, dispute_id) == []
    await room.pass_time(hours=2)
    await room.hear([dispute_id])
    await room.pass_time(days=5)
    assert len(await told(room, dispute_id)) == 1
    assert (await room.read(dispute_id)).tier == tier
    assert not [each for each in await room.events(dispute_id) if isinstance(each, DisputeEscalated)]


async def test_a_decision_in_time_meets_it_and_nothing_is_told(room: Room) -> None:
    dispute_id = await referred(room, 30)
    await room.pass_time(days=10)
    async with room.database.transaction() as tx:
        await take_back(tx, await disputes.lock(tx, dispute_id), Verdict(), reason=None, caller=ANN)
    await room.hear([dispute_id])
    await room.pass_time(days=40)
    assert (await room.clocks(dispute_id))[ANSWER.value].state is ClockState.MET
    assert await told(room, dispute_id) == []


async def test_another_day_moves_the_clock_that_runs_and_begins_one_that_ran_out_anew(room: Room) -> None:
    dispute_id = await referred(room, 10)
    await announced(room, dispute_id, 20)
    await room.pass_time(days=15)
    assert await told(room, dispute_id) == []
    await room.pass_time(days=6)
    assert len(await told(room, dispute_id)) == 1
    await announced(room, dispute_id, 5)
    again = (await room.clocks(dispute_id))[ANSWER.value]
    assert (again.generation, again.state) == (2, "running")
    await room.pass_time(days=6)
    assert len(await told(room, dispute_id)) == 2


async def test_an_outside_body_that_announced_nothing_has_no_such_clock(room: Room) -> None:
    dispute_id = await referred(room, None)
    assert ANSWER.value not in await room.clocks(dispute_id)
    await announced(room, dispute_id, 5)
    assert (await room.clocks(dispute_id))[ANSWER.value].state == "running"


async def test_heard_again_by_another_process_it_is_begun_once(room: Room) -> None:
    dispute_id = await referred(room, 10)
    async with room.database.transaction() as tx:
        another = Handlers(room.matrices, CALENDARS, room.figures)
        await another.attend(tx, {dispute_id: None})
    assert (await room.clocks(dispute_id))[ANSWER.value].generation == 1


async def test_the_insight_counts_answers_that_came_and_that_did_not(room: Room) -> None:
    late, _ = await referred(room, 10), await referred(room, 50)
    await room.pass_time(days=11)
    async with room.database.transaction() as tx:
        seen = (await insight.look(tx, Scope(tx.now - timedelta(days=90), 1000))).clocks[ANSWER.value]
    assert (seen.broken, seen.running) == (1, 1)
    assert len(await told(room, late)) == 1
