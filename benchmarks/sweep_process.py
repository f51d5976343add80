"""Sweeps in processes of their own: the parent's end, and, as `python -m benchmarks.sweep_process URL BATCH`, the child."""

import asyncio
import contextlib
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.escalation.figures import Figures
from services.escalation.sweep import Sweep
from shared.db.engine import Database, make_engine
from shared.db.policies import Matrices
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.runtime.memory import settle
from shared.runtime.metrics import Metrics
from shared.runtime.process import run

ROOT: Final = Path(__file__).parents[1]
FIRING_SECONDS_MAX: Final = 900.0
REST_SECONDS: Final = 0.01
LINE_LENGTH_MAX: Final = 2**22

Batches = list[tuple[float, int]]
"""When each batch was committed, and how many timers it fired."""


@contextlib.asynccontextmanager
async def sweeping(url: str, count: int, batch: int) -> AsyncIterator[Sequence[Process]]:
    """So many processes, open and ready, none of which has begun."""
    command = (sys.executable, "-m", "benchmarks.sweep_process", url, str(batch))
    processes = [
        await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=LINE_LENGTH_MAX)
        for _ in range(count)
    ]
    try:
        for process in processes:
            await _line(process)
        yield processes
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def fire(processes: Sequence[Process]) -> tuple[Batches, list[int]]:
    """Lets all begin at once and waits until nothing is due; the batches of all, in order, and how many each process fired."""
    began = time.time()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
    told: list[Batches] = [json.loads(await _line(process)) for process in processes]
    batches = sorted((at - began, fired) for each in told for at, fired in each)
    return batches, [sum(fired for _, fired in each) for each in told]


async def _line(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(FIRING_SECONDS_MAX):
        line = (await process.stdout.readline()).decode().strip()
    if not line:
        raise SystemExit("a sweep process died")
    return line


async def main(url: str, batch: int) -> None:
    """The child: says that it is ready, waits for a line, fires until nothing is due, and tells its batches."""
    database = Database(make_engine(url, pool_size=2))
    calendars = load_calendars(DEFAULT_CALENDARS, range(2024, 2032))
    sweep = Sweep(database, Matrices(calendars), calendars, Figures(Metrics()), batch=batch)
    async with database.transaction() as tx:
        await tx.raw.fetchval("select 1")
    settle()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    done: Batches = []
    while True:
        each = await sweep.fire_batch(batch)
        if each.fired:
            done.append((time.time(), each.fired))
        elif each.next_due_in is None or each.next_due_in > timedelta():
            break
        else:
            await asyncio.sleep(REST_SECONDS)  # others hold what is left
    print(json.dumps(done), flush=True)
    await database.dispose()


if __name__ == "__main__":
    run(main(sys.argv[1], int(sys.argv[2])))
