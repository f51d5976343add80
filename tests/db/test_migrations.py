"""Migrations go up, down and up again, and make exactly the tables that the code believes in."""

import asyncio
import sys

import pytest
from sqlalchemy.exc import DBAPIError

from shared.db import clocks, disputes, likeness, migrate, rows, timers
from shared.db.engine import Database
from shared.domain.clustering import Told
from shared.domain.likeness import sketch
from tests.builders import a_filing

BANDS = "select * from likeness order by dispute_id"


async def test_the_code_and_the_migrations_agree(database: str) -> None:
    await asyncio.to_thread(migrate.check, database)


async def test_down_to_nothing_and_up_again(database: str, db: Database) -> None:
    await asyncio.to_thread(migrate.downgrade, database, "base")
    async with db.transaction() as tx:
        left = await tx.raw.fetch("select tablename from pg_tables where schemaname = 'public'")
        assert [row["tablename"] for row in left] == ["alembic_version"]
    await asyncio.to_thread(migrate.upgrade, database)
    async with db.transaction() as tx:
        assert await migrate.current(tx) == migrate.head()


async def test_two_migrators_take_turns(database: str, db: Database) -> None:
    await asyncio.to_thread(migrate.downgrade, database, "base")
    command = f"from shared.db import migrate; migrate.upgrade({database!r})"
    both = [await asyncio.create_subprocess_exec(sys.executable, "-c", command) for _ in range(2)]
    assert [await migrator.wait() for migrator in both] == [0, 0]
    async with db.transaction() as tx:
        assert await migrate.current(tx) == migrate.head()


async def test_a_migration_that_cannot_have_a_table_gives_up_and_changes_nothing(database: str, db: Database) -> None:
    await asyncio.to_thread(migrate.downgrade, database, "0013")
    async with db.transaction() as tx:
        await tx.raw.execute("lock table dispute in access share mode")
        with pytest.raises(DBAPIError, match="lock timeout"):
            await asyncio.to_thread(migrate.upgrade, database, patience="100ms")
        assert await migrate.current(tx) == "0013"
    await asyncio.to_thread(migrate.upgrade, database)
    async with db.transaction() as tx:
        assert await migrate.current(tx) == migrate.head()


async def test_sketches_of_the_version_before_are_found_as_those_that_are_made_now(database: str, db: Database) -> None:
    text = "You charged me twice for the same pair of boots in May and nobody at your desk has answered me since."
    async with db.transaction() as tx:
        filed = await disputes.insert_many(tx, [a_filing(), a_filing()])
        kept = [Told(each.id, each.customer_id, each.received_at, sketch("Boots", text)) for each in filed]
        await likeness.add(tx, kept)
        now = await tx.raw.fetch(BANDS)
    await asyncio.to_thread(migrate.downgrade, database, "0020")
    async with db.transaction() as tx:
        by_no_period = ", ".join(f"band_{n} = band_{n} # -16777216" for n in range(16))
        await tx.raw.execute(f"update likeness set {by_no_period} where dispute_id = $1", filed[0].id)
        assert await tx.raw.fetch(BANDS) != now
    await asyncio.to_thread(migrate.upgrade, database)
    async with db.transaction() as tx:
        assert await tx.raw.fetch(BANDS) == now, "filed by their sixty days, and those that were so stay so"
        assert await likeness.candidates(tx, kept[:1]) == {kept[0].dispute_id: [kept[1].dispute_id]}


@pytest.mark.parametrize(
    ("image", "columns"),
    [
        (rows.IMAGE, (*rows.COLUMNS, rows.WAS)),
        ("private_image", disputes.PRIVATE_IMAGE),
        ("event_image", disputes.EVENT_IMAGE),
        ("clock_image", clocks.IMAGE),
        (rows.MOVE, rows.MOVED),
        ("clock_move", clocks.MOVED),
        ("timer_image", timers.IMAGE),
    ],
)
async def test_the_images_hold_what_the_statements_send(
    db: Database, image: str, columns: tuple[tuple[str, str], ...]
) -> None:
    """A record of other columns, or of the same in another order, would end in the wrong ones or nowhere."""
    async with db.transaction() as tx:
        found = await tx.raw.fetch(
            "select attname, atttypid::regtype::text as type from pg_attribute join pg_class c on c.oid = attrelid "
            "where c.relname = $1 and c.relkind = 'c' and attnum > 0 order by attnum",
            image,
        )
        short = {
            "integer": "int",
            "timestamp with time zone": "timestamptz",
            "boolean": "bool",
            "double precision": "float8",
        }
        assert [(row["attname"], short.get(row["type"], row["type"])) for row in found] == list(columns)
