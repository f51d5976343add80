"""Where looks for due timers begin, and when a second sweep takes part."""

from datetime import timedelta
from uuid import uuid4

from services.escalation.lookout import FAR, NEAR, UNBOUNDED_EVERY_SECONDS, WIDE_EVERY_SECONDS, Lookout
from services.escalation.sweep import Sweep
from shared.db import decisions, timers
from shared.db.decisions import Decisions
from shared.db.engine import Database
from shared.domain.clock_record import Kind
from tests.domain.matrices import CALENDARS, clocks
from tests.services.escalation.room import Room

MOMENT = timedelta(milliseconds=500)


class Watchman:
    """A lookout whose monotonic clock the test moves."""

    def __init__(self, database: Database) -> None:
        self.seconds = 0.0
        self._database = database
        self.lookout = Lookout(database, lambda: self.seconds)

    async def left_behind(self, ago: timedelta) -> None:
        """A slow transaction has at last committed a timer for so long ago."""
        async with self._database.transaction() as tx:
            await tx.raw.execute("delete from timer")
            await decisions.save(tx, Decisions(armed=[timers.Armed(uuid4(), Kind.TIER, tx.now, 1)]))
            await tx.raw.execute("update timer set due_at = due_at - $1::interval", ago)

    async def sees(self) -> bool:
        return await self.lookout.look() is not None


async def test_a_timer_left_behind_a_moment_is_seen_at_once_one_left_further_back_by_a_wide_look(db: Database) -> None:
    watchman = Watchman(db)
    assert not await watchman.sees()
    await watchman.left_behind(NEAR - MOMENT)
    assert await watchman.sees()
    watchman = Watchman(db)
    await watchman.left_behind(-timedelta(hours=1))
    assert await watchman.sees()
    await watchman.left_behind(FAR - MOMENT)
    assert not await watchman.sees()
    watchman.seconds = WIDE_EVERY_SECONDS
    assert await watchman.sees()


async def test_a_timer_left_behind_further_than_any_transaction_lasts_is_seen_by_the_unbounded_look(
    db: Database,
) -> None:
    watchman = Watchman(db)
    assert not await watchman.sees()
    await watchman.left_behind(timedelta(days=9))
    watchman.seconds = WIDE_EVERY_SECONDS
    assert not await watchman.sees()
    watchman.seconds = UNBOUNDED_EVERY_SECONDS
    assert await watchman.sees()


async def test_a_hint_that_a_timer_was_set_has_the_next_look_begin_far_back(db: Database) -> None:
    watchman = Watchman(db)
    assert not await watchman.sees()
    await watchman.left_behind(FAR - MOMENT)
    assert not await watchman.sees()
    before = watchman.lookout.overdue
    assert not before
    watchman.lookout.widen()
    assert watchman.lookout.overdue
    assert await watchman.sees()
    assert not watchman.lookout.overdue


async def test_an_assistant_leaves_what_is_just_due_to_the_first_sweep_and_fires_what_that_one_does_not(
    room: Room,
) -> None:
    await room.put_policy(clocks=clocks(acknowledgement=None, first_response=None, next_update=None, resolution=None))
    (dispute_id,) = await room.taken_up()
    assistant = Sweep(room.database, room.matrices, CALENDARS, room.figures, patience=timedelta(hours=1))
    room.ahead = timedelta(hours=2, minutes=30)
    rest = await assistant.round()
    assert isinstance(rest, float)
    assert 0 < rest <= timedelta(minutes=30).total_seconds()
    assert len(await room.events(dispute_id)) == 1, "half an hour overdue, and the first sweep may be at it"
    room.ahead += timedelta(minutes=31)
    assert await assistant.round() is True
    assert len(await room.events(dispute_id)) == 2


async def test_a_sweep_goes_on_after_a_full_batch_without_a_look_and_ends_with_one(room: Room) -> None:
    await room.put_policy(clocks=clocks(acknowledgement=None, first_response=None, next_update=None, resolution=None))
    await room.taken_up(5)
    room.ahead += timedelta(days=1)
    sweep = room.another_sweep(batch=2)
    rounds = [await sweep.fire_batch(2) for _ in range(4)]
    assert [done.taken for done in rounds] == [2, 2, 1, 0]
    assert [done.next_due_in is None for done in rounds] == [False, True, True, False]
