"""A service process stops whole, or ends loudly; it never limps on."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import orjson
import pytest

from shared.runtime.process import (
    EXIT_CLEAN,
    EXIT_FAILED,
    EXIT_STUCK,
    EXIT_UNFINISHED,
    Stop,
    cancelled_by_us,
    run_service,
)
from shared.runtime.serve import HttpServer
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]


class Service:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    async def says(self, word: str) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            while line := (await self._process.stdout.readline()).decode().strip():
                self.lines.append(line)
                if line.startswith(word):
                    return line
        raise AssertionError(f"{word!r} was never said: {self.lines}")

    def signal(self, number: signal.Signals) -> None:
        os.kill(self._process.pid, number)

    async def code(self) -> int:
        async with asyncio.timeout(20):
            out, _ = await self._process.communicate()
        self.lines += out.decode().splitlines()
        assert self._process.returncode is not None
        return self._process.returncode

    def logged(self, event: str) -> dict[str, object]:
        logs = [orjson.loads(line) for line in self.lines if line.startswith("{")]
        return next(log for log in logs if log["event"] == event)


@asynccontextmanager
async def started(kind: str) -> AsyncIterator[Service]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.runtime.service_process",
        kind,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Service(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_work_in_flight_is_finished_after_a_signal(number: signal.Signals) -> None:
    async with started("drains") as service:
        await service.says("working")
        await service.says("working")
        service.signal(number)
        assert await service.code() == EXIT_CLEAN
        assert service.lines.count("finished") == 2


async def test_work_that_outlasts_the_grace_is_cut_off_and_told() -> None:
    async with started("stubborn") as service:
        await service.says("working")
        service.signal(signal.SIGTERM)
        assert await service.code() == EXIT_UNFINISHED
        assert "finished" in service.lines
        assert service.logged("grace_ended")["unfinished"] == ["stubborn"]


async def test_work_that_hangs_in_its_clean_up_cannot_keep_the_process() -> None:
    async with started("hung") as service:
        await service.says("working")
        service.signal(signal.SIGTERM)
        assert await service.code() == EXIT_UNFINISHED
        assert service.logged("cancellation_hung")["unfinished"] == ["hung_in_cleanup"]


async def test_a_second_signal_ends_the_process_at_once() -> None:
    async with started("drains") as service:
        await service.says("working")
        await service.says("working")
        service.signal(signal.SIGTERM)
        await service.says('{"module":"shared.runtime.process","signal":"SIGTERM","event":"signal_received"')
        service.signal(signal.SIGTERM)
        assert await service.code() == 128 + signal.SIGTERM
        assert "finished" not in service.lines


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("dies", "RuntimeError"), ("leaves", "returned unasked"), ("foreign", "CancelledError")],
)
async def test_the_death_of_one_task_ends_the_process_with_a_log_and_lets_the_others_finish(
    kind: str, reason: str
) -> None:
    async with started(kind) as service:
        assert await service.code() == EXIT_FAILED
        assert service.logged("task_died")["reason"] == reason
        assert "finished" in service.lines


async def test_a_blocked_event_loop_ends_the_process() -> None:
    async with started("blocks") as service:
        await service.says("working")
        assert await service.code() == EXIT_STUCK
        assert service.logged("process_stuck")["loop"] == "event_loop"


async def test_a_sleeping_loop_hears_the_stop_at_once() -> None:
    async with started("loops") as service:
        await service.says("round 1")
        service.signal(signal.SIGTERM)
        assert await service.code() == EXIT_CLEAN
        assert "round 2" not in service.lines


async def test_a_request_under_way_is_answered_while_readiness_already_fails() -> None:
    async with started("serves") as service:
        port = (await service.says("port")).split()[1]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/readyz")).status_code == 200
            slow = asyncio.create_task(client.get("/slow"))
            await service.says("request")
            service.signal(signal.SIGTERM)
            await eventually(_status_is(client, "/readyz", 503), within=2)
            assert (await client.get("/livez")).status_code == 200
            assert (await slow).text == "answered"
        assert await service.code() == EXIT_CLEAN


def _status_is(client: httpx.AsyncClient, path: str, status: int) -> Callable[[], bool | Awaitable[bool]]:
    async def asks() -> bool:
        return (await client.get(path)).status_code == status

    return asks


async def test_a_stop_can_be_asked_for_inside_the_process() -> None:
    stop = Stop(grace_seconds=5)

    async def asks(stop: Stop) -> None:
        stop.request("done")

    assert await run_service([asks], stop=stop, signals=False) == EXIT_CLEAN
    assert stop.reason == "done"
    assert 0 < stop.remaining_seconds <= 5


async def test_a_cancellation_from_a_library_is_told_from_our_own() -> None:
    seen = []

    async def victim() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append(cancelled_by_us())
            raise

    task = asyncio.create_task(victim())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    pending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    pending.cancel()
    try:
        await pending
    except asyncio.CancelledError:
        seen.append(cancelled_by_us())
    assert seen == [True, False]


async def test_a_taken_port_is_an_error_before_anything_starts() -> None:
    async def app(scope: object, receive: object, send: object) -> None: ...

    first = HttpServer(app)
    try:
        with pytest.raises(OSError, match="in use"):
            HttpServer(app, port=first.port)
    finally:
        first.close()
