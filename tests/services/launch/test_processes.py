"""Several processes behind one port live and die as one service."""

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.parts.loopback import free_port
from tests.waiting import eventually

ROOT = Path(__file__).parents[3]


class Crew:
    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"

    async def who(self) -> int:
        """Whoever takes a new connection."""
        async with httpx.AsyncClient() as client:
            return int((await client.get(f"{self.url}/who")).text)

    async def pids(self, *, without: frozenset[int] = frozenset()) -> frozenset[int]:
        """Both children, when both have answered."""
        found = frozenset([await self.who() for _ in range(20)]) - without
        return found if len(found) == 2 else frozenset()

    @asynccontextmanager
    async def kept(self, count: int) -> AsyncIterator[Counter[int]]:
        """So many connections, opened at once and kept: how many each child took."""
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(httpx.AsyncClient()) for _ in range(count)]
            replies = await asyncio.gather(*(client.get(f"{self.url}/who") for client in clients))
            yield Counter(int(reply.text) for reply in replies)

    async def metrics(self) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{self.url}/metrics")).text

    async def code(self) -> int:
        async with asyncio.timeout(20):
            return await self.process.wait()


@asynccontextmanager
async def a_crew(kind: str = "lives") -> AsyncIterator[Crew]:
    port = free_port()
    command = [sys.executable, "-m", "tests.services.launch.crew_process", str(port), kind]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield Crew(process, port)
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(20):
                await process.wait()


@pytest.fixture
async def crew() -> AsyncIterator[Crew]:
    async with a_crew() as started:
        yield started


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_two_processes_answer_on_one_port_and_stop_together(crew: Crew) -> None:
    pids = await eventually(crew.pids, within=20)
    crew.process.terminate()
    assert await crew.code() == 0
    assert not any(map(alive, pids))


async def test_a_process_that_is_killed_is_replaced(crew: Crew) -> None:
    pids = await eventually(crew.pids, within=20)
    gone = min(pids)
    os.kill(gone, signal.SIGKILL)
    after = await eventually(lambda: crew.pids(without=frozenset({gone})), within=20)
    assert max(pids) in after


async def test_each_takes_its_share_of_a_few_lasting_connections(crew: Crew) -> None:
    await eventually(crew.pids, within=20)

    async def even() -> bool:
        """Not at the first try where a busy machine lets one of them sleep."""
        async with crew.kept(4) as taken:
            return sorted(taken.values()) == [2, 2]

    for _ in range(5):
        await eventually(even, within=20)


async def test_one_that_starts_anew_is_given_what_the_others_hold_more(crew: Crew) -> None:
    pids = await eventually(crew.pids, within=20)
    gone, stays = min(pids), max(pids)

    async def even() -> bool:
        async with crew.kept(2) as more:
            return more[stays] == 0

    async with crew.kept(12) as taken:
        assert taken[stays] > 2
        os.kill(gone, signal.SIGKILL)
        await eventually(lambda: crew.pids(without=frozenset({gone})), within=20)
        await eventually(even, within=20)


async def test_children_stop_by_themselves_when_the_parent_is_killed(crew: Crew) -> None:
    pids = await eventually(crew.pids, within=20)
    crew.process.kill()
    await crew.code()
    await eventually(lambda: not any(map(alive, pids)), within=20)


async def test_any_of_them_tells_the_figures_of_all(crew: Crew) -> None:
    pids = await eventually(crew.pids, within=20)
    before = counted(await crew.metrics())
    for _ in range(10):
        await crew.who()
    text = await crew.metrics()
    assert counted(text) == before + 10
    assert len(pids) == 2


async def test_what_a_process_saw_before_it_died_raises_no_alarm_afterwards(crew: Crew) -> None:
    await eventually(crew.pids, within=20)
    async with httpx.AsyncClient() as client:
        gone = int((await client.get(f"{crew.url}/backlog?pending=5000")).text)
    assert "recourse_outbox_pending 5000.0" in await crew.metrics()
    os.kill(gone, signal.SIGKILL)
    await eventually(lambda: crew.pids(without=frozenset({gone})), within=20)
    assert "recourse_outbox_pending 3.0" in await crew.metrics()


async def test_a_supervisor_that_signals_everybody_cuts_nothing_short(crew: Crew) -> None:
    pids = await eventually(crew.pids, within=20)
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    crew.process.terminate()
    assert await crew.code() == 0


async def test_a_child_that_ends_badly_when_asked_to_stop_is_told_of(crew: Crew) -> None:
    pids = await eventually(crew.pids, within=20)
    crew.process.terminate()
    os.kill(max(pids), signal.SIGKILL)
    assert await crew.code() == 128 + signal.SIGKILL


async def test_children_that_cannot_live_end_the_service() -> None:
    async with a_crew("dies") as crew:
        assert await crew.code() == 1


def counted(text: str) -> int:
    found = re.search(r'recourse_disputes_filed_total\{category="other",channel="api"\} (\d+)', text)
    assert found is not None, text
    return int(found[1])
