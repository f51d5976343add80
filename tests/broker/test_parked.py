"""Parked messages: listed, replayed, discarded, counted."""

from datetime import timedelta
from uuid import UUID

import pytest

from shared.broker.parking import Parking
from shared.broker.retry import Retry
from shared.db import parked
from shared.db.engine import Database
from shared.domain.errors import InvalidValue, NotFound
from shared.runtime.ids import new_id
from shared.runtime.metrics import Metrics
from tests.contract.rig import an_event, nothing, parked_by


async def keep(db: Database, consumer: str = "first", *, dead: bool = True) -> UUID:
    event = an_event()
    async with db.transaction() as tx:
        due_at = None if dead else tx.now + timedelta(minutes=1)
        arrived = parked.Arrived(consumer, event.id, event.topic, event.encode())
        assert await parked.park(tx, arrived, parked.Failure("KeyError", 1, due_at))
    return event.id


async def test_dead_letters_are_listed_the_latest_first_page_by_page(db: Database) -> None:
    kept = [await keep(db) for _ in range(5)]
    await keep(db, "second")
    seen: list[UUID] = []
    before = None
    async with db.transaction() as tx:
        while page := await parked.listed(tx, "dead", consumer="first", before=before, limit=2):
            seen += [each.message_id for each in page]
            before = (page[-1].failed_at, page[-1].message_id)
    assert seen == kept[::-1]


async def test_a_page_has_a_bound(db: Database) -> None:
    async with db.transaction() as tx:
        with pytest.raises(InvalidValue):
            await parked.listed(tx, limit=201)


async def test_a_message_is_parked_once(db: Database) -> None:
    message_id = await keep(db)
    async with db.transaction() as tx:
        arrived = parked.Arrived("first", message_id, "dispute.filed", b"{}")
        assert not await parked.park(tx, arrived, parked.Failure("ValueError", 1, None))
    (kept,) = await parked_by(db, "first", "dead")
    assert kept.reason == "KeyError"


async def test_a_replayed_dead_letter_is_due_at_once_with_all_its_attempts(db: Database) -> None:
    message_id = await keep(db)
    async with db.transaction() as tx:
        await parked.replay(tx, "first", message_id)
        assert await parked.due(tx, "first", 10) == [message_id]
    (kept,) = await parked_by(db, "first", "retry")
    assert kept.attempts == 0


async def test_all_dead_letters_of_a_consumer_can_be_replayed(db: Database) -> None:
    for _ in range(3):
        await keep(db)
    await keep(db, "second")
    async with db.transaction() as tx:
        assert await parked.replay_all(tx, "first", limit=2) == 2
        assert await parked.replay_all(tx) == 2


async def test_what_waits_for_its_next_try_can_be_neither_replayed_nor_discarded(db: Database) -> None:
    message_id = await keep(db, dead=False)
    async with db.transaction() as tx:
        with pytest.raises(NotFound):
            await parked.replay(tx, "first", message_id)
        with pytest.raises(NotFound):
            await parked.discard(tx, "first", message_id, reason="no", actor="principal:1")


async def test_a_discarded_dead_letter_is_gone(db: Database) -> None:
    message_id = await keep(db)
    async with db.transaction() as tx:
        await parked.discard(tx, "first", message_id, reason="a test message", actor=f"principal:{new_id()}")
    assert not await parked_by(db, "first", "dead")


async def test_two_processes_never_try_the_same_message_at_once(db: Database) -> None:
    message_id = await keep(db)
    async with db.transaction() as tx:
        await parked.replay(tx, "first", message_id)
    async with db.transaction() as one, db.transaction() as other:
        assert await parked.take(one, "first", message_id) is not None
        assert await parked.take(other, "first", message_id) is None


async def test_a_failure_is_counted_once_by_whoever_saw_it_first(db: Database) -> None:
    message_id = await keep(db)
    async with db.transaction() as tx:
        await parked.replay(tx, "first", message_id)
        message = await parked.take(tx, "first", message_id)
        assert message is not None
        again = parked.Failure("ValueError", message.attempts + 1, tx.now)
        assert await parked.failed_again(tx, message, again)
        assert not await parked.failed_again(tx, message, again)


async def test_the_gauges_show_what_waits_and_what_is_dead(db: Database) -> None:
    await keep(db)
    await keep(db, dead=False)
    metrics = Metrics()
    await Parking(db, "first", nothing, metrics=metrics, retry=Retry()).look_after()
    assert metrics.messages_dead_letters.labels(consumer="first")._value.get() == 1
    assert metrics.messages_retry_waiting.labels(consumer="first")._value.get() == 1
