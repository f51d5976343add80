"""Alembic's entry: one connection, one transaction, one migrator at a time."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import migrate
from shared.db.tables import METADATA

LOCK = 7_265_636_701
"""Any number, the same for every migrator: two of them take turns."""


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=METADATA, compare_server_default=False)
    with context.begin_transaction():
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
        # Who waits for a table keeps everybody waiting who comes after; rather nothing is changed, and it is tried again.
        patience = context.config.get_main_option(migrate.PATIENCE, migrate.PATIENCE_MAX)
        connection.execute(text("select set_config('lock_timeout', :patience, true)"), {"patience": patience})
        context.run_migrations()


async def _run() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    assert url is not None
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    finally:
        await engine.dispose()


asyncio.run(_run())
