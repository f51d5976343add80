"""Several processes sweep the same timers: each timer fires once, each process gets its share, and it ends in time."""

import asyncio
import contextlib
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from shared.db import disputes
from tests.builders import a_dispute, a_filing
from tests.domain.matrices import clocks
from tests.services.escalation.room import Room
from tests.waiting import eventually

ROOT: Final = Path(__file__).resolve().parents[3]
DUE: Final = 3000
AHEAD: Final = timedelta(hours=5)
"""Beyond the four hours of the first tier, and within the eight of the second."""
BATCH: Final = 50
SECONDS_MAX: Final = 30.0
TIER_ALONE: Final = dict.fromkeys(
    ("acknowledgement", "first_response", "next_update", "resolution", "follow_up", "silence")
)


@pytest.fixture
async def room(database: str) -> AsyncIterator[Room]:
    """Disputes with one timer each, so that timers that fired and tiers that were climbed must be as many."""
    made = Room(database)
    await made.put_policy(clocks=clocks(**TIER_ALONE))
    for begin in range(0, DUE, 500):
        await _taken_up(made, range(begin, begin + 500))
    yield made
    await made.database.dispose()


async def _taken_up(room: Room, numbers: range) -> None:
    async with room.database.transaction() as tx:
        made = [a_filing(a_dispute(reference=f"D-2026-{number:06}", received_at=tx.now)) for number in numbers]
        filed = await disputes.insert_many(tx, made)
    await room.hear([each.id for each in filed])


@contextlib.asynccontextmanager
async def sweeping(url: str, count: int) -> AsyncIterator[list[Process]]:
    """So many processes, all ready and none begun; none outlives the test."""
    arguments = ("-m", "tests.services.escalation.sweep_process", url, str(AHEAD.total_seconds()), str(BATCH))
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdin=PIPE, stdout=PIPE)
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert await _line(process) == "ready"
        yield processes
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _line(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS_MAX):
        return (await process.stdout.readline()).decode().strip()


def _go(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"go\n")


@pytest.mark.parametrize("count", [2, 4])
async def test_every_timer_fires_once_and_every_process_has_its_share(room: Room, database: str, count: int) -> None:
    async with sweeping(database, count) as processes:
        began = time.monotonic()
        for process in processes:
            _go(process)
        fired = [int(await _line(process)) for process in processes]
        took = time.monotonic() - began
    assert sum(fired) == DUE
    async with room.database.transaction() as tx:
        climbs = await tx.raw.fetch(
            "select dispute_id, count(*) as times from event where type = 'dispute.escalated' group by dispute_id"
        )
        tiers = await tx.raw.fetch("select tier, count(*) as disputes from dispute group by tier")
        next_due = await tx.raw.fetchval("select count(*) from timer where due_at <= $1", tx.now + AHEAD)
    assert [row["times"] for row in climbs] == [1] * DUE
    assert [(row["tier"], row["disputes"]) for row in tiers] == [(2, DUE)]
    assert next_due == 0
    assert min(fired) >= DUE / count / 10, f"a process starved: {fired}"
    assert took < SECONDS_MAX


async def test_a_process_that_dies_in_the_middle_leaves_its_batch_to_the_other(room: Room, database: str) -> None:
    async with sweeping(database, 2) as (victim, survivor):
        _go(victim)
        await eventually(lambda: _climbed(room), every=0.01)
        victim.kill()
        _go(survivor)
        fired = int(await _line(survivor))
    climbed = await _climbed(room)
    assert climbed == DUE
    assert 0 < fired < DUE, "the victim had fired some"


async def _climbed(room: Room) -> int:
    return (await room.told())["dispute.escalated"]
