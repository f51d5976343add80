"""Celery with an ETA, on RabbitMQ: one worker with two processes, acknowledged after the work, as the others do."""

import asyncio
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.peers.protocol import Contest, Given, given

POOL = 2
PINGS_MAX = 30
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


def noted(notes: Path) -> Sequence[float]:
    """When each task ran that ran so far."""
    if not notes.exists():
        return ()
    whole = notes.read_bytes()
    return struct.unpack(f"{len(whole) // 8}d", whole[: len(whole) // 8 * 8])


async def main(told: Given) -> None:
    """Lays in tasks, all of which the worker takes into its memory, and fires those that are due."""
    with tempfile.TemporaryDirectory(prefix="recourse-bench-celery-") as folder:
        notes = Path(folder) / "notes"
        os.environ.update(BENCH_BROKER=told.broker, BENCH_NOTES=str(notes))
        worker, contest = _worker(), Contest(told)
        try:
            await asyncio.to_thread(_answering)
            await contest.lay_in(_schedule)
            await contest.storms(_schedule, lambda: noted(notes), lambda: used(worker.pid))
        finally:
            worker.terminate()
            try:
                worker.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()


def _worker() -> subprocess.Popen[bytes]:
    arguments = ("worker", "-c", str(POOL), "-l", "error", "--without-gossip", "--without-mingle")
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.peers.celery_app", *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _answering() -> None:
    """Returns when the worker is there: one that finds more waiting at its start than it prefetches takes no more of them."""
    from benchmarks.peers.celery_app import app

    for _ in range(PINGS_MAX):
        if app.control.ping(timeout=1):
            return


async def _schedule(count: int, at: float) -> None:
    await asyncio.to_thread(_published, count, datetime.fromtimestamp(at, UTC))


def _published(count: int, eta: datetime) -> None:
    from benchmarks.peers.celery_app import app, due

    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(count):
            due.apply_async(eta=eta, producer=producer)


if __name__ == "__main__":
    asyncio.run(main(given()))
