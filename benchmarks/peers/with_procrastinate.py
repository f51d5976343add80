"""Procrastinate: one worker process, jobs that do nothing but note the time, polled as often as Recourse looks."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime

import procrastinate  # type: ignore[import-not-found] # installed by the benchmark itself

from benchmarks.peers.protocol import Contest, Given, given

CONCURRENCY = 20
POLL_SECONDS = 0.5
"""Its default is 5 seconds, which would be its lateness."""


async def main(told: Given) -> None:
    """Lays in jobs, and fires those that are due."""
    fired: list[float] = []

    async def job() -> None:
        fired.append(time.time())

    connector = procrastinate.PsycopgConnector(conninfo=told.url, min_size=4, max_size=CONCURRENCY)
    app = procrastinate.App(connector=connector)
    task = app.task(name="due")(job)

    async def schedule(count: int, at: float) -> None:
        later = task.configure(schedule_at=datetime.fromtimestamp(at, UTC))
        await later.batch_defer_async(*({} for _ in range(count)))

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        contest = Contest(told)
        await contest.lay_in(schedule)
        await connector.execute_query_async("analyze procrastinate_jobs")
        options = {"fetch_job_polling_interval": POLL_SECONDS, "install_signal_handlers": False}
        worker = asyncio.create_task(app.run_worker_async(concurrency=CONCURRENCY, **options))
        await contest.storms(schedule, lambda: fired)
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


if __name__ == "__main__":
    asyncio.run(main(given()))
