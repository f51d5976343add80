"""Several processes of one service behind one port: Python computes on one processor a process, a door may need more.

The parent binds the port and does nothing but keep its children: each gets the same listening socket, and they take the
connections by turns (`shared.runtime.seats`). A child that dies is replaced; one that cannot live ends the whole service. A child
whose parent is gone stops by itself. Figures of all children are added up in one folder, so that any of them answers
`/metrics` for all.
"""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from prometheus_client.multiprocess import mark_process_dead

from shared.runtime.logs import logger
from shared.runtime.metrics import SHARED_FOLDER
from shared.runtime.process import Task, run_service
from shared.runtime.seats import Seats, seats_for
from shared.runtime.serve import LISTENING_FD, SEAT, listening
from shared.runtime.settings import CommonSettings
from shared.runtime.stop import Stop

DEATHS_MAX: Final = 5
DEATHS_WITHIN_SECONDS: Final = 60.0
"""More deaths a child than this within this time are no accident: the parent gives up, and whoever started it sees why."""
RESTART_SECONDS: Final = 0.5
MARGIN_SECONDS: Final = 10.0
"""What a child may need beyond its own grace to be gone; one that is still there then is killed."""

log = logger(__name__)


class ChildrenDieError(Exception):
    """The children of this service do not stay alive."""


def is_child() -> bool:
    """Whether this process was started by `run` and shares its parent's port."""
    return LISTENING_FD in os.environ


async def run(settings: CommonSettings, count: int, module: Sequence[str]) -> int:
    """Keeps `count` processes of `python -m module` on the port of the settings; returns the exit code."""
    bound = listening(settings.host, settings.port)
    with bound, tempfile.TemporaryDirectory(prefix="recourse-metrics-") as folder:
        crew = _Crew([sys.executable, "-m", *module], bound.fileno(), Path(folder), count)
        log.info("processes", count=count, port=bound.getsockname()[1])

        async def shut(stop: Stop) -> None:
            """Once the children have closed theirs, nobody would serve who knocks at ours."""
            await stop.wait()
            bound.close()

        grace = settings.drain_delay_seconds + settings.shutdown_grace_seconds + MARGIN_SECONDS
        places = [partial(crew.keep_one, place) for place in range(count)]
        code = await run_service([*places, shut], grace_seconds=grace)
        return code or crew.exit_status


def beside() -> Sequence[Task]:
    """The task that a child runs beside its own: it stops the child when the parent is gone."""
    return [_while_the_parent_lives] if is_child() else []


async def _while_the_parent_lives(stop: Stop) -> None:
    """The parent holds the other end of our input and never writes; the end of it is the end of the parent."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    gone, stopping = asyncio.ensure_future(reader.read()), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({gone, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        stopping.cancel()
    stop.request("the parent is gone")


class _Crew:
    """The children, and how often they died of late."""

    def __init__(self, command: Sequence[str], listening_fd: int, folder: Path, count: int) -> None:
        self.exit_status = 0
        """The worst with which a child ended after it was asked to."""
        self._command = command
        self._fd = listening_fd
        self._folder = folder
        self._deaths: deque[float] = deque(maxlen=DEATHS_MAX * count)
        self._seats_fd = seats_for(count)
        self._seats = Seats(self._seats_fd)

    async def keep_one(self, place: int, stop: Stop) -> None:
        """One place of the crew: a child in it until the stop. Raises ChildrenDieError."""
        while not stop.requested:
            async with self._child(place) as child:
                await _ended_or(child, stop)
                if child.returncode is not None:
                    self._bury(child)
            await stop.sleep(RESTART_SECONDS)

    @contextlib.asynccontextmanager
    async def _child(self, place: int) -> AsyncIterator[asyncio.subprocess.Process]:
        environment = {
            **os.environ,
            LISTENING_FD: str(self._fd),
            SEAT: f"{self._seats_fd}:{place}",
            SHARED_FOLDER: str(self._folder),
        }
        child = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            env=environment,
            pass_fds=(self._fd, self._seats_fd),
            start_new_session=True,  # Ctrl-C reaches the parent alone, which asks each child once
        )
        try:
            yield child
        finally:
            if child.returncode is None:
                await self._end(child)
            self._seats.leave(place)
            mark_process_dead(child.pid, self._folder)  # type: ignore[no-untyped-call] # the library leaves it unannotated

    async def _end(self, child: asyncio.subprocess.Process) -> None:
        """Asks the child to stop and waits; when our own grace ends first, it must not keep the port."""
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGTERM)
        try:
            # Below 0 it was ended by a signal, which shells and supervisors show as 128 and the signal's number.
            code = await child.wait()
            self.exit_status = max(self.exit_status, code if code >= 0 else 128 - code)
        finally:
            if child.returncode is None:
                child.kill()

    def _bury(self, child: asyncio.subprocess.Process) -> None:
        log.error("child_died", pid=child.pid, exit_status=child.returncode)
        now = time.monotonic()
        if len(self._deaths) == self._deaths.maxlen and now - self._deaths[0] < DEATHS_WITHIN_SECONDS:
            raise ChildrenDieError(f"{len(self._deaths) + 1} deaths within {DEATHS_WITHIN_SECONDS:.0f} seconds")
        self._deaths.append(now)


async def _ended_or(child: asyncio.subprocess.Process, stop: Stop) -> None:
    ended, stopping = asyncio.ensure_future(child.wait()), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.cancel()
        stopping.cancel()
