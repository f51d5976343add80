"""Celery with an ETA, on RabbitMQ: one worker with two processes, acknowledged after the work, as the others do."""

import asyncio
import os
import struct
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.peers.protocol import Given, all_fired, given, idle_cost, tell

POOL = 2
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def used(root: int) -> float:
    """Seconds of processor time of a process and its children, as the kernel counts them."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if root in (int(folder.name), int(fields[1])):
            ticks += int(fields[11]) + int(fields[12])
    return ticks / CLOCK_TICKS


def noted(notes: Path) -> int:
    """How many tasks ran so far."""
    return notes.stat().st_size // 8 if notes.exists() else 0


async def main(told: Given) -> None:
    """Fires everything once it is due."""
    due_at = time.time() + told.lead
    with tempfile.TemporaryDirectory(prefix="recourse-bench-celery-") as folder:
        notes = Path(folder) / "notes"
        os.environ.update(BENCH_BROKER=told.broker, BENCH_NOTES=str(notes))
        worker = _worker()
        try:
            await asyncio.to_thread(_schedule, told.count, due_at)
            idle = await idle_cost(due_at, told.idle, lambda: used(worker.pid))
            await all_fired(lambda: noted(notes), told.count, due_at)
        finally:
            worker.terminate()
            worker.wait(30)
        tell(due_at, struct.unpack(f"{noted(notes)}d", notes.read_bytes()), idle)


def _worker() -> subprocess.Popen[bytes]:
    arguments = ("worker", "-c", str(POOL), "-l", "error", "--without-gossip", "--without-mingle")
    return subprocess.Popen([sys.executable, "-m", "celery", "-A", "benchmarks.peers.celery_app", *arguments])


def _schedule(count: int, due_at: float) -> None:
    from benchmarks.peers.celery_app import app, due

    eta = datetime.fromtimestamp(due_at, UTC)
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(count):
            due.apply_async(eta=eta, producer=producer)


if __name__ == "__main__":
    asyncio.run(main(given()))
