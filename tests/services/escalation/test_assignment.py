"""Assignment on the real engine: loads and conflicts come from the database, and what is given out counts at once."""

from collections import Counter
from typing import Any
from uuid import UUID

from services.escalation.staffing import Staff
from shared.db import assignments, disputes, principals
from shared.db.assignments import Load
from shared.domain.lifecycle import Trigger
from shared.messages.events import DisputeAssigned, DisputeReopened
from tests.builders import a_dispute, a_filing
from tests.domain.matrices import CALENDARS, a_tier
from tests.services.escalation.room import Room


async def staffed(room: Room, *names: str, load_max: int | None = 100, above: str = "Lou", **more: Any) -> None:
    """A front line of these people, and one lead."""
    front = a_tier("Agent", "4 hours", holders=[{"name": name} for name in names], **more)
    people = [{"name": name, "load_max": load_max} for name in names]
    await room.put_policy(
        tiers=[front, a_tier("Lead", "8 hours", holders=[{"name": above}])], people=people, thresholds=[]
    )


async def handlers(room: Room, ids: list[UUID]) -> Counter[str | None]:
    return Counter([(await room.read(each)).handler for each in ids])


async def test_disputes_taken_up_together_are_shared_by_load_and_not_all_given_to_the_idlest(room: Room) -> None:
    await staffed(room, "Ann", "Bob")
    first = await room.taken_up(6)
    assert await handlers(room, first) == {"Ann": 3, "Bob": 3}
    async with room.database.transaction() as tx:
        await tx.raw.execute("update dispute set handler = 'Ann'")
    room.handlers._staff = Staff(CALENDARS)  # as after a second: the loads are read again
    assert await handlers(room, await room.taken_up(8)) == {"Ann": 1, "Bob": 7}


async def test_only_open_disputes_weigh(room: Room) -> None:
    await staffed(room, "Ann", "Bob")
    for each in await room.taken_up(4):
        if (await room.read(each)).handler == "Ann":
            await room.move(each, Trigger.RESOLVE)
    async with room.database.transaction() as tx:
        assert await assignments.loads(tx, ["Ann", "Bob", "Zoe"]) == {"Ann": 0, "Bob": 2, "Zoe": 0}
        assert await assignments.by_tier(tx) == [Load("Bob", 1, 2)]


async def test_a_full_front_line_hands_on_to_the_tier_above_and_the_history_says_why(room: Room) -> None:
    await staffed(room, "Ann", "Bob", load_max=1)
    ids = await room.taken_up(3)
    assert await handlers(room, ids) == {"Ann": 1, "Bob": 1, "Lou": 1}
    (above,) = [each for each in ids if (await room.read(each)).handler == "Lou"]
    (assigned,) = await room.events(above)
    assert isinstance(assigned, DisputeAssigned)
    assert "Ann has as many open disputes as they can have (1)" in assigned.skipped[0]


async def test_a_full_front_line_that_queues_gives_the_next_to_whoever_has_room_again(room: Room) -> None:
    await staffed(room, "Ann", "Bob", load_max=1, when_full="queue")
    ids = await room.taken_up(3)
    assert await handlers(room, ids) == {"Ann": 1, "Bob": 1, None: 1}
    (waiting,) = [each for each in ids if (await room.read(each)).handler is None]
    (done,) = [each for each in ids if (await room.read(each)).handler == "Ann"]
    await room.move(done, Trigger.RESOLVE)
    room.handlers._staff = Staff(CALENDARS)  # as after a second: the loads are read again
    await room.hear([waiting])
    assert ((await room.read(waiting)).tier, (await room.read(waiting)).handler) == (1, "Ann")


async def test_nobody_handles_what_they_filed_or_are_a_party_to(room: Room) -> None:
    await staffed(room, "Ann", "Bob", "Cy")
    async with room.database.transaction() as tx:
        filer = await principals.create(tx, name="ann", role="agent", tier=1)
        made = [a_dispute(received_at=tx.now, filed_by=filer.id) for _ in range(5)]
        parties = '[{"role": "seller", "name": "Bob"}, {"role": "witness"}]'
        await disputes.insert_many(tx, [a_filing(each, parties=parties) for each in made])
    await room.hear([each.id for each in made])
    assert await handlers(room, [each.id for each in made]) == {"Cy": 5}


async def test_a_second_review_passes_over_everybody_who_handled_the_first_stage(room: Room) -> None:
    names = ("Ann", "Ben")
    tiers = [
        a_tier("Agent", "4 hours", holders=[{"name": name} for name in names]),
        a_tier("Lead", "8 hours", holders=[{"name": "Ann"}, {"name": "Ben"}, {"name": "Lou"}]),
    ]
    await room.put_policy(tiers=tiers, thresholds=[])
    (dispute_id,) = await room.taken_up()
    await room.pass_time(hours=5)
    dispute = await room.read(dispute_id)
    assert dispute.tier == 2
    seen = {each.handler for each in await room.events(dispute_id) if hasattr(each, "handler")}
    await room.move(dispute_id, Trigger.RESOLVE)
    async with room.database.transaction() as tx:
        before = await disputes.lock(tx, dispute_id)
        told = DisputeReopened(because="stage_2", occasion=1)
        change = disputes.Change(before, before.after(Trigger.REQUEST_STAGE_2, tx.now), (told,), "principal:test")
        await disputes.save(tx, change)
    await room.hear([dispute_id])
    again = (await room.read(dispute_id)).handler
    assert again is not None
    assert again not in seen


async def test_a_matrix_that_says_nothing_of_its_people_costs_no_look_at_loads(room: Room) -> None:
    room.handlers._staff._until = -1.0
    await room.taken_up(3)
    assert room.handlers._staff._loads.keys() <= {"Agent Ann"}
    assert room.handlers._staff._for == 0


async def test_loads_are_answered_from_the_index_over_what_is_open(room: Room) -> None:
    async with room.database.transaction() as tx:
        await tx.raw.execute("set local enable_seqscan = off; set local enable_bitmapscan = off")
        for query, arguments in ((assignments._LOADS, (["Ann"], 10)), (assignments._BY_TIER, (10,))):
            plan = [row[0] for row in await tx.raw.fetch(f"explain {query}", *arguments)]
            assert any("ix_dispute_load" in line for line in plan), plan
