"""Background loops run at their own pace: a round, then at once again while there is work, else a short sleep."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from shared.runtime.logs import logger
from shared.runtime.pulse import Pulse
from shared.runtime.stop import Stop, cancelled_by_us

log = logger(__name__)

Step = Callable[[], Awaitable[bool | float]]
OnRetry = Callable[[BaseException], None]
_DOUBLINGS_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Pace:
    """How a loop rests.

    Idle rounds are `seconds` apart, give or take the fraction `jitter` of them; after failures the rest doubles each
    time, up to `backoff_seconds_max`.
    """

    seconds: float
    jitter: float = 0.1
    backoff_seconds_max: float = 30.0

    def rest(self, hint: float | None = None) -> float:
        """Seconds to sleep after an idle round; `hint` is when the step knows of the next work."""
        longest = self.seconds * (1 + self.jitter * _spread())
        return max(0.0, longest if hint is None else min(longest, hint))

    def backoff(self, failures: int) -> float:
        """Seconds to sleep after the nth failure in a row."""
        doubled: float = self.seconds * 2 ** min(failures, _DOUBLINGS_MAX)
        return min(self.backoff_seconds_max, doubled) * (1 + self.jitter * _spread())


async def every(
    step: Step,
    stop: Stop,
    *,
    pace: Pace,
    name: str,
    retry_on: tuple[type[Exception], ...] = (),
    on_retry: OnRetry | None = None,
    wake: asyncio.Event | None = None,
    pulse: Pulse | None = None,
) -> None:
    """Calls `step` until the stop is requested; a round under way is finished.

    `step` returns True when more work is waiting (called again at once), False when none is, or the seconds until the
    next work is known to be due. Setting `wake` ends a sleep early. Errors of the `retry_on` classes, and cancellations
    that nobody asked for, are logged, reported to `on_retry` and tried again after a growing rest; any other error
    ends the loop by being raised. `pulse` beats after every round, failed ones too: it shows a hung loop, not a sad one.
    """
    failures = 0
    while not stop.requested:
        if wake is not None:
            wake.clear()  # before the step looks, so that work arriving meanwhile is not slept over
        error, more = await _round(step, retry_on)
        if pulse is not None:
            pulse.beat()
        if error is not None:
            failures += 1
            _report(name, error, failures=failures, on_retry=on_retry)
            await stop.sleep(pace.backoff(failures))
        elif more is True:
            failures = 0
            await asyncio.sleep(0)
        else:
            failures = 0
            await stop.sleep(pace.rest(None if more is False else more), wake=wake)


async def _round(step: Step, retry_on: tuple[type[Exception], ...]) -> tuple[BaseException | None, bool | float]:
    try:
        return None, await step()
    except asyncio.CancelledError as error:
        if cancelled_by_us():
            raise
        return error, False
    except retry_on as error:
        return error, False


def _report(name: str, error: BaseException, *, failures: int, on_retry: OnRetry | None) -> None:
    log.warning("loop_round_failed", loop=name, reason=type(error).__name__, failures=failures, exc_info=error)
    if on_retry is not None:
        on_retry(error)


def _spread() -> float:
    return random.uniform(-1, 1)  # noqa: S311 - it only keeps processes from marching in step
