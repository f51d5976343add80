"""Outbox, inbox and heartbeats keep their word."""

from datetime import timedelta
from uuid import uuid4

from shared.db import disputes, heartbeats, inbox, outbox
from shared.db.engine import Database
from tests.builders import a_filing


async def test_two_relays_never_take_the_same_row(db: Database) -> None:
    async with db.transaction() as tx:
        await disputes.insert_many(tx, [a_filing() for _ in range(10)])
    async with db.transaction() as one, db.transaction() as other:
        first, second = await outbox.take(one, 6), await outbox.take(other, 6)
        assert (len(first), len(second)) == (6, 4)
        assert not {row.id for row in first} & {row.id for row in second}


async def test_a_row_stays_until_it_is_confirmed(db: Database) -> None:
    async with db.transaction() as tx:
        await disputes.insert_many(tx, [a_filing() for _ in range(3)])
    async with db.transaction() as tx:
        await outbox.confirm(tx, [row.id for row in await outbox.take(tx, 2)])
    async with db.transaction() as tx:
        assert (await outbox.backlog(tx))[0] == 1


async def test_a_message_is_handled_for_the_first_time_only_once_per_consumer(db: Database) -> None:
    seen, new = uuid4(), uuid4()
    async with db.transaction() as tx:
        assert await inbox.first_time(tx, "escalation", [seen, seen]) == {seen}
    async with db.transaction() as tx:
        assert await inbox.first_time(tx, "escalation", [seen, new]) == {new}
        assert await inbox.first_time(tx, "notify", [seen]) == {seen}


async def test_the_inbox_forgets_only_what_is_old(db: Database, moved: Database) -> None:
    old, young = uuid4(), uuid4()
    async with db.transaction() as tx:
        await inbox.first_time(tx, "notify", [old])
    async with moved.transaction() as tx:
        await inbox.first_time(tx, "notify", [young])
        assert await inbox.prune(tx) == 1
        assert await inbox.first_time(tx, "notify", [old, young]) == {old}


async def test_a_heartbeat_ages(db: Database, moved: Database) -> None:
    async with db.transaction() as tx:
        assert await heartbeats.age(tx, "sweep") is None
        await heartbeats.beat(tx, "sweep", fired=3)
        assert await heartbeats.age(tx, "sweep") == timedelta()
    async with moved.transaction() as tx:
        age = await heartbeats.age(tx, "sweep")
        assert age is not None
        assert age > timedelta(days=7)
