"""Somebody leaves: what they have open goes to others in slices, each told in its history, and what stays is counted."""

from collections import Counter
from uuid import UUID

from services.escalation.reassigner import Reassigner
from shared.db import reassignments
from shared.db.dry_run import Bounds
from shared.db.reassign_trial import Foreseen, Wish, foresee_reassignment
from shared.db.reassignments import Filter, Reassignment, Wanted
from shared.domain.lifecycle import Trigger
from shared.messages.assignment_events import AssignmentRequested, HandedOver
from shared.messages.envelope import Envelope
from shared.messages.events import DisputeAssigned
from shared.runtime.ids import new_id
from tests.domain.matrices import CALENDARS, a_tier
from tests.services.escalation.room import Room


async def staffed(room: Room, *names: str, **parts: object) -> None:
    front = a_tier("Agent", "4 hours", holders=[{"name": name} for name in names])
    await room.put_policy(tiers=[front, a_tier("Lead", "8 hours")], thresholds=[], **parts)


async def given_to(room: Room, handler: str, count: int) -> list[UUID]:
    """Open disputes that are all with one person."""
    ids = await room.taken_up(count)
    for each in ids:
        await room.change(each, handler=handler)
    room.handlers._staff._until = 0.0  # as after a second: the loads are read again
    return ids


async def asked(room: Room, to: str | None = None, which: Filter | None = None) -> Reassignment:
    async with room.database.transaction() as tx:
        wanted = Wanted("Ann", to, which or Filter(), "Ann leaves", "principal:lead")
        return await reassignments.create(tx, wanted)


async def carried_out(room: Room, job: Reassignment, batch: int = 3) -> Reassignment:
    rounds = 0
    while await Reassigner(room.database, room.handlers, batch=batch).round():
        rounds += 1
        assert rounds < 20
    async with room.database.transaction() as tx:
        return await reassignments.get(tx, job.id)


async def who(room: Room, ids: list[UUID]) -> Counter[str | None]:
    return Counter([(await room.read(each)).handler for each in ids])


async def test_everything_open_goes_to_the_one_named_in_slices_and_each_history_says_who_wanted_it(room: Room) -> None:
    await staffed(room, "Ann", "Bob")
    ids = await given_to(room, "Ann", 7)
    job = await carried_out(room, await asked(room, "Bob"))
    assert (job.state, job.counts["reassigned"], job.counts["failed"]) == ("done", 7, 0)
    assert job.finished_at is not None
    assert await who(room, ids) == {"Bob": 7}
    handed, assigned = (await room.events(ids[0]))[-2:]
    assert handed == HandedOver(
        before="Ann",
        handler="Bob",
        tier=1,
        asked_by="principal:lead",
        message_id=None,
        reassignment_id=str(job.id),
        override=False,
    )
    assert isinstance(assigned, DisputeAssigned)
    assert not assigned.first


async def test_without_a_name_each_goes_to_whoever_has_least(room: Room) -> None:
    people = [{"name": name, "load_max": 50} for name in ("Ann", "Bob", "Cy")]
    await staffed(room, "Ann", "Bob", "Cy", people=people)
    ids = await given_to(room, "Ann", 6)
    await carried_out(room, await asked(room))
    assert await who(room, ids) == {"Bob": 3, "Cy": 3}


async def test_what_is_over_stays_with_the_one_who_decided_it(room: Room) -> None:
    await staffed(room, "Ann", "Bob")
    ids = await given_to(room, "Ann", 2)
    await room.move(ids[0], Trigger.RESOLVE)
    job = await carried_out(room, await asked(room, "Bob"))
    assert (job.counts["reassigned"], await who(room, ids)) == (1, {"Ann": 1, "Bob": 1})


async def test_only_what_the_filter_lets_through_changes_hands(room: Room) -> None:
    await staffed(room, "Ann", "Bob")
    ids = await given_to(room, "Ann", 3)
    await room.change(ids[0], tier=2)
    job = await carried_out(room, await asked(room, "Bob", Filter(tiers=(1,))))
    assert job.counts["reassigned"] == 2
    assert (await room.read(ids[0])).handler == "Ann"


async def test_what_nobody_else_can_take_stays_and_is_counted_with_its_reason(room: Room) -> None:
    people = [{"name": "Ann"}, {"name": "Bob", "load_max": 2}]
    await staffed(room, "Ann", "Bob", people=people)
    ids = await given_to(room, "Ann", 4)
    job = await carried_out(room, await asked(room, "Bob"))
    assert (job.counts["reassigned"], job.counts["kept"]) == (2, 2)
    assert await who(room, ids) == {"Ann": 2, "Bob": 2}
    assert {failure["reason"] for failure in job.failures} == {"nobody else can take it now"}


STATES = "select md5(string_agg(t::text, '' order by t::text)) from {table} t"


