"""What every contender is told and tells: the same arguments, and one line of JSON. The standard library alone.

So it can be imported by the product's interpreter and by the one that the peers' libraries are installed for.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SETTLING_SECONDS = 1.0
"""Between the end of the idle measurement and the instant at which everything is due."""
FIRING_SECONDS_MAX = 240.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Given:
    """`count` jobs at one instant, `lead` seconds from now; before it, `idle` seconds in which nothing is due."""

    url: str
    broker: str
    count: int
    lead: float
    idle: float


def given() -> Given:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("broker")
    parser.add_argument("count", type=int)
    parser.add_argument("lead", type=float)
    parser.add_argument("idle", type=float)
    return Given(**vars(parser.parse_args()))


async def idle_cost(due_at: float, seconds: float, used: Callable[[], float] = time.process_time) -> float:
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


async def all_fired(fired: Callable[[], int], wanted: int, due_at: float) -> None:
    """Returns when so many have fired, or when they have had all the time there is."""
    for _ in range(int((due_at + FIRING_SECONDS_MAX - time.time()) / LOOK_SECONDS)):
        if fired() >= wanted:
            return
        await asyncio.sleep(LOOK_SECONDS)


def tell(due_at: float, fired: Sequence[float], idle_ms: float) -> None:
    """Prints the outcome: `fired` holds the instant of every job that ran."""
    late = sorted(at - due_at for at in fired)

    def share(part: float) -> float:
        return late[min(len(late) - 1, int(part * len(late)))]

    outcome = {
        "fired": len(late),
        "rate": len(late) / max(late[-1], 1e-9),
        "p50": share(0.5),
        "p99": share(0.99),
        "max": late[-1],
        "idle": idle_ms,
    }
    print(json.dumps(outcome), flush=True)
