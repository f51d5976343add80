"""Migrations go up, down and up again, and make exactly the tables that the code believes in."""

import asyncio
import sys

from shared.db import migrate
from shared.db.engine import Database


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
