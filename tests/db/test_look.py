"""What is done outside any transaction: a look, for polling; a stroke, for what one statement writes."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from shared.db import disputes, timers
from shared.db.engine import Database, make_engine
from tests.builders import MONDAY_NINE, a_filing
from tests.waiting import eventually


async def test_a_look_survives_the_loss_of_its_connection(database: str, db: Database) -> None:
    """The connection that polling uses is cut; whoever polls next must not be handed the dead one again and again."""
    polling = Database(make_engine(database, pool_size=1))
    try:
        async with polling.look() as look:
            drawn = look.raw
        async with db.transaction() as tx:
            await tx.raw.execute("select pg_terminate_backend($1)", drawn.get_server_pid())
        await eventually(drawn.is_closed)
        async with polling.look() as look:
            assert (await timers.look(look, MONDAY_NINE))[1] is None
    finally:
        await polling.dispose()


async def test_a_look_shows_the_clock_as_transactions_do(moved: Database, db: Database) -> None:
    async with moved.look() as look, db.transaction() as tx:
        assert (await timers.look(look, MONDAY_NINE))[0] - tx.now > timedelta(days=7)


async def _count(db: Database) -> Any:
    counted = (
        "select array[(select count(*) from dispute), (select count(*) from dispute_private), "
        "(select count(*) from event), (select count(*) from outbox)]"
    )
    async with db.transaction() as tx:
        return await tx.raw.fetchval(counted)


async def test_a_stroke_is_committed_when_it_returns_and_says_so_at_its_end(db: Database) -> None:
    told: list[str] = []
    db.on_commit("outbox", lambda: told.append("outbox"))
    async with db.stroke() as stroke:
        stroke.instant = await stroke.raw.fetchval("select now()")
        await disputes.insert_many(stroke, [a_filing(), a_filing()])
        assert await _count(db) == [2, 2, 2, 2]
    assert told == ["outbox"]


async def test_a_stroke_that_fails_half_way_leaves_nothing(db: Database) -> None:
    filing = a_filing()
    async with db.stroke() as stroke:
        stroke.instant = await stroke.raw.fetchval("select now()")
        with pytest.raises(asyncpg.UniqueViolationError):
            await disputes.insert_many(stroke, [a_filing(), filing, filing])
    assert await _count(db) == [0, 0, 0, 0]


async def test_filings_that_their_process_slept_over_are_not_stored_behind_those_who_have_looked(db: Database) -> None:
    async with db.stroke() as stroke:
        stroke.instant = await stroke.raw.fetchval("select now() - interval '16 seconds'")
        with pytest.raises(TimeoutError):
            await disputes.insert_many(stroke, [a_filing()])
    assert await _count(db) == [0, 0, 0, 0]


async def test_a_stroke_shows_the_clock_as_transactions_do(moved: Database, db: Database) -> None:
    async with moved.stroke() as stroke, db.transaction() as tx:
        stroke.instant = await stroke.raw.fetchval("select now()")
        assert stroke.now - tx.now > timedelta(days=7)
        assert await disputes.insert_many(stroke, [a_filing()])


async def test_the_loss_of_a_connection_is_felt_by_one_alone(database: str, db: Database) -> None:
    """Beneath SQLAlchemy nobody else sees that it is gone; whoever comes next must not be handed it."""
    narrow = Database(make_engine(database, pool_size=1))

    async def cut() -> None:
        async with narrow.stroke() as stroke, db.transaction() as tx:
            await tx.raw.execute("select pg_terminate_backend($1)", stroke.raw.get_server_pid())
            await eventually(stroke.raw.is_closed)
            await stroke.raw.fetchval("select 1")

    try:
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await cut()
        async with narrow.transaction() as tx:
            assert await tx.raw.fetchval("select 1") == 1
    finally:
        await narrow.dispose()
