"""PgQueuer: one process, batches as large as ours, jobs that do nothing but note the time."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import asyncpg
from pgqueuer.db import AsyncpgDriver  # type: ignore[import-not-found] # installed by the benchmark itself
from pgqueuer.qm import QueueManager  # type: ignore[import-not-found] # as above
from pgqueuer.queries import Queries  # type: ignore[import-not-found] # as above

from benchmarks.peers.protocol import Given, all_fired, given, idle_cost, tell

BATCH = 250
POLL = timedelta(seconds=0.5)


async def main(told: Given) -> None:
    """Fires everything once it is due."""
    begun = time.time()
    connection = await asyncpg.connect(told.url)
    queries = Queries(AsyncpgDriver(connection))
    await queries.install()
    manager = QueueManager(queries)
    fired: list[float] = []

    async def job(_: Any) -> None:
        fired.append(time.time())

    manager.entrypoint("due")(job)
    after = [timedelta(seconds=told.lead - (time.time() - begun))] * told.count
    await queries.enqueue(["due"] * told.count, [None] * told.count, [0] * told.count, after)
    due_at = (await connection.fetchval("select max(execute_after) from pgqueuer")).timestamp()
    worker = asyncio.create_task(manager.run(dequeue_timeout=POLL, batch_size=BATCH))
    idle = await idle_cost(due_at, told.idle)
    await all_fired(lambda: len(fired), told.count, due_at)
    tell(due_at, fired, idle)
    manager.shutdown.set()
    await worker
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main(given()))
