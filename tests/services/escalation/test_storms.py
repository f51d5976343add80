"""Many deadlines at one instant, and a long outage: in order, fair to every holder, one step a tier and never a burst."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from shared.db import disputes
from shared.domain.money import Money
from shared.messages.events import DeadlineMissed, DeadlineWarned
from tests.builders import a_dispute, a_filing
from tests.domain.matrices import a_tier, clocks
from tests.services.escalation.room import Room

TIER_ALONE: Final = dict.fromkeys(
    ("acknowledgement", "first_response", "next_update", "resolution", "follow_up", "silence")
)
BATCH: Final = 50
MIN_GAP: Final = timedelta(minutes=30)
JUST: Final = timedelta(seconds=1)


async def received(room: Room, milliseconds: Sequence[int], *, first: int = 0, **fields: Any) -> list[UUID]:
    """Disputes that came so much after one instant, heard of an hour later, in the order given."""
    async with room.database.transaction() as tx:
        since = tx.now - timedelta(hours=1)
        made = [
            a_dispute(reference=f"D-{first + n:06}", received_at=since + timedelta(milliseconds=late), **fields)
            for n, late in enumerate(milliseconds)
        ]
        filed = await disputes.insert_many(tx, [a_filing(each) for each in made])
    await room.hear([each.id for each in filed])
    return [each.id for each in filed]


async def escalated(room: Room) -> list[UUID]:
    """Who has climbed because a deadline passed, the first first."""
    async with room.database.transaction() as tx:
        rows = await tx.raw.fetch(
            "select dispute_id from event where type = 'dispute.escalated' order by occurred_at, dispute_id"
        )
    return [row["dispute_id"] for row in rows]


async def test_a_storm_drains_the_longest_overdue_first_whatever_order_it_came_in(room: Room) -> None:
    await room.put_policy(clocks=clocks(**TIER_ALONE))
    numbers = [(n * 7919) % 300 for n in range(300)]
    by_lateness = [each for _, each in sorted(zip(numbers, await received(room, numbers), strict=True))]
    room.ahead = timedelta(hours=5)
    sweep = room.another_sweep(BATCH)
    for batch in range(len(by_lateness) // BATCH):
        assert (await sweep.fire_batch(BATCH)).fired == BATCH
        assert set(await escalated(room)) == set(by_lateness[: (batch + 1) * BATCH])
    assert (await sweep.fire_batch(BATCH)).taken == 0


async def test_the_flood_of_one_holder_does_not_hold_up_those_whose_deadline_came_before_its_end(room: Room) -> None:
    await room.put_policy(
        clocks=clocks(**TIER_ALONE),
        tiers=[
            a_tier("Agent", "4 hours"),
            a_tier("Lead", "8 hours"),
            a_tier("Manager", "4 hours"),
            a_tier("Top", "9 hours"),
        ],
        thresholds=[{"name": "big", "when": {"amount_over": "500"}, "to_tier": 3, "because": "a large amount"}],
    )
    flood = await received(room, [0] * 200)
    others = await received(room, [1] * 5, first=1000, amount=Money.of("900.00", "EUR"))
    await received(room, [2] * 200, first=2000)
    assert {(await room.read(each)).tier for each in others} == {3}
    room.ahead = timedelta(hours=5)
    sweep = room.another_sweep(BATCH)
    for _ in range(len(flood) // BATCH):
        await sweep.fire_batch(BATCH)
    assert set(await escalated(room)) == set(flood)
    await sweep.fire_batch(BATCH)
    assert {(await room.read(each)).tier for each in others} == {4}, "one batch later, with 150 of the flood still due"
    assert (await room.told())["dispute.escalated"] == len(flood) + BATCH


async def slept(room: Room) -> list[UUID]:
    """Disputes that nothing looked at for thirty days, every clock of theirs due long since."""
    ids = await received(room, [0] * 20)
    room.ahead = timedelta(days=30)
    return ids


async def test_after_a_long_outage_a_dispute_climbs_one_tier_and_the_next_has_the_least_gap_before_its_own(
    room: Room,
) -> None:
    await room.put_policy(clocks=clocks(**TIER_ALONE))
    ids = await slept(room)
    await room.drain()
    assert Counter(await escalated(room)) == Counter(ids), "one step, however much is overdue"
    await room.pass_time(seconds=(MIN_GAP - JUST).total_seconds())
    assert Counter(await escalated(room)) == Counter(ids), "and no other before the gap is over"
    await room.pass_time(seconds=2 * JUST.total_seconds())
    assert Counter(await escalated(room)) == Counter(ids * 2)
    await room.pass_time(hours=15)
    assert Counter(await escalated(room)) == Counter(ids * 2), "a tier that is not late has all its time"
    await room.pass_time(hours=1)
    assert Counter(await escalated(room)) == Counter(ids * 3)
    await room.pass_time(days=30)
    assert Counter(await escalated(room)) == Counter(ids * 3), "the top tier has nowhere to climb"


async def test_a_long_outage_that_broke_every_promise_is_one_step_too_and_each_is_told_once(room: Room) -> None:
    ids = await slept(room)
    await room.drain()
    assert (await room.told())["dispute.escalated"] == len(ids)
    for each in ids:
        events = await room.events(each)
        broken = Counter(event.clock for event in events if isinstance(event, DeadlineMissed))
        assert broken == {"acknowledgement": 1, "first_response": 1, "next_update": 1}
        warned = [event.clock for event in events if isinstance(event, DeadlineWarned)]
        assert warned == ["resolution"], "a warning only of the deadline that has not passed"
    await room.pass_time(seconds=(MIN_GAP - JUST).total_seconds())
    assert (await room.told())["dispute.escalated"] == len(ids)


async def test_each_step_of_a_storm_leaves_one_message_for_the_other_services(room: Room) -> None:
    ids = await slept(room)
    await room.drain()
    async with room.database.transaction() as tx:
        published = await tx.raw.fetchval("select count(*) from outbox where topic like '%escalated%'")
    assert published == len(ids)
