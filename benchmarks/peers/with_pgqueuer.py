"""PgQueuer: one process, batches as large as ours, jobs that do nothing but note the time."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import asyncpg
from pgqueuer.db import AsyncpgDriver  # type: ignore[import-not-found] # installed by the benchmark itself
from pgqueuer.qm import QueueManager  # type: ignore[import-not-found] # as above
from pgqueuer.queries import Queries  # type: ignore[import-not-found] # as above

from benchmarks.peers.protocol import Contest, Given, given

BATCH = 250
POLL = timedelta(seconds=0.5)


async def main(told: Given) -> None:
    """Lays in jobs, and fires those that are due."""
    scheduling, working = await asyncpg.connect(told.url), await asyncpg.connect(told.url)
    queries = Queries(AsyncpgDriver(scheduling))
    await queries.install()
    manager = QueueManager(Queries(AsyncpgDriver(working)))
    fired: list[float] = []

    async def job(_: Any) -> None:
        fired.append(time.time())

    async def schedule(count: int, at: float) -> None:
        after = [timedelta(seconds=at - time.time())] * count
        await queries.enqueue(["due"] * count, [None] * count, [0] * count, after)

    manager.entrypoint("due")(job)
    contest = Contest(told)
    await contest.lay_in(schedule)
    await scheduling.execute("vacuum analyze")
    worker = asyncio.create_task(manager.run(dequeue_timeout=POLL, batch_size=BATCH))
    await contest.storms(schedule, lambda: fired)
    manager.shutdown.set()
    await worker
    await working.close()
    await scheduling.close()


if __name__ == "__main__":
    asyncio.run(main(given()))
