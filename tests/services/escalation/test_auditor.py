"""No dispute goes unaddressed: what lost its timer is found and healed, and a stalled engine is told on."""

from datetime import timedelta

import pytest

from shared.domain.lifecycle import Trigger
from shared.messages.events import DisputeAssigned
from shared.runtime.health import CheckFailedError
from tests.domain.matrices import a_body, clocks
from tests.services.escalation.room import Room


async def test_a_dispute_whose_filing_was_never_heard_of_is_taken_up_by_the_audit(room: Room) -> None:
    (dispute,) = await room.filed()
    room.ahead += timedelta(minutes=1)
    await room.auditor.round()
    assert (await room.read(dispute.id)).tier == 1
    assert "tier" in await room.timers(dispute.id)
    assert room.figures.healed._value.get() == 1
    assert room.figures.orphans._value.get() == 0


async def test_a_dispute_filed_a_moment_ago_is_left_to_its_event(room: Room) -> None:
    (dispute,) = await room.filed()
    room.ahead += timedelta(seconds=5)
    await room.auditor.round()
    assert (await room.read(dispute.id)).tier is None


async def test_every_lost_timer_is_set_again_for_the_instant_it_had(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    before = await room.timers(dispute_id)
    async with room.database.transaction() as tx:
        await tx.raw.execute("delete from timer")
    await room.auditor.round()
    assert await room.timers(dispute_id) == before
    async with room.database.transaction() as tx:
        late = await tx.raw.fetchval(
            "select count(*) from timer t join clock c using (dispute_id, kind, generation) where t.due_at > c.due_at"
        )
    assert late == 0


async def test_a_resolved_dispute_that_lost_its_follow_up_gets_it_back(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    await room.move(dispute_id, Trigger.RESOLVE)
    await room.hear([dispute_id])
    async with room.database.transaction() as tx:
        await tx.raw.execute("delete from timer")
    await room.auditor.round()
    assert await room.timers(dispute_id) == {"follow_up"}


async def test_the_audit_goes_round_all_disputes_slice_by_slice(room: Room) -> None:
    ids = await room.taken_up(250)
    async with room.database.transaction() as tx:
        await tx.raw.execute("delete from timer")
    room.ahead += timedelta(hours=2)
    for _ in range(3):
        await room.auditor.round()
    async with room.database.transaction() as tx:
        assert await tx.raw.fetchval("select count(distinct dispute_id) from timer") == len(ids)


async def test_a_dispute_left_without_a_handler_gets_one_when_somebody_is_back(room: Room) -> None:
    body = a_body()
    nobody = [tier | {"holders": []} for tier in body["tiers"]]
    await room.put_policy(tiers=nobody)
    (dispute_id,) = await room.taken_up()
    assert (await room.read(dispute_id)).handler is None
    await room.put_policy()
    await room.auditor.round()
    assert (await room.read(dispute_id)).handler == "Agent Ann"
    *_, told = await room.events(dispute_id)
    assert isinstance(told, DisputeAssigned)
    assert not told.first


async def test_a_dispute_that_no_audit_can_help_is_counted_until_somebody_does(room: Room) -> None:
    none = clocks(acknowledgement=None, first_response=None, next_update=None, resolution=None, tier={"reminders": []})
    await room.put_policy(clocks=none)
    bad, spent = await room.taken_up(2)
    await room.change(bad, policy_version=99)
    async with room.database.transaction() as tx:
        await tx.raw.execute("delete from timer where dispute_id = $1", bad)
        await tx.raw.execute("delete from timer where dispute_id = $1", spent)
        await tx.raw.execute("update clock set state = 'stopped', stopped_at = $1 where dispute_id = $2", tx.now, spent)
    await room.auditor.round()
    assert room.figures.orphans._value.get() == 2


async def test_the_engine_is_ready_while_it_beats_and_nothing_is_long_overdue(room: Room) -> None:
    with pytest.raises(CheckFailedError, match="not finished a round"):
        await room.auditor.check()
    await room.sweep.round()
    assert await room.auditor.check() == "on time"
    await room.taken_up()
    room.ahead += timedelta(hours=2)
    with pytest.raises(CheckFailedError, match="not finished a round lately"):
        await room.auditor.check()
    await room.another_sweep(batch=1).fire_batch(0)
    with pytest.raises(CheckFailedError, match=r"a timer is 3\d{3} s overdue"):
        await room.auditor.check()
    await room.drain()
    assert await room.auditor.check() == "on time"


async def test_the_audit_measures_lateness_heartbeat_and_outbox(room: Room) -> None:
    await room.taken_up()
    await room.sweep.round()
    room.ahead += timedelta(hours=2)
    await room.auditor.round()
    common = room.metrics
    assert common.timers_oldest_overdue_seconds._value.get() == pytest.approx(3600, abs=60)
    assert common.engine_heartbeat_age_seconds._value.get() == pytest.approx(7200, abs=60)
    assert common.outbox_pending._value.get() == 2
    assert common.outbox_oldest_seconds._value.get() == pytest.approx(7200, abs=60)
