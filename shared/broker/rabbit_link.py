"""One connection to RabbitMQ that is made again whenever it ends, by us and not by the client library.

The library's own recovery keeps what we cannot see; here a session either works as a whole or is replaced as a whole.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

import aio_pika
import aiormq
from aiormq.abc import AbstractConnection
from yarl import URL

from shared.runtime.logs import logger
from shared.runtime.stop import cancelled_by_us

log = logger(__name__)

CONNECT_SECONDS_MAX: Final = 5.0
CLOSE_SECONDS_MAX: Final = 3.0
HEARTBEAT_SECONDS: Final = 10
WATCH_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.1
_PAUSE_SECONDS_MAX: Final = 5.0
_STEADY_SECONDS: Final = 10.0

# The library reports a closed channel or connection as a RuntimeError.
TROUBLE: Final = (aiormq.AMQPError, OSError, TimeoutError, RuntimeError)


class SessionOver(RuntimeError):
    """The session found itself broken; a new one is to be made."""


Session = Callable[[AbstractConnection], Awaitable[None]]


class Link:
    """Runs a session on a connection, over and over, until closed.

    A session prepares, sets `up`, and then only returns by raising; `attention` is set when it should look around.
    """

    def __init__(self, url: str, session: Session, *, name: str) -> None:
        target = URL(url)
        self._url: Final = target if "heartbeat" in target.query else target.update_query(heartbeat=HEARTBEAT_SECONDS)
        self._session: Final = session
        self._name: Final = name
        self._task: asyncio.Task[None] | None = None
        self._ended = False
        self._closing: set[asyncio.Task[None]] = set()
        self.attention: Final = asyncio.Event()
        self.up: Final = asyncio.Event()
        self.reason: str = "not connected yet"

    async def start(self, within_seconds: float = CONNECT_SECONDS_MAX) -> None:
        """Begins; returns when the session is up, or after some seconds without."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"{self._name} link")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self.up.wait()

    async def close(self) -> None:
        """Ends the session and the connection, within a few seconds."""
        self._ended = True
        self.attention.set()
        while self._task is not None and not self._task.done():
            # The library's time limits may swallow a cancellation that comes just as an answer does.
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1)
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_SECONDS_MAX)

    def over(self, reason: str) -> None:
        """Has the session replaced as soon as it looks around."""
        self.up.clear()
        self.reason = reason
        self.attention.set()

    async def look_around(self, connection: AbstractConnection) -> None:
        """Rests until something happened, for a few seconds at most; raises SessionOver when the session is to be replaced."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WATCH_SECONDS):
                await self.attention.wait()
        self.attention.clear()
        if connection.is_closed or self._ended or not self.up.is_set():
            raise SessionOver(self.reason if not self.up.is_set() else "the connection was closed")

    def came_up(self, connection: AbstractConnection) -> None:
        """The session is prepared; from now on the end of its connection wakes it."""
        connection.closing.add_done_callback(lambda _: self.attention.set())
        self.attention.clear()
        self.up.set()

    async def _run(self) -> None:
        failures = 0
        while not self._ended:
            began = time.monotonic()
            await self._once()
            failures = 0 if time.monotonic() - began > _STEADY_SECONDS else failures + 1
            await asyncio.sleep(min(_PAUSE_SECONDS_MAX, _PAUSE_SECONDS * 2 ** min(failures - 1, 8)))

    async def _once(self) -> None:
        connection: AbstractConnection | None = None
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                connection = await _connected(self._url, self._name)
            await self._session(connection)
        except asyncio.CancelledError:
            if cancelled_by_us():
                raise
            self._down("the client library gave the connection up")
        except TROUBLE as error:
            self._down(_told(error))
        finally:
            self.up.clear()
            if connection is not None:
                self._let_go(connection)

    def _down(self, reason: str) -> None:
        self.up.clear()
        self.reason = reason
        if self._ended:
            return
        log.warning("broker_session_ended", link=self._name, reason=reason)

    def _let_go(self, connection: AbstractConnection) -> None:
        """Closes behind our back: a frozen broker must not keep us from trying another."""
        task = asyncio.create_task(_close(connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _connected(url: URL, name: str) -> AbstractConnection:
    """A connection of aio-pika's, without its recovery; the sessions work on the AMQP connection beneath it."""
    opened = await aio_pika.connect(url, client_properties={"connection_name": name})
    assert opened.transport is not None
    return opened.transport.connection


def _told(error: BaseException) -> str:
    """What became of a session; the broker's own words where they name what to mend."""
    if isinstance(error, SessionOver):
        return str(error)
    told = type(error).__name__
    return f"{told}: {error}" if isinstance(error, aiormq.AMQPChannelError) else told


async def attempt(call: Awaitable[object]) -> bool:
    """Does something that is good to have done; False when the connection was not up to it.

    The library may end a call as cancelled when its channel goes; that is no cancellation of ours.
    """
    try:
        await call
    except asyncio.CancelledError:
        if cancelled_by_us():
            raise
        return False
    except TROUBLE:
        return False
    return True


async def _close(connection: AbstractConnection) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await attempt(connection.close())
