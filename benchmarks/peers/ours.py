"""Recourse as its service runs it: two sweeps in one process, the whole product step for each timer."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final

from benchmarks.peers.protocol import Given, all_fired, given, idle_cost, tell
from benchmarks.timers import Bench
from services.escalation.settings import EscalationSettings
from services.escalation.sweep import Round, Sweep
from shared.db.faults import RAISED_BY_DATABASE
from shared.runtime.loops import Pace, every
from shared.runtime.memory import settle
from shared.runtime.process import run
from shared.runtime.stop import Stop

FIELDS: Final = EscalationSettings.model_fields
_DUE: Final = """
with c as (update clock set due_at = $1 where kind = 'tier' and state = 'running')
update timer set due_at = $1
"""


class Timed(Sweep):
    """The product's sweep; notes when each batch was committed."""

    def __init__(self, bench: Bench, fired: list[float]) -> None:
        super().__init__(bench.database, bench.matrices, bench.calendars, bench.figures, batch=bench.batch)
        self._fired = fired

    async def fire_batch(self, limit: int) -> Round:
        done = await super().fire_batch(limit)
        self._fired += [time.time()] * done.fired
        return done


async def main(told: Given) -> None:
    """Fires everything once it is due."""
    begun = time.time()
    bench = Bench(told.url.replace("postgresql:", "postgresql+asyncpg:"), batch=FIELDS["sweep_batch"].default)
    await bench.load(told.count)
    due_at = begun + told.lead
    async with bench.database.transaction() as tx:
        await tx.raw.execute(_DUE, datetime.fromtimestamp(due_at, UTC))
    settle()
    fired: list[float] = []
    stop, pace = Stop(), Pace(FIELDS["sweep_seconds"].default)
    async with asyncio.TaskGroup() as group:
        for _ in range(FIELDS["sweepers"].default):
            sweep = Timed(bench, fired)
            group.create_task(every(sweep.round, stop, pace=pace, name="sweep", retry_on=RAISED_BY_DATABASE))
        idle = await idle_cost(due_at, told.idle)
        await all_fired(lambda: len(fired), told.count, due_at)
        stop.request("measured")
    tell(due_at, fired, idle)
    await bench.database.dispose()


if __name__ == "__main__":
    run(main(given()))
