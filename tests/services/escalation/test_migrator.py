"""A migration moves open disputes in slices, once each, tells each history, and goes on after a crash."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.escalation.migrator import Migrator
from shared.db import history, policy_migrations
from shared.db.policy_migrations import Filter, Migration, Wanted
from shared.domain.lifecycle import Trigger
from shared.messages.events import DisputeEscalated, PolicyMigrated
from tests.domain.matrices import CALENDARS, a_body, clocks
from tests.services.escalation.room import Room

LATER = clocks(acknowledgement={"duration": "3 hours", "calendar": "always", "on_breach": "tell"})


def quick(deadline: str = "3 hours") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = a_body()["tiers"]
    found[0]["deadline"] = deadline
    return found


def migrator(room: Room, batch: int = 100) -> Migrator:
    return Migrator(room.database, room.matrices, CALENDARS, room.figures, batch=batch)


async def asked(room: Room, to_version: int = 2, *, allow_later: bool = False, **parts: Any) -> UUID:
    wanted = Wanted(to_version, Filter(**parts), "shorter for all", allow_later, "principal:editor")
    async with room.database.transaction() as tx:
        return (await policy_migrations.create(tx, "escalation", wanted)).id


async def read(room: Room, migration_id: UUID) -> Migration:
    async with room.database.transaction() as tx:
        return await policy_migrations.get(tx, "escalation", migration_id)


async def carried_out(room: Room, migration_id: UUID, batch: int = 100) -> Migration:
    worker = migrator(room, batch)
    while await worker.round():
        pass
    return await read(room, migration_id)


async def migrated(room: Room, dispute_id: UUID) -> list[PolicyMigrated]:
    return [event for event in await room.events(dispute_id) if isinstance(event, PolicyMigrated)]


async def versions(room: Room, ids: list[UUID]) -> list[int | None]:
    return [(await room.read(each)).policy_version for each in ids]


async def test_every_open_dispute_is_moved_once_and_its_history_says_from_what_to_what_and_why(room: Room) -> None:
    ids = await room.taken_up(7)
    before = (await room.clocks(ids[0]))["tier"]
    await room.put_policy(tiers=quick())
    job = await asked(room)
    done = await carried_out(room, job, batch=3)
    assert (done.state, done.counts["migrated"], done.counts["earlier"], done.counts["failed"]) == ("done", 7, 7, 0)
    assert await versions(room, ids) == [2] * 7
    after = (await room.clocks(ids[0]))["tier"]
    (told,) = await migrated(room, ids[0])
    assert (told.from_version, told.to_version, told.reason) == (1, 2, "shorter for all")
    assert (told.requested_by, told.migration_id, told.held) == ("principal:editor", str(job), ())
    assert before.due_at is not None
    assert after.due_at is not None
    assert list(told.moved) == ["tier"]
    assert [text and text.replace("Z", "+00:00") for text in told.moved["tier"]] == [
        before.due_at.isoformat(),
        after.due_at.isoformat(),
    ]
    assert (before.due_at - after.due_at).total_seconds() == 3600
    async with room.database.transaction() as tx:
        assert history.first_break(await history.entries(tx, ids[0])) is None


async def test_the_timers_follow_so_that_the_engine_climbs_by_the_new_rule(room: Room) -> None:
    (dispute_id,) = await room.taken_up(1, acknowledged_at=None)
    await room.put_policy(tiers=quick("1 hour"))
    await carried_out(room, await asked(room))
    await room.pass_time(minutes=59)
    assert (await room.read(dispute_id)).tier == 1
    await room.pass_time(minutes=2)
    assert (await room.read(dispute_id)).tier == 2


async def test_a_promise_to_the_customer_is_held_and_moves_later_only_when_asked(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    due_at = (await room.clocks(dispute_id))["acknowledgement"].due_at
    await room.put_policy(clocks=LATER)
    done = await carried_out(room, await asked(room))
    assert (done.counts["held"], done.counts["later"]) == (1, 0)
    assert (await room.clocks(dispute_id))["acknowledgement"].due_at == due_at
    assert (await migrated(room, dispute_id))[0].held == ("acknowledgement",)
    await room.put_policy(clocks=clocks(acknowledgement=LATER["acknowledgement"] | {"duration": "5 hours"}))
    done = await carried_out(room, await asked(room, 3, allow_later=True))
    assert (done.counts["held"], done.counts["later"]) == (0, 1)
    assert (await migrated(room, dispute_id))[1].allow_later
    moved = (await room.clocks(dispute_id))["acknowledgement"].due_at
    assert moved is not None
    assert due_at is not None
    assert (moved - due_at).total_seconds() == 3 * 3600


async def test_only_the_disputes_of_the_filter_are_moved(room: Room) -> None:
    (normal,) = await room.taken_up()
    (lawyer,) = await room.taken_up(1, signals=("legal_threat",))
    (business,) = await room.taken_up(1, customer_class="business")
    await room.put_policy(tiers=quick())
    await carried_out(room, await asked(room, tiers=(1,), customer_classes=("standard", "premium")))
    assert await versions(room, [normal, lawyer, business]) == [2, 1, 1]
    await carried_out(room, await asked(room, from_versions=(7,)))
    assert await versions(room, [normal, lawyer, business]) == [2, 1, 1]
    await carried_out(
        room, await asked(room, from_versions=(1, 7), categories=("billing_error",), jurisdictions=("GB",))
    )
    assert await versions(room, [normal, lawyer, business]) == [2, 2, 2]


async def test_what_is_over_or_not_taken_up_is_left_alone(room: Room) -> None:
    (over,) = await room.taken_up()
    await room.move(over, Trigger.WITHDRAW)
    (fresh,) = await room.filed()
    await room.put_policy(tiers=quick())
    done = await carried_out(room, await asked(room))
    assert done.counts == {"failed": 0}
    assert await versions(room, [over, fresh.id]) == [1, None]


async def test_a_second_migration_to_the_same_version_does_nothing(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    await room.put_policy(tiers=quick())
    await carried_out(room, await asked(room))
    assert (await carried_out(room, await asked(room))).counts == {"failed": 0}
    assert len(await migrated(room, dispute_id)) == 1


async def test_a_crash_in_the_middle_repeats_nothing_and_misses_nobody(room: Room) -> None:
    ids = await room.taken_up(5)
    await room.put_policy(tiers=quick())
    job = await asked(room)
    worker = migrator(room, batch=2)
    assert await worker.round()
    assert (await read(room, job)).state == "running"
    async with room.database.transaction() as tx:
        await tx.raw.execute(
            "alter table policy_migration add constraint crash check ((counts ->> 'migrated')::int <= 2)"
        )
    with pytest.raises(asyncpg.CheckViolationError):
        await worker.round()
    assert sorted(await versions(room, ids), key=str) == [1, 1, 1, 2, 2]
    async with room.database.transaction() as tx:
        await tx.raw.execute("alter table policy_migration drop constraint crash")
    assert (await carried_out(room, job, batch=2)).counts["migrated"] == 5
    assert [len(await migrated(room, each)) for each in ids] == [1] * 5


async def test_one_dispute_that_cannot_be_moved_is_named_and_stops_nobody(room: Room) -> None:
    bad, refused, good = await room.taken_up(3)
    await room.change(bad, policy_version=99)
    async with room.database.transaction() as tx:
        await tx.raw.execute(f"alter table clock add check (dispute_id <> '{refused}' or policy_version <> 2)")
    await room.put_policy(tiers=quick())
    done = await carried_out(room, await asked(room))
    assert (done.state, done.counts["migrated"], done.counts["failed"]) == ("done", 1, 2)
    assert {each["dispute_id"] for each in done.failures} == {str(bad), str(refused)}
    assert await versions(room, [bad, refused, good]) == [99, 1, 2]


async def test_a_version_that_does_not_hold_any_more_fails_the_migration_with_its_reason(room: Room) -> None:
    await room.taken_up()
    done = await carried_out(room, await asked(room, 9))
    assert (done.state, done.finished_at is not None) == ("failed", True)
    assert "9" in str(done.fault)


async def test_a_cancelled_migration_goes_no_further_and_what_was_moved_stays(room: Room) -> None:
    ids = sorted(await room.taken_up(3))
    await room.put_policy(tiers=quick())
    job = await asked(room)
    await migrator(room, batch=1).round()
    async with room.database.transaction() as tx:
        await policy_migrations.cancel(tx, "escalation", job)
    done = await carried_out(room, job)
    assert (done.state, done.counts["migrated"]) == ("cancelled", 1)
    assert await versions(room, ids) == [2, 1, 1]


async def test_going_back_to_an_older_version_brings_internal_deadlines_back(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    due_at = (await room.clocks(dispute_id))["tier"].due_at
    await room.put_policy(tiers=quick())
    await carried_out(room, await asked(room))
    await carried_out(room, await asked(room, 1))
    clock = (await room.clocks(dispute_id))["tier"]
    assert (clock.due_at, clock.policy_version, clock.generation) == (due_at, 1, 3)


async def test_a_threshold_of_the_new_version_lifts_a_dispute_and_the_history_says_both(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    lower = [{"name": "small", "when": {"amount_over": "40"}, "to_tier": 3, "because": "more than forty"}]
    await room.put_policy(thresholds=lower)
    done = await carried_out(room, await asked(room))
    assert done.counts["escalated"] == 1
    *_, moved, climbed = await room.events(dispute_id)
    assert isinstance(moved, PolicyMigrated)
    assert isinstance(climbed, DisputeEscalated)
    assert (climbed.to_tier, climbed.because) == (3, ("more than forty",))


async def test_two_migrators_never_work_at_once_and_migrations_take_their_turns(room: Room) -> None:
    ids = await room.taken_up(4)
    await room.put_policy(tiers=quick())
    await room.put_policy(tiers=quick("2 hours"))
    first, second = await asked(room, 2), await asked(room, 3)
    async with room.database.transaction() as tx:
        taken = await policy_migrations.take(tx)
        assert taken is not None
        assert taken.id == first
        assert not await migrator(room).round()
    assert (await carried_out(room, second)).state == "done"
    assert await versions(room, ids) == [3] * 4
    assert [[event.to_version for event in await migrated(room, each)] for each in ids] == [[2, 3]] * 4
