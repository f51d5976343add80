"""A background loop works at once while there is work, rests when there is none, and outlives a broken connection."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.runtime.loops import Pace, every
from shared.runtime.pulse import Pulse
from shared.runtime.stop import Stop

LONG = Pace(seconds=600, backoff_seconds_max=600)
SHORT = Pace(seconds=0.001, backoff_seconds_max=0.01)


class BrokenConnectionError(Exception):
    pass


async def test_rounds_follow_at_once_while_there_is_work() -> None:
    stop, rounds = Stop(), []

    async def step() -> bool:
        rounds.append(1)
        if len(rounds) == 5:
            stop.request("enough")
        return True

    async with asyncio.timeout(5):
        await every(step, stop, pace=LONG, name="relay")
    assert len(rounds) == 5


async def test_a_wake_up_ends_the_rest() -> None:
    stop, wake, rested = Stop(), asyncio.Event(), asyncio.Event()
    rounds = []

    async def step() -> bool:
        rounds.append(1)
        rested.set()
        if len(rounds) == 2:
            stop.request("enough")
        return False

    async with asyncio.timeout(5):
        running = asyncio.create_task(every(step, stop, pace=LONG, name="relay", wake=wake))
        await rested.wait()
        wake.set()
        await running
    assert len(rounds) == 2


async def test_a_wake_up_during_a_round_is_not_slept_over() -> None:
    stop, wake = Stop(), asyncio.Event()
    rounds = []

    async def step() -> bool:
        rounds.append(1)
        wake.set()
        if len(rounds) == 2:
            stop.request("enough")
        return False

    async with asyncio.timeout(5):
        await every(step, stop, pace=LONG, name="relay", wake=wake)
    assert len(rounds) == 2


async def test_a_known_next_due_shortens_the_rest() -> None:
    stop, rounds = Stop(), []

    async def step() -> float:
        rounds.append(1)
        if len(rounds) == 3:
            stop.request("enough")
        return 0.001

    async with asyncio.timeout(5):
        await every(step, stop, pace=LONG, name="sweep")
    assert len(rounds) == 3


async def test_a_stop_ends_the_rest_and_finishes_the_round() -> None:
    stop, began, go_on = Stop(), asyncio.Event(), asyncio.Event()
    finished = []

    async def step() -> bool:
        began.set()
        await go_on.wait()
        finished.append(1)
        return True

    async with asyncio.timeout(5):
        running = asyncio.create_task(every(step, stop, pace=LONG, name="sweep"))
        await began.wait()
        stop.request("enough")
        go_on.set()
        await running
    assert finished == [1]


@pytest.mark.parametrize("error", [BrokenConnectionError("reset"), asyncio.CancelledError("a frozen broker")])
async def test_a_transient_failure_is_reported_and_tried_again(error: BaseException) -> None:
    stop = Stop()
    reported: list[BaseException] = []
    rounds = []

    async def step() -> bool:
        rounds.append(1)
        if len(rounds) < 4:
            raise error
        stop.request("enough")
        return False

    pulse = Pulse("relay", limit_seconds=60)
    async with asyncio.timeout(5):
        await every(
            step,
            stop,
            pace=SHORT,
            name="relay",
            retry_on=(BrokenConnectionError,),
            on_retry=reported.append,
            pulse=pulse,
        )
    assert reported == [error] * 3


async def test_an_unknown_failure_ends_the_loop() -> None:
    async def step() -> bool:
        raise KeyError("a mistake of ours")

    with pytest.raises(KeyError):
        await every(step, Stop(), pace=SHORT, name="relay", retry_on=(BrokenConnectionError,))


async def test_our_own_cancellation_ends_the_loop() -> None:
    began = asyncio.Event()

    async def step() -> bool:
        began.set()
        await asyncio.Event().wait()
        return True

    running = asyncio.create_task(every(step, Stop(), pace=SHORT, name="relay"))
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@given(
    seconds=st.floats(0.001, 3600),
    jitter=st.floats(0, 0.5),
    failures=st.integers(1, 10_000),
    hint=st.floats(-10, 10_000),
)
def test_rests_stay_within_their_bounds(seconds: float, jitter: float, failures: int, hint: float) -> None:
    pace = Pace(seconds=seconds, jitter=jitter, backoff_seconds_max=30)
    assert seconds * (1 - jitter) * 0.999 <= pace.rest() <= seconds * (1 + jitter) * 1.001
    assert 0 <= pace.rest(hint) <= max(0.0, hint)
    assert 0 < pace.backoff(failures) <= 30 * (1 + jitter) * 1.001
