"""What every contender is told and tells: the same arguments, and lines of JSON. The standard library alone.

So it can be imported by the product's interpreter and by the one that the peers' libraries are installed for. A contender
first lays in what is open and far from due, says how much that was, and waits for a line; then comes one storm after the
other, each with the jobs of one instant.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

SETTLING_SECONDS = 1.0
"""Between the end of the idle measurement and the instant at which everything is due."""
LOOK_SECONDS = 0.05
CHUNK = 1000
"""Jobs scheduled at a time."""
LEAD_SECONDS = 4.0
SCHEDULED_A_SECOND = 800.0
"""Slower than any contender schedules: assumed where nothing was laid in to measure it by."""
SLACK = 2.0
"""So many times what scheduling took before is allowed for it, for there is load beside."""
FAR_SECONDS = 40 * 24 * 3600


@dataclass(frozen=True)
class Given:
    """`open` jobs far from due, laid in for `loading` seconds at most; then storms of `dues` jobs at one instant each.

    Before each of them are `idle` seconds in which nothing is due, and each has `firing` seconds at most.
    """

    url: str
    broker: str
    open: int
    dues: tuple[int, ...]
    idle: float
    loading: float
    firing: float


def given() -> Given:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("broker")
    parser.add_argument("open", type=int)
    parser.add_argument("dues", type=lambda text: tuple(int(each) for each in text.split(",")))
    for name in ("idle", "loading", "firing"):
        parser.add_argument(name, type=float)
    return Given(**vars(parser.parse_args()))


class Contest:
    """One contender's side of it: what it laid in, how fast, and its storms; it schedules `chunk` jobs at a time."""

    def __init__(self, told: Given, *, chunk: int = CHUNK) -> None:
        self._told = told
        self._chunk = chunk
        self._open = 0
        self._rate = SCHEDULED_A_SECOND

    async def lay_in(self, schedule: Callable[[int, float], Awaitable[None]]) -> None:
        """Schedules what is far from due, in chunks, until it is all there or the time for it is over."""
        told, begun = self._told, time.monotonic()
        far = time.time() + FAR_SECONDS
        while self._open < told.open and time.monotonic() - begun < told.loading:
            count = min(self._chunk, told.open - self._open)
            await schedule(count, far)
            self._open += count
        await self.ready(self._open, time.monotonic() - begun)

    async def ready(self, count: int, seconds: float) -> None:
        """Says how many lie in wait, and waits until the load beside has begun."""
        self._open = count
        if count:
            self._rate = count / seconds
        print(json.dumps({"open": count, "seconds": seconds}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)

    async def storms(
        self,
        schedule: Callable[[int, float], Awaitable[None]],
        fired: Callable[[], Sequence[float]],
        used: Callable[[], float] = time.process_time,
    ) -> None:
        """Each number of jobs at one instant: scheduled, waited for and fired. `fired` holds the instant of every job that ran."""
        for due in self._told.dues:
            before = len(fired())
            due_at = time.time() + LEAD_SECONDS + self._told.idle + SLACK * due / self._rate
            for begin in range(0, due, self._chunk):
                await schedule(min(self._chunk, due - begin), due_at)
            idle = await idle_cost(due_at, self._told.idle, used)
            await all_fired(fired, before + due, due_at + self._told.firing)
            tell(self._open, due, due_at, list(fired())[before:], idle)


async def idle_cost(due_at: float, seconds: float, used: Callable[[], float]) -> float:
    """Milliseconds of processor time a second, while everything waits and nothing is due; returns shortly before `due_at`.

    Raises:
        SystemExit: it was too late to measure: scheduling took longer than the lead.
    """
    wait = due_at - SETTLING_SECONDS - seconds - time.time()
    if wait < 0:
        raise SystemExit(f"scheduling took {-wait:.1f} s longer than the lead allows")
    await asyncio.sleep(wait)
    before = used()
    await asyncio.sleep(seconds)
    return (used() - before) / seconds * 1000


async def all_fired(fired: Callable[[], Sequence[float]], wanted: int, until: float) -> None:
    """Returns when so many have fired, or when they have had all the time there is."""
    for _ in range(int((until - time.time()) / LOOK_SECONDS)):
        if len(fired()) >= wanted:
            return
        await asyncio.sleep(LOOK_SECONDS)


def tell(is_open: int, due: int, due_at: float, fired: Sequence[float], idle_ms: float) -> None:
    """Prints the outcome of one storm."""
    late = sorted(at - due_at for at in fired) or [0.0]

    def share(part: float) -> float:
        return late[min(len(late) - 1, int(part * len(late)))]

    outcome = {
        "open": is_open,
        "due": due,
        "fired": len(fired),
        "rate": len(fired) / max(late[-1], 1e-9),
        "p50": share(0.5),
        "p99": share(0.99),
        "max": late[-1],
        "idle": idle_ms,
    }
    print(json.dumps(outcome), flush=True)
