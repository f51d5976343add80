"""The database: one engine, one kind of transaction, and the one clock."""

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import asyncpg
import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

IDLE_IN_TRANSACTION_MS_MAX: Final = 15_000
STATEMENT_MS_MAX: Final = 15_000
LOCK_MS_MAX: Final = 5_000
POOL_WAIT_SECONDS_MAX: Final = 10

Hint = str
"""What a commit left behind for somebody to pick up: `outbox`, `delivery` or `timer`."""

_NOW = select(func.now())


@dataclass(slots=True)
class Tx:
    """One transaction. `now` is the database's clock, read once; `raw` is the asyncpg connection for hot statements."""

    conn: AsyncConnection
    raw: asyncpg.Connection
    now: datetime
    hints: set[Hint] = field(default_factory=set)
    offset: timedelta = timedelta()
    """How far `now` was moved from the database's own clock, which statements still see."""


class Look(NamedTuple):
    """A connection outside any transaction, for one statement that reads; `offset` is added to the clock it shows."""

    raw: asyncpg.Connection
    offset: timedelta


@dataclass(slots=True)
class Stroke:
    """A connection outside any transaction, for work that one statement writes: whole, and committed when it returns.

    What it rests on was read by a statement before, which also notes when that was.
    """

    raw: asyncpg.Connection
    offset: timedelta
    instant: datetime = field(init=False)
    """The database's clock, not moved by the offset, as the work began."""
    hints: set[Hint] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        """The database's clock as the work began, as a transaction shows it."""
        return self.instant + self.offset


class Database:
    """Opens transactions. Every change happens in one; leaving the block commits, an exception rolls back."""

    def __init__(self, engine: AsyncEngine, *, offset: Callable[[], timedelta] = timedelta) -> None:
        """`offset` moves the clock in tests and demonstrations; in production it is nothing."""
        self.engine = engine
        self._offset = offset
        self._listeners: defaultdict[Hint, list[Callable[[], object]]] = defaultdict(list)

    def on_commit(self, hint: Hint, listener: Callable[[], object]) -> None:
        """Calls the listener after each commit in this process that left such work: a hint, for polling is the truth."""
        self._listeners[hint].append(listener)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """The unit of work. Committed when the block ends, before the caller goes on."""
        async with self.engine.begin() as conn:
            instant = (await conn.execute(_NOW)).scalar_one()
            offset = self._offset()
            tx = Tx(conn, await _beneath(conn), instant + offset, offset=offset)
            yield tx
        self._tell(tx.hints)

    @contextlib.asynccontextmanager
    async def stroke(self) -> AsyncIterator[Stroke]:
        """For hot work that one statement writes: two round trips, one to read and one to write, where a transaction takes five."""
        async with self.look() as look:
            stroke = Stroke(look.raw, look.offset)
            yield stroke
        self._tell(stroke.hints)

    @contextlib.asynccontextmanager
    async def look(self) -> AsyncIterator[Look]:
        """For polling: one round trip where a transaction takes four. What is seen may be changed before it is used."""
        async with self.engine.connect() as conn:
            raw = await _beneath(conn)
            if raw.is_closed():
                # Beneath SQLAlchemy nobody else notices; a dead connection left in the pool would be drawn for ever.
                await conn.invalidate()
                raw = await _beneath(conn)
            try:
                yield Look(raw, self._offset())
            finally:
                if raw.is_closed():
                    await conn.invalidate()

    def _tell(self, hints: Iterable[Hint]) -> None:
        for hint in hints:
            for listener in self._listeners[hint]:
                listener()

    async def dispose(self) -> None:
        """Closes the pool."""
        await self.engine.dispose()


async def _beneath(conn: AsyncConnection) -> asyncpg.Connection:
    raw = (await conn.get_raw_connection()).driver_connection
    assert raw is not None
    return raw


def make_engine(url: str, *, pool_size: int = 10, application: str = "recourse") -> AsyncEngine:
    """An engine whose connections cannot hold locks for long, whatever becomes of their client."""
    settings = {
        "application_name": application,
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": str(STATEMENT_MS_MAX),
        "lock_timeout": str(LOCK_MS_MAX),
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS_MAX),
    }
    arguments: dict[str, Any] = {"server_settings": settings, "command_timeout": 30, "timeout": 10}
    return create_async_engine(
        driven(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS_MAX,
        pool_pre_ping=False,
        pool_use_lifo=True,
        connect_args=arguments,
        json_serializer=_json_text,
        json_deserializer=orjson.loads,
    )


def driven(url: str) -> str:
    """The address with our driver named, as SQLAlchemy wants it; `postgres://` and `postgresql://` will do."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+asyncpg{separator}{rest}" if scheme in ("postgres", "postgresql") else url


def _json_text(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
