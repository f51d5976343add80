"""One port and several processes: each holds as many connections as the others, give or take one.

The kernel gives a connection to whoever asks first, and a process that is awake asks again at once, so that it would get
all of the few lasting connections that a frontend keeps. Therefore each process shows the others how many it holds, and
who holds more than another leaves the next connection to that one for a moment. Nobody waits for one that is dead, starting
or draining, and not for long for one that is busy: a connection is taken by somebody within some 30 milliseconds.
"""

import asyncio
import errno
import mmap
import os
import socket
import tempfile
from collections.abc import Callable
from typing import Final

from shared.runtime.logs import logger

_LOOKS_MAX: Final = 15
_LOOK_SECONDS: Final = 0.002
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_EXHAUSTED_SECONDS: Final = 1.0
_AWAY: Final = 2**32 - 1
_NUMBER_BYTES: Final = 4

log = logger(__name__)


class Seats:
    """How many connections each process holds, in memory that all of them see. Each writes its own number."""

    def __init__(self, descriptor: int) -> None:
        self._memory = memoryview(mmap.mmap(descriptor, 0)).cast("I")  # first who took the newest, then the numbers

    def hold(self, place: int, connections: int) -> None:
        """Shows how many connections this place holds."""
        self._memory[1 + place] = connections

    def leave(self, place: int) -> None:
        """Nobody need wait for this place until it holds something again."""
        self._memory[1 + place] = _AWAY

    def took(self, place: int) -> None:
        """This place took the newest connection."""
        self._memory[0] = place

    def behind(self, place: int) -> bool:
        """Whether another place should have the next connection: it holds less, or as much and had not the newest."""
        newest, *held = self._memory
        own = held[place]
        least = min((number for other, number in enumerate(held) if other != place), default=_AWAY)
        return least < own or (least == own and newest == place)


def seats_for(count: int) -> int:
    """The descriptor of seats for so many processes, all away; whoever inherits it opens `Seats` on it."""
    with tempfile.TemporaryFile() as file:
        file.write((0).to_bytes(_NUMBER_BYTES, "big") + _AWAY.to_bytes(_NUMBER_BYTES, "big") * count)
        file.flush()
        return os.dup(file.fileno())


class Acceptor:
    """Takes this process's share of the connections at a socket on which others listen as well."""

    def __init__(
        self, bound: socket.socket, seats: Seats, place: int, make: Callable[["Acceptor"], asyncio.Protocol]
    ) -> None:
        """`make` makes the protocol of a connection, which calls `hold` when the number of connections changes."""
        self._bound = bound
        self._seats = seats
        self._place = place
        self._make = make
        self._loop = asyncio.get_running_loop()
        self._knock = asyncio.Event()
        self._open = True
        self.hold(0)
        self.task: Final = asyncio.create_task(self._run())

    def hold(self, connections: int) -> None:
        """Shows the others how many connections there are."""
        if self._open:
            self._seats.hold(self._place, connections)

    def close(self) -> None:
        """Takes no more connections; those that wait at the socket are the others'."""
        self._open = False
        self._seats.leave(self._place)
        self._loop.remove_reader(self._bound)
        self.task.cancel()

    async def wait_closed(self) -> None:
        """Returns when it has ended; raises what made it end."""
        await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.result()

    async def _run(self) -> None:
        while True:
            self._knock.clear()
            self._loop.add_reader(self._bound, self._knock.set)
            try:
                await self._knock.wait()
            finally:
                if self._open:
                    self._loop.remove_reader(self._bound)
            await self._leave_to_others()
            await self._take()

    async def _leave_to_others(self) -> None:
        for _ in range(_LOOKS_MAX):
            if not self._seats.behind(self._place):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _take(self) -> None:
        try:
            connection, _ = self._bound.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another process was faster, or the client has gone
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            log.error("connections_exhausted", reason=errno.errorcode[error.errno])  # noqa: TRY400 - no fault of ours
            await asyncio.sleep(_EXHAUSTED_SECONDS)
            return
        self._seats.took(self._place)
        connection.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(lambda: self._make(self), connection)
        except OSError:
            connection.close()  # the client has gone
