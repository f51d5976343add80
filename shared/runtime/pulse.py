"""Signs of life: loops beat, and a watchdog thread ends the process when one that should beat has fallen silent."""

import asyncio
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from shared.runtime.logs import logger

EXIT_STUCK: Final = 70  # EX_SOFTWARE in sysexits.h

log = logger(__name__)


class Pulse:
    """One loop's sign of life; silent for `limit_seconds` means that it is stuck."""

    def __init__(self, name: str, *, limit_seconds: float) -> None:
        self.name: Final = name
        self.limit_seconds: Final = limit_seconds
        self._at = time.monotonic()

    def beat(self) -> None:
        """Says that the loop makes progress."""
        self._at = time.monotonic()

    @property
    def age_seconds(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._at

    @property
    def stuck(self) -> bool:
        """Whether the silence has lasted longer than the limit."""
        return self.age_seconds > self.limit_seconds


def exit_stuck(pulse: Pulse) -> None:
    """Ends the process at once with code 70, after writing every thread's stack to standard error.

    A connection that died under a transaction can hang its own clean-up for ever; only a new process is sound.
    """
    log.critical("process_stuck", loop=pulse.name, silent_seconds=round(pulse.age_seconds, 1))
    faulthandler.dump_traceback(file=sys.__stderr__ or sys.stderr)
    os._exit(EXIT_STUCK)


class Watchdog:
    """Watches the event loop's pulse, and any other added, from a thread that a blocked loop cannot stop."""

    def __init__(self, *, limit_seconds: float, on_stuck: Callable[[Pulse], None] = exit_stuck) -> None:
        self.loop_pulse: Final = Pulse("event_loop", limit_seconds=limit_seconds)
        self.lag_seconds = 0.0
        self._pulses: Final = [self.loop_pulse]
        self._on_stuck: Final = on_stuck
        self._interval: Final = limit_seconds / 10
        self._over: Final = threading.Event()
        self._beat_timer: asyncio.TimerHandle | None = None
        self._thread: Final = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def add(self, pulse: Pulse) -> Pulse:
        """Watches this pulse too; returns it."""
        self._pulses.append(pulse)
        return pulse

    @property
    def stuck(self) -> tuple[str, ...]:
        """The names of the loops that have fallen silent."""
        return tuple(pulse.name for pulse in tuple(self._pulses) if pulse.stuck)

    def start(self) -> None:
        """Begins to watch the running event loop."""
        for pulse in self._pulses:
            pulse.beat()
        self._beat(asyncio.get_running_loop(), None)
        self._thread.start()

    def stop(self) -> None:
        """Stops watching; waits for the thread to end."""
        self._over.set()
        if self._beat_timer is not None:
            self._beat_timer.cancel()
        self._thread.join()

    def _beat(self, loop: asyncio.AbstractEventLoop, due: float | None) -> None:
        if due is not None:
            self.lag_seconds = max(0.0, loop.time() - due)
        self.loop_pulse.beat()
        wait = min(self._interval, 1.0)
        self._beat_timer = loop.call_later(wait, self._beat, loop, loop.time() + wait)

    def _watch(self) -> None:
        woke = time.monotonic()
        while not self._over.wait(self._interval):
            before, woke = woke, time.monotonic()
            if woke - before > 3 * self._interval:
                self._forgive()
                continue
            for pulse in tuple(self._pulses):
                if pulse.stuck:
                    self._on_stuck(pulse)

    def _forgive(self) -> None:
        """The whole process was stopped for a while, this thread too: the silence was not the loop's."""
        for pulse in tuple(self._pulses):
            pulse.beat()
