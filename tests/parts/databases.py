"""A fresh, migrated database for every test, by copying a template that was migrated once."""

import asyncio
import itertools
import shutil
from pathlib import Path
from typing import Final

import asyncpg

from services.embedded.postgres import EmbeddedPostgres

TEMPLATE: Final = "recourse_template"
# Nothing here outlives the run, so nothing need reach the disk. Tests of durability start a server of their own.
FORGETFUL: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


class Databases:
    """One forgetful server; started at the first request."""

    def __init__(self, home: Path) -> None:
        self._postgres = EmbeddedPostgres(home, settings=FORGETFUL)
        self._connection: asyncpg.Connection | None = None
        self._numbers = itertools.count(1)
        self._one_at_a_time = asyncio.Lock()
        self._drops: set[asyncio.Task[str]] = set()

    async def server(self, _argument: str = "") -> str:
        """The URL of the server's own database, where a test may create what it likes."""
        async with self._one_at_a_time:
            await self._ready()
        return self._postgres.url()

    async def create(self, _argument: str = "") -> str:
        """The SQLAlchemy URL of a database that nobody else has."""
        async with self._one_at_a_time:
            connection = await self._ready()
            name = f"test_{next(self._numbers)}"
            await connection.execute(f'create database "{name}" template "{TEMPLATE}" strategy file_copy')
        return self._postgres.url(name)

    async def drop(self, url: str) -> str:
        """Drops behind the asker's back, whoever is still connected."""
        name = url.rsplit("/", 1)[1]
        task = asyncio.create_task(self._drop_now(name))
        self._drops.add(task)
        task.add_done_callback(self._drops.discard)
        return name

    async def close(self) -> None:
        """Stops the server; databases not yet dropped go with its folder."""
        for task in tuple(self._drops):
            task.cancel()
        if self._connection is not None:
            self._connection.terminate()
        await self._postgres.stop()
        shutil.rmtree(self._postgres.home, ignore_errors=True)

    async def _drop_now(self, name: str) -> str:
        async with self._one_at_a_time:
            connection = await self._ready()
            return str(await connection.execute(f'drop database if exists "{name}" with (force)'))

    async def _ready(self) -> asyncpg.Connection:
        if self._connection is None:
            await self._postgres.start()
            await self._make_template()
            self._connection = await asyncpg.connect(self._postgres.dsn())
        return self._connection

    async def _make_template(self) -> None:
        from shared.db.migrate import upgrade

        await self._postgres.ensure_database(TEMPLATE)
        await asyncio.to_thread(upgrade, self._postgres.url(TEMPLATE))
