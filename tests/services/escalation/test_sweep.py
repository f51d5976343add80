"""The sweep fires what is due, once, in time, and lets one bad dispute stop nobody."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from services.escalation.sweep import Sweep
from shared.db import heartbeats, history
from shared.db.engine import Database
from shared.domain.lifecycle import Trigger
from shared.messages.events import (
    DeadlineMissed,
    DeadlineWarned,
    DisputeClosed,
    DisputeEscalated,
    FollowUpDue,
    UpdateOwed,
)
from tests.domain.matrices import clocks
from tests.services.escalation.room import Room, moved

ONLY_TIERS = clocks(acknowledgement=None, first_response=None, next_update=None, resolution=None)


@pytest.fixture
async def tiers(room: Room) -> Room:
    """The room with a matrix in which only the tiers have deadlines."""
    await room.put_policy(clocks=ONLY_TIERS)
    return room


async def kinds(room: Room, dispute_id: UUID) -> list[str]:
    return [event.type.removeprefix("dispute.") for event in await room.events(dispute_id)]


async def test_a_dispute_nobody_touches_is_warned_climbs_and_says_how_late_the_engine_was(tiers: Room) -> None:
    (dispute_id,) = await tiers.taken_up()
    for hours in (2, 1, 1):
        await tiers.pass_time(hours=hours)
    assert await kinds(tiers, dispute_id) == ["assigned", "deadline_warned", "deadline_warned", "escalated"]
    *_, warned, climbed = await tiers.events(dispute_id)
    assert isinstance(warned, DeadlineWarned)
    assert (warned.percent, warned.handler) == (75, "Agent Ann")
    assert isinstance(climbed, DisputeEscalated)
    assert (climbed.to_tier, climbed.handler, climbed.clock) == (2, "Lead Ann", "tier")
    assert climbed.due_at is not None
    assert climbed.fired_at is not None
    assert climbed.due_at <= climbed.fired_at
    assert (await tiers.read(dispute_id)).tier == 2


async def test_nothing_fires_before_it_is_due(tiers: Room) -> None:
    (dispute_id,) = await tiers.taken_up()
    await tiers.pass_time(hours=1, minutes=59, seconds=50)
    assert await kinds(tiers, dispute_id) == ["assigned"]


async def test_after_an_outage_longer_than_every_deadline_it_climbs_one_tier_at_a_time(tiers: Room) -> None:
    (dispute_id,) = await tiers.taken_up()
    await tiers.pass_time(days=90)
    assert (await tiers.read(dispute_id)).tier == 2
    await tiers.pass_time(minutes=29)
    assert (await tiers.read(dispute_id)).tier == 2
    await tiers.pass_time(minutes=1)
    assert (await tiers.read(dispute_id)).tier == 3


async def test_a_dispute_resolved_at_another_door_never_climbs_even_if_escalation_has_not_heard(tiers: Room) -> None:
    (dispute_id,) = await tiers.taken_up()
    await tiers.move(dispute_id, Trigger.RESOLVE)
    await tiers.pass_time(days=3)
    assert await kinds(tiers, dispute_id) == ["assigned", "resolved"]
    assert await tiers.timers(dispute_id) == {"follow_up"}


async def test_the_end_of_the_road_follow_up_silence_closed(tiers: Room) -> None:
    (dispute_id,) = await tiers.taken_up()
    await tiers.move(dispute_id, Trigger.RESOLVE)
    await tiers.hear([dispute_id])
    await tiers.pass_time(days=7, minutes=1)
    assert isinstance((await tiers.events(dispute_id))[-1], FollowUpDue)
    await tiers.pass_time(days=7)
    assert (await tiers.events(dispute_id))[-1] == DisputeClosed(because="silence")
    assert (await tiers.read(dispute_id)).status == "closed"
    assert await tiers.timers(dispute_id) == set()


async def test_news_are_owed_and_a_promise_not_kept_is_counted_as_broken(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    await room.pass_time(hours=95)
    assert any(isinstance(event, UpdateOwed) for event in await room.events(dispute_id))
    await room.pass_time(hours=5)
    missed = [event.clock for event in await room.events(dispute_id) if isinstance(event, DeadlineMissed)]
    assert "next_update" in missed
    assert room.metrics.promises.labels(kind="next_update", outcome="broken")._value.get() == 1


async def test_two_sweeps_and_everybody_resolving_at_once_make_no_double_and_nothing_after_the_end(
    tiers: Room,
) -> None:
    ids = await tiers.taken_up(600)
    await tiers.pass_time(hours=3, minutes=59)
    tiers.ahead += timedelta(minutes=2)

    async def resolve(share: list[UUID]) -> None:
        for dispute_id in share:
            async with tiers.database.transaction() as tx:
                await moved(tx, dispute_id, Trigger.RESOLVE)

    sweeps = [tiers.another_sweep(batch=20) for _ in range(2)]
    await asyncio.gather(*(_drain(sweep) for sweep in sweeps), resolve(ids[0:600:4]), resolve(ids[1:600:4]))
    await tiers.drain()
    outcomes: Counter[str] = Counter()
    for dispute_id in ids:
        told = await kinds(tiers, dispute_id)
        assert told.count("escalated") <= 1
        if "resolved" in told and "escalated" in told:
            assert told.index("escalated") < told.index("resolved")
        outcomes["climbed" if "escalated" in told else "resolved first"] += 1
    assert outcomes["climbed"] >= 300
    async with tiers.database.transaction() as tx:
        for dispute_id in ids[::20]:
            assert history.first_break(await history.entries(tx, dispute_id)) is None


async def _drain(sweep: Sweep) -> None:
    taken = 1
    while taken:
        taken = (await sweep.fire_batch(20)).taken


async def test_a_row_that_somebody_holds_is_left_to_them_and_fires_the_next_time(tiers: Room, db: Database) -> None:
    held, free = await tiers.taken_up(2)
    tiers.ahead += timedelta(hours=4)
    async with db.transaction() as tx:
        await tx.raw.execute("select 1 from dispute where id = $1 for no key update", held)
        done = await tiers.sweep.fire_batch(500)
        assert (done.taken, done.fired) == (1, 1)
        assert await tiers.sweep.round() == pytest.approx(0.02)
    await tiers.drain()
    assert [(await tiers.read(each)).tier for each in (held, free)] == [2, 2]


async def test_a_dispute_whose_decision_raises_is_put_off_with_a_record_and_stops_nobody(tiers: Room) -> None:
    bad, good = await tiers.taken_up(2)
    await tiers.change(bad, policy_version=99)
    await tiers.pass_time(hours=4)
    assert [(await tiers.read(each)).tier for each in (bad, good)] == [1, 2]
    async with tiers.database.transaction() as tx:
        row = await tx.raw.fetchrow("select attempts, due_at from timer where dispute_id = $1", bad)
        assert row is not None
        assert (row["attempts"], row["due_at"] > tx.now) == (1, True)
    reason = tiers.metrics.loop_failures.labels(loop="escalation.sweep", reason="NotFound")
    assert reason._value.get() == 1
    await tiers.auditor.round()
    assert tiers.figures.parked._value.get() == 1


async def test_a_put_off_timer_waits_longer_each_time_and_fires_once_the_cause_is_gone(tiers: Room) -> None:
    (bad,) = await tiers.taken_up()
    await tiers.change(bad, policy_version=99)
    await tiers.pass_time(hours=4)
    pauses = []
    for _ in range(3):
        async with tiers.database.transaction() as tx:
            due_at = await tx.raw.fetchval("select due_at from timer where dispute_id = $1", bad)
            pauses.append((due_at - tx.now).total_seconds())
        await tiers.pass_time(seconds=pauses[-1] + 1)
    assert pauses == pytest.approx([30, 60, 120], abs=10)
    await tiers.change(bad, policy_version=2)
    await tiers.pass_time(hours=1)
    assert (await tiers.read(bad)).tier == 2
    async with tiers.database.transaction() as tx:
        assert await tx.raw.fetchval("select attempts from timer where dispute_id = $1", bad) == 0


async def test_what_the_database_refuses_for_one_dispute_is_put_off_and_the_rest_of_the_batch_fires(
    tiers: Room,
) -> None:
    bad, *good = await tiers.taken_up(4)
    async with tiers.database.transaction() as tx:
        await tx.raw.execute(f"alter table dispute add check (id <> '{bad}' or tier is distinct from 2)")
    tiers.ahead += timedelta(hours=4)
    assert await tiers.sweep.round() is False
    assert [(await tiers.read(each)).tier for each in (bad, *good)] == [1, 2, 2, 2]
    async with tiers.database.transaction() as tx:
        assert await tx.raw.fetchval("select attempts from timer where dispute_id = $1", bad) == 1


async def test_a_timer_of_a_clock_that_is_over_is_taken_away_and_counted(tiers: Room) -> None:
    (dispute_id,) = await tiers.taken_up()
    async with tiers.database.transaction() as tx:
        await tx.raw.execute("update timer set generation = 7, due_at = $1", tx.now)
    await tiers.drain()
    assert tiers.figures.stale._value.get() == 1
    assert await kinds(tiers, dispute_id) == ["assigned"]
    assert await tiers.timers(dispute_id) == {"tier"}


async def test_a_timer_set_far_below_the_low_mark_still_fires_within_the_unbounded_look(
    tiers: Room,
) -> None:
    (dispute_id,) = await tiers.taken_up()
    await tiers.drain()
    async with tiers.database.transaction() as tx:
        await tx.raw.execute("update timer set due_at = $1", tx.now - timedelta(hours=9))
    assert (await tiers.sweep.fire_batch(500)).taken == 0
    fresh = tiers.another_sweep()
    assert (await fresh.fire_batch(500)).taken == 1
    assert await kinds(tiers, dispute_id) == ["assigned"]


async def test_the_sweep_says_when_the_next_timer_is_due_so_that_it_sleeps_no_longer(tiers: Room) -> None:
    assert await tiers.sweep.round() is False
    await tiers.taken_up()
    rest = await tiers.sweep.round()
    assert isinstance(rest, float)
    assert 7190 < rest <= 7200


async def test_every_round_beats_at_most_once_a_second(tiers: Room) -> None:
    await tiers.sweep.round()
    tiers.ahead += timedelta(seconds=5)
    await tiers.sweep.round()
    async with tiers.database.transaction() as tx:
        age = await heartbeats.age(tx, "escalation.sweep")
    assert age is not None
    assert age >= timedelta(seconds=5)
