"""One process: its loops in one task group, signals that drain it, and an end that is either whole or loud."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, Final, TypeVar

from shared.runtime.logs import logger
from shared.runtime.pulse import EXIT_STUCK, Watchdog
from shared.runtime.stop import Stop, cancelled_by_us

__all__ = [
    "EXIT_CLEAN",
    "EXIT_FAILED",
    "EXIT_STUCK",
    "EXIT_UNFINISHED",
    "Stop",
    "Task",
    "cancelled_by_us",
    "run",
    "run_service",
]

EXIT_CLEAN: Final = 0
EXIT_FAILED: Final = 1
EXIT_UNFINISHED: Final = 75  # EX_TEMPFAIL in sysexits.h: the grace ended before the work did
_CANCEL_SECONDS: Final = 5.0
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = logger(__name__)

T = TypeVar("T")
Task = Callable[[Stop], Awaitable[None]]


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs the program's main coroutine on uvloop where there is one, else on asyncio's own loop."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


async def run_service(
    tasks: Sequence[Task],
    *,
    grace_seconds: float = 10.0,
    drain_delay_seconds: float = 0.0,
    on_drain: Sequence[Callable[[], None]] = (),
    watchdog: Watchdog | None = None,
    stop: Stop | None = None,
    signals: bool = True,
    patient: bool = False,
) -> int:
    """Runs the tasks until SIGTERM, SIGINT, a request on `stop`, or the death of one; returns the exit code.

    On a stop, `on_drain` is called (readiness fails), `drain_delay_seconds` later every task sees the request, and has
    `grace_seconds` to finish what it holds before it is cancelled. A second signal ends the process at once, unless it is
    `patient`: a child may be told by the supervisor and by its parent.
    A task that raises, or returns although nobody asked, stops the others in the same order.
    Codes: 0 all finished, 1 a task died, 75 the grace was too short.
    """
    stop = stop if stop is not None else Stop(grace_seconds=grace_seconds)
    service = _Service(stop, drain_delay_seconds, on_drain, patient=patient)
    with service.hearing_signals() if signals else contextlib.nullcontext(), _watched(watchdog):
        return await service.run(tasks)


class _Service:
    def __init__(
        self, stop: Stop, drain_delay_seconds: float, on_drain: Sequence[Callable[[], None]], *, patient: bool
    ) -> None:
        self._stop = stop
        self._patient = patient
        self._delay = drain_delay_seconds
        self._on_drain = on_drain
        self._signalled = asyncio.Event()
        self._code = EXIT_CLEAN

    async def run(self, tasks: Sequence[Task]) -> int:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._guard(task), name=_name(task)) for task in tasks]
            conductor = group.create_task(self._conduct(running), name="conductor")
            await asyncio.wait(running)
            conductor.cancel()
        log.info("service_stopped", exit_status=self._code, reason=self._stop.reason)
        return self._code

    async def _guard(self, task: Task) -> None:
        """Runs one task; whatever ends it too early ends the service."""
        try:
            await task(self._stop)
        except asyncio.CancelledError as error:
            if cancelled_by_us():
                raise
            self._died(task, error)
        except Exception as error:  # noqa: BLE001 - the process ends for it, with a non-zero code
            self._died(task, error)
        else:
            if not self._stop.requested:
                self._died(task, None)

    def _died(self, task: Task, error: BaseException | None) -> None:
        self._code = EXIT_FAILED
        reason = "returned unasked" if error is None else type(error).__name__
        log.critical("task_died", task=_name(task), reason=reason, exc_info=error)
        self._drain()
        self._stop.request(f"{_name(task)} died")

    async def _conduct(self, running: Sequence[asyncio.Task[None]]) -> None:
        await self._first_request()
        self._drain()
        if not self._stop.requested:
            await self._stop.sleep(self._delay)
            self._stop.request("signal")
        _, unfinished = await asyncio.wait(running, timeout=self._stop.remaining_seconds)
        if unfinished:
            self._code = self._code or EXIT_UNFINISHED
            log.error("grace_ended", unfinished=sorted(task.get_name() for task in unfinished))
            await self._cancel(unfinished)

    async def _cancel(self, unfinished: set[asyncio.Task[None]]) -> None:
        for task in unfinished:
            task.cancel()
        _, hung = await asyncio.wait(unfinished, timeout=_CANCEL_SECONDS)
        if hung:
            # Closing a connection to a dead peer can hang for ever, whatever its own time limit says.
            log.critical("cancellation_hung", unfinished=sorted(task.get_name() for task in hung))
            sys.stdout.flush()
            os._exit(self._code)

    async def _first_request(self) -> None:
        waits = [asyncio.ensure_future(each) for each in (self._stop.wait(), self._signalled.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _drain(self) -> None:
        tells, self._on_drain = self._on_drain, ()
        for tell in tells:
            tell()

    @contextlib.contextmanager
    def hearing_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def _on_signal(self, number: signal.Signals) -> None:
        if self._signalled.is_set() and self._patient:
            return
        if self._signalled.is_set():
            log.warning("second_signal", signal=number.name)
            sys.stdout.flush()
            os._exit(128 + number)
        log.info("signal_received", signal=number.name)
        self._signalled.set()


@contextlib.contextmanager
def _watched(watchdog: Watchdog | None) -> Iterator[None]:
    if watchdog is None:
        yield
        return
    watchdog.start()
    try:
        yield
    finally:
        watchdog.stop()


def _name(task: Task) -> str:
    inner = getattr(task, "func", task)  # a functools.partial
    name: str = getattr(inner, "__qualname__", type(inner).__qualname__)
    return name


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