async def kept(room: Room) -> list[str]:
    """What stands in the tables that a reassignment writes to."""
    async with room.database.transaction() as tx:
        tables = ("dispute", "event", "clock", "timer", "reassignment", "outbox")
        return [await tx.raw.fetchval(STATES.format(table=table)) for table in tables]


async def tried(room: Room, to: str | None = None, which: Filter | None = None, limit: int = 5000) -> Foreseen:
    wish = Wish("Ann", to, which or Filter())
    return await foresee_reassignment(room.database, room.matrices, CALENDARS, wish, Bounds(limit))


async def foreseen_and_done(room: Room, ids: list[UUID], to: str | None = None) -> Foreseen:
    """What a trial says, after which the same is done in earnest and must come to the same."""
    before, seen = await kept(room), await tried(room, to)
    assert await kept(room) == before, "a trial writes nothing"
    had = await who(room, ids)
    job = await carried_out(room, await asked(room, to))
    gained = await who(room, ids)
    gained.subtract(had)
    assert {name: count for name, count in gained.items() if name not in (None, "Ann")} == dict(seen.receives)
    assert [job.counts[each] for each in ("reassigned", "kept", "failed", "escalated")] == [
        seen.reassigned,
        seen.kept,
        seen.failed,
        seen.escalated,
    ]
    assert [failure["dispute_id"] for failure in job.failures] == [str(each.dispute_id) for each in seen.stays]
    return seen


async def test_a_trial_says_who_would_get_how_many_and_is_right(room: Room) -> None:
    people = [{"name": "Ann"}, {"name": "Bob", "load_max": 2}, {"name": "Cy", "load_max": 50}]
    await staffed(room, "Ann", "Bob", "Cy", people=people)
    seen = await foreseen_and_done(room, await given_to(room, "Ann", 6))
    assert (seen.open_disputes, seen.looked_at, seen.complete) == (6, 6, True)
    assert dict(seen.receives) == {"Bob": 2, "Cy": 4}


async def test_a_trial_names_what_the_one_named_cannot_take_with_the_reason(room: Room) -> None:
    await staffed(room, "Ann", "Bob", people=[{"name": "Ann"}, {"name": "Bob", "load_max": 2}])
    seen = await foreseen_and_done(room, await given_to(room, "Ann", 4), "Bob")
    assert (seen.reassigned, seen.kept, dict(seen.receives)) == (2, 2, {"Bob": 2})
    assert {each.reason for each in seen.stays} == {"Bob has as many open disputes as they can have (2)."}


async def test_a_trial_counts_those_that_would_go_to_a_tier_above(room: Room) -> None:
    await staffed(room, "Ann", people=[{"name": "Ann", "load_max": 9}])
    seen = await foreseen_and_done(room, await given_to(room, "Ann", 2))
    assert (seen.escalated, dict(seen.receives)) == (2, {"Lead Ann": 2})


async def test_a_trial_looks_at_what_the_filter_lets_through_and_at_no_more_than_is_asked(room: Room) -> None:
    await staffed(room, "Ann", "Bob")
    ids = await given_to(room, "Ann", 5)
    await room.change(ids[0], tier=2)
    some = await tried(room, "Bob", Filter(tiers=(1,)), limit=3)
    assert (some.open_disputes, some.looked_at, some.reassigned, some.complete) == (4, 3, 3, False)


async def test_a_cancelled_reassignment_goes_no_further(room: Room) -> None:
    await staffed(room, "Ann", "Bob")
    ids = await given_to(room, "Ann", 4)
    job = await asked(room, "Bob")
    await Reassigner(room.database, room.handlers, batch=2).round()
    async with room.database.transaction() as tx:
        assert (await reassignments.cancel(tx, job.id)).state == "cancelled"
    assert await Reassigner(room.database, room.handlers, batch=2).round() is False
    assert await who(room, ids) == {"Ann": 2, "Bob": 2}


async def test_a_wish_by_hand_is_carried_out_once_and_one_that_became_impossible_does_no_harm(room: Room) -> None:
    await staffed(room, "Ann", "Bob")
    (dispute_id,) = await given_to(room, "Ann", 1)

    async def wish(handler: str) -> None:
        event = AssignmentRequested(handler=handler, message_id=None, override=False)
        async with room.database.transaction() as tx:
            envelope = Envelope(new_id(), dispute_id, 1, tx.now, "principal:lead", event)
            await room.handlers(tx, [envelope, envelope])

    await wish("Bob")
    await wish("Nobody We Know")
    assert (await room.read(dispute_id)).handler == "Bob"
    told = [each for each in await room.events(dispute_id) if isinstance(each, HandedOver)]
    assert [(each.before, each.handler, each.asked_by) for each in told] == [("Ann", "Bob", "principal:lead")]
