"""A service of two processes: each child says who it is on the shared port. `dies` makes children that cannot live."""

import os
import sys

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.launch import processes
from shared.runtime import logs
from shared.runtime.health import Health, health_routes
from shared.runtime.metrics import Metrics
from shared.runtime.process import run, run_service
from shared.runtime.serve import HttpServer
from shared.runtime.settings import CommonSettings


async def child() -> int:
    beside, health, metrics = processes.beside(), Health(), Metrics()
    health.started = True
    metrics.outbox_pending.set(3)

    async def backlog(request: Request) -> PlainTextResponse:
        metrics.outbox_pending.set(int(request.query_params["pending"]))
        return PlainTextResponse(str(os.getpid()))

    async def who(_: Request) -> PlainTextResponse:
        metrics.disputes_filed.labels("api", "other").inc()
        return PlainTextResponse(str(os.getpid()))

    server = HttpServer(
        Starlette(routes=[Route("/who", who), Route("/backlog", backlog), *health_routes(health, metrics)])
    )
    tasks = [server.run, *beside]
    return await run_service(tasks, grace_seconds=5, drain_delay_seconds=0.3, on_drain=[health.drain], patient=True)


async def main(port: int, kind: str) -> int:
    if processes.is_child():
        return 3 if kind == "dies" else await child()
    settings = CommonSettings(port=port)
    return await processes.run(settings, 2, ["tests.services.launch.crew_process", str(port), kind])


if __name__ == "__main__":
    logs.configure("info", "json")
    sys.exit(run(main(int(sys.argv[1]), sys.argv[2])))
