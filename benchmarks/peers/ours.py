"""Recourse as its service runs it: the sweeps of one process, the whole product step for each timer."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from benchmarks.peers.protocol import Contest, Given, given
from benchmarks.steady import FIELDS
from benchmarks.timers import Bench
from services.escalation.sweep import ASSIST_AFTER, Round, Sweep
from shared.db.faults import RAISED_BY_DATABASE
from shared.runtime.loops import Pace, every
from shared.runtime.memory import settle
from shared.runtime.process import run
from shared.runtime.stop import Stop

_DUE: Final = """
with picked as (
    select t.dispute_id from timer t join dispute d on d.id = t.dispute_id
    where d.tier = 1 and t.kind = 'tier' and t.due_at > $2 order by t.dispute_id limit $1),
  c as (update clock set due_at = $2 from picked p
        where clock.dispute_id = p.dispute_id and kind = 'tier' and state = 'running')
update timer set due_at = $2 from picked p where timer.dispute_id = p.dispute_id and kind = 'tier'
"""


class Timed(Sweep):
    """The product's sweep; notes when each batch was committed."""

    def __init__(self, bench: Bench, fired: list[float], patience: timedelta) -> None:
        parts = bench.database, bench.matrices, bench.calendars, bench.figures
        super().__init__(*parts, batch=bench.batch, patience=patience)
        self._fired = fired

    async def fire_batch(self, limit: int) -> Round:
        done = await super().fire_batch(limit)
        self._fired += [time.time()] * done.fired
        return done


async def main(told: Given) -> None:
    """Lays in open disputes by SQL, and fires them once they are due."""
    bench = Bench(told.url.replace("postgresql:", "postgresql+asyncpg:"), batch=FIELDS["sweep_batch"].default)
    count = max(told.open, sum(told.dues))
    contest, begun = Contest(told, chunk=count), time.monotonic()
    await bench.load(count)
    settle()
    await contest.ready(count, time.monotonic() - begun)
    fired: list[float] = []
    stop, pace = Stop(), Pace(FIELDS["sweep_seconds"].default)

    connection = await asyncpg.connect(told.url)

    async def schedule(due: int, at: float) -> None:
        await connection.execute(_DUE, due, datetime.fromtimestamp(at, UTC))

    async with asyncio.TaskGroup() as group:
        for number in range(FIELDS["sweepers"].default):
            sweep = Timed(bench, fired, ASSIST_AFTER if number else timedelta())
            group.create_task(every(sweep.round, stop, pace=pace, name="sweep", retry_on=RAISED_BY_DATABASE))
        await contest.storms(schedule, lambda: fired)
        stop.request("measured")
    await connection.close()
    await bench.database.dispose()


if __name__ == "__main__":
    run(main(given()))
