"""Procrastinate: one worker process, jobs that do nothing but note the time, polled as often as Recourse looks."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime

import procrastinate  # type: ignore[import-not-found] # installed by the benchmark itself

from benchmarks.peers.protocol import Given, all_fired, given, idle_cost, tell

CONCURRENCY = 20
CHUNK = 1000
POLL_SECONDS = 0.5
"""Its default is 5 seconds, which would be its lateness."""


async def main(told: Given) -> None:
    """Fires everything once it is due."""
    due_at = time.time() + told.lead
    fired: list[float] = []

    async def job() -> None:
        fired.append(time.time())

    connector = procrastinate.PsycopgConnector(conninfo=told.url, min_size=4, max_size=CONCURRENCY)
    app = procrastinate.App(connector=connector)
    task = app.task(name="due")(job)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        later = task.configure(schedule_at=datetime.fromtimestamp(due_at, UTC))
        for begin in range(0, told.count, CHUNK):
            await later.batch_defer_async(*({} for _ in range(min(CHUNK, told.count - begin))))
        options = {"fetch_job_polling_interval": POLL_SECONDS, "install_signal_handlers": False}
        worker = asyncio.create_task(app.run_worker_async(concurrency=CONCURRENCY, **options))
        idle = await idle_cost(due_at, told.idle)
        await all_fired(lambda: len(fired), told.count, due_at)
        tell(due_at, fired, idle)
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


if __name__ == "__main__":
    asyncio.run(main(given()))
