"""The wish to stop: asked for once, heard by every loop, with the time that is left to finish."""

import asyncio
import contextlib
import time
from typing import Final


def cancelled_by_us() -> bool:
    """Whether a CancelledError just caught was asked of this task.

    aio-pika ends a pending publish with a CancelledError of its own when the broker freezes; to pass that on would end
    the loop that published. False means: treat it as a failed call.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Stop:
    """Asks loops to finish what they hold; create it inside the event loop.

    `grace_seconds` run from the request, by the monotonic clock.
    """

    def __init__(self, *, grace_seconds: float = 10.0) -> None:
        self.grace_seconds: Final = grace_seconds
        self.reason: str | None = None
        self._event: Final = asyncio.Event()
        self._deadline: float | None = None

    @property
    def requested(self) -> bool:
        """Whether to take on no new work."""
        return self._event.is_set()

    def request(self, reason: str) -> None:
        """Begins the stop; the first reason stands."""
        if not self.requested:
            self.reason = reason
            self._deadline = time.monotonic() + self.grace_seconds
            self._event.set()

    @property
    def remaining_seconds(self) -> float:
        """Seconds left of the grace; all of it before the stop is requested."""
        if self._deadline is None:
            return self.grace_seconds
        return max(0.0, self._deadline - time.monotonic())

    async def wait(self) -> None:
        """Returns when the stop is requested."""
        await self._event.wait()

    async def sleep(self, seconds: float, *, wake: asyncio.Event | None = None) -> bool:
        """Waits for `seconds`, less when the stop is requested or `wake` is set; returns whether to stop."""
        if wake is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._event.wait()
            return self.requested
        waits = [asyncio.ensure_future(event.wait()) for event in (self._event, wake)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        return self.requested
