"""One look into a command's database from a test that itself runs no loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.db.engine import Database, Tx, make_engine

T = TypeVar("T")


def ask(url: str, work: Callable[[Tx], Awaitable[T]]) -> T:
    """Does the work in one transaction on this database, and returns what it returned."""

    async def asked() -> T:
        database = Database(make_engine(url, pool_size=1))
        try:
            async with database.transaction() as tx:
                return await work(tx)
        finally:
            await database.dispose()

    return asyncio.run(asked())
