"""A small service of its own process, told what to do by its first argument; the tests send it signals."""

import asyncio
import contextlib
import sys
import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.runtime import logs
from shared.runtime.health import Health, health_routes
from shared.runtime.loops import Pace, every
from shared.runtime.metrics import Metrics
from shared.runtime.process import Stop, run, run_service
from shared.runtime.pulse import Watchdog
from shared.runtime.serve import HttpServer


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - the test reads it


async def worker(stop: Stop) -> None:
    """Holds one piece of work which ends only after the stop was asked for."""
    say("working")
    await stop.wait()
    await asyncio.sleep(0.2)
    say("finished")


async def stubborn(stop: Stop) -> None:
    say("working")
    await asyncio.Event().wait()


async def hung_in_cleanup(stop: Stop) -> None:
    say("working")
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


async def dies(stop: Stop) -> None:
    raise RuntimeError("the disk went away")


async def leaves(stop: Stop) -> None:
    return


async def foreign_cancel(stop: Stop) -> None:
    raise asyncio.CancelledError


async def blocks(stop: Stop) -> None:
    say("working")
    time.sleep(60)  # noqa: ASYNC251 - a blocked event loop is what the test wants


async def served() -> int:
    health, metrics = Health(), Metrics()
    health.started = True

    async def slow(_: Request) -> PlainTextResponse:
        say("request")
        await asyncio.sleep(0.5)
        return PlainTextResponse("answered")

    app = Starlette(routes=[Route("/slow", slow), *health_routes(health, metrics)])
    server = HttpServer(app)

    async def announce(stop: Stop) -> None:
        await server.ready()
        say("port", server.port)
        await stop.wait()

    return await run_service([server.run, announce], grace_seconds=5, drain_delay_seconds=0.3, on_drain=[health.drain])


async def looped() -> int:
    rounds = 0

    async def step() -> bool:
        nonlocal rounds
        rounds += 1
        say("round", rounds)
        return False

    async def loop(stop: Stop) -> None:
        await every(step, stop, pace=Pace(seconds=60), name="looped")

    return await run_service([loop])


async def main(kind: str) -> int:
    if kind == "serves":
        return await served()
    if kind == "loops":
        return await looped()
    if kind == "blocks":
        return await run_service([blocks], watchdog=Watchdog(limit_seconds=0.5))
    tasks = {
        "drains": [worker, worker],
        "stubborn": [stubborn, worker],
        "hung": [hung_in_cleanup],
        "dies": [dies, worker],
        "leaves": [leaves, worker],
        "foreign": [foreign_cancel, worker],
    }
    grace = 0.3 if kind in ("stubborn", "hung") else 30
    return await run_service(tasks[kind], grace_seconds=grace)


if __name__ == "__main__":
    logs.configure("info", "json")
    raise SystemExit(run(main(sys.argv[1])))
