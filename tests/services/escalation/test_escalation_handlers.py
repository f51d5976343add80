"""An event is a nudge: whatever came, in whatever order, the dispute ends with what it is owed."""

from datetime import timedelta
from uuid import UUID

from shared.db import outbox
from shared.domain.lifecycle import Trigger
from shared.messages.envelope import Envelope
from shared.messages.events import DisputeAssigned, DisputeEscalated, EscalationRequested, Event, StatusChanged
from shared.runtime.ids import new_id
from tests.services.escalation.room import Room


async def handle(room: Room, *heard: tuple[UUID, Event], actor: str = "principal:test") -> None:
    async with room.database.transaction() as tx:
        envelopes = [Envelope(new_id(), subject, 1, tx.now, actor, event) for subject, event in heard]
        await room.handlers(tx, envelopes)


async def test_a_filed_dispute_gets_a_tier_a_handler_clocks_timers_and_a_line_in_its_history(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    dispute = await room.read(dispute_id)
    assert (dispute.tier, dispute.handler, dispute.policy_version) == (1, "Agent Ann", 1)
    kinds = {"acknowledgement", "first_response", "next_update", "resolution", "tier"}
    assert set(await room.clocks(dispute_id)) == await room.timers(dispute_id) == kinds
    (assigned,) = await room.events(dispute_id)
    assert isinstance(assigned, DisputeAssigned)
    assert (assigned.first, set(assigned.clocks)) == (True, kinds)
    async with room.database.transaction() as tx:
        assert [row.message.topic for row in await outbox.take(tx)] == ["dispute.filed", "dispute.assigned"]


async def test_the_same_nudge_again_writes_nothing(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    before = await room.read(dispute_id)
    await room.hear([dispute_id, dispute_id])
    assert await room.read(dispute_id) == before


async def test_a_wish_by_hand_climbs_once_per_wish(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    wish = EscalationRequested(reason_code="customer_asked", message_id=None, to_tier=None)
    await handle(room, (dispute_id, wish), (dispute_id, wish))
    assert (await room.read(dispute_id)).tier == 3
    named = EscalationRequested(reason_code="customer_asked", message_id=None, to_tier=2)
    await handle(room, (dispute_id, named))
    assert (await room.read(dispute_id)).tier == 3


async def test_what_escalation_told_itself_is_not_acted_on_again(room: Room) -> None:
    (dispute,) = await room.filed()
    event = StatusChanged(before="received", after="triaged", trigger="triage")
    await handle(room, (dispute.id, event), actor="system:escalation")
    assert (await room.read(dispute.id)).tier is None


async def test_an_event_of_a_dispute_that_is_gone_is_no_fault(room: Room) -> None:
    await handle(room, (new_id(), StatusChanged(before="received", after="triaged", trigger="triage")))
    assert await room.told() == {}


async def test_a_kept_promise_loses_its_timer_and_is_counted(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    room.ahead += timedelta(hours=1)
    async with room.database.transaction() as tx:
        now = tx.now
    await room.change(dispute_id, acknowledged_at=now)
    await room.hear([dispute_id])
    assert "acknowledgement" not in await room.timers(dispute_id)
    clock = (await room.clocks(dispute_id))["acknowledgement"]
    assert (clock.state, clock.met_at) == ("met", now)
    kept = room.metrics.promises.labels(kind="acknowledgement", outcome="kept")
    assert kept._value.get() == 1


async def test_waiting_for_the_customer_pauses_the_tier_and_resuming_starts_where_it_stopped(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    due = (await room.clocks(dispute_id))["tier"].due_at
    assert due is not None
    room.ahead += timedelta(hours=1)
    await room.move(dispute_id, Trigger.WAIT_FOR_CUSTOMER)
    await room.hear([dispute_id])
    assert "tier" not in await room.timers(dispute_id)
    room.ahead += timedelta(hours=30)
    await room.move(dispute_id, Trigger.RESUME)
    await room.hear([dispute_id])
    dispute, clock = await room.read(dispute_id), (await room.clocks(dispute_id))["tier"]
    (wait,) = dispute.waits
    assert wait.until is not None
    assert clock.due_at == due + (wait.until - wait.since)


async def test_a_running_case_keeps_its_version_and_a_new_one_takes_the_newest(room: Room) -> None:
    (old,) = await room.taken_up()
    await room.put_policy(min_gap="1 minute")
    (new,) = await room.taken_up()
    await room.hear([old])
    assert [(await room.read(each)).policy_version for each in (old, new)] == [1, 2]
    await room.pass_time(hours=4)
    climbs = [event for event in await room.events(old) if isinstance(event, DisputeEscalated)]
    assert [event.policy_version for event in climbs] == [1]


async def test_many_disputes_are_handled_in_one_batch_with_a_bounded_number_of_statements(room: Room) -> None:
    known, *ids = [each.id for each in await room.filed(51)]
    async with room.database.transaction() as tx:
        await room.handlers.attend(tx, {known: None})  # the driver has asked for the types it sends by now
        statements: list[str] = []
        tx.raw.add_query_logger(lambda record: statements.append(record.query))
        await room.handlers.attend(tx, dict.fromkeys(ids))
    assert len(statements) <= 10
    assert (await room.told())["dispute.assigned"] == 51


async def test_a_dispute_withdrawn_at_another_door_has_no_clock_left(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    await room.move(dispute_id, Trigger.WITHDRAW)
    await room.hear([dispute_id])
    assert await room.timers(dispute_id) == set()
    assert {clock.state for clock in (await room.clocks(dispute_id)).values()} == {"stopped"}
