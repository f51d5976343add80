"""Runs one or several services as one process: parts, loops, one HTTP port, readiness, and a whole stop."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from services.launch.parts import Parts, opened
from shared.broker.relay import Relay
from shared.runtime import logs, traces
from shared.runtime.health import Health, operations_app
from shared.runtime.memory import settle
from shared.runtime.metrics import Metrics
from shared.runtime.process import Task, run_service
from shared.runtime.pulse import Watchdog
from shared.runtime.serve import HttpServer
from shared.runtime.service import Service
from shared.runtime.settings import CommonSettings, ConfigurationError, variable
from shared.runtime.stop import Stop

Build = Callable[[Parts], Service]
Ready = Callable[[int], None]

READY_POLL_SECONDS: Final = 0.05


async def serve(
    settings: CommonSettings,
    builds: Sequence[Build],
    *,
    name: str,
    before: Callable[[Parts], Awaitable[None]] | None = None,
    on_ready: Ready | None = None,
    beside: Sequence[Task] = (),
    patient: bool = False,
) -> int:
    """Runs the services until they are told to stop; returns the exit code.

    `before` runs once the parts are open; `beside` are further tasks of the same process, which may ask for the stop;
    `patient` lets a second signal pass.
    """
    endpoint = settings.otel_endpoint
    traces.configure(name, None if endpoint is None else str(endpoint))
    metrics = Metrics()
    watchdog = Watchdog(limit_seconds=settings.watchdog_seconds) if settings.watchdog_seconds else None
    async with opened(settings, application=f"recourse-{name}", metrics=metrics) as parts:
        if before is not None:
            await before(parts)
        services = [build(parts) for build in builds]
        settle()
        health = _health(parts, services, watchdog)
        server = _server(_face(services, health, metrics), settings)
        tell = on_ready or _log_ready
        relay = Relay(parts.database, parts.broker, metrics=metrics)

        async def announce(stop: Stop) -> None:
            while not stop.requested and not (await health.ready())[0]:
                await stop.sleep(READY_POLL_SECONDS)
            if not stop.requested:
                tell(server.port)
            await stop.wait()

        tasks = [server.run, relay.run, *(task for service in services for task in service.tasks), announce, *beside]
        try:
            return await run_service(
                tasks,
                grace_seconds=settings.shutdown_grace_seconds,
                drain_delay_seconds=settings.drain_delay_seconds,
                on_drain=[health.drain],
                watchdog=watchdog,
                patient=patient,
            )
        finally:
            health.close()
            await traces.shutdown()


def _server(app: ASGIApp, settings: CommonSettings) -> HttpServer:
    try:
        return HttpServer(app, settings.host, port=settings.port)
    except OSError as error:
        place = f"{variable('host')} and {variable('port')}"
        raise ConfigurationError(
            [f"{place}: nobody can listen on {settings.host}:{settings.port}: {error.strerror or error}"]
        ) from error


def _health(parts: Parts, services: Sequence[Service], watchdog: Watchdog | None) -> Health:
    health = Health(watchdog=watchdog)
    health.add("database", parts.database_answers)
    health.add("schema", parts.schema_is_current, keep_seconds=5)
    health.add("broker", parts.broker_carries)
    for service in services:
        for name, check in service.checks.items():
            health.add(f"{service.name}.{name}", check)
    health.started = True
    return health


def _face(services: Sequence[Service], health: Health, metrics: Metrics) -> ASGIApp:
    """The HTTP API of the service that has one, with the operations doors beside it."""
    operations = operations_app(health, metrics)
    apps = [service.app for service in services if service.app is not None]
    if not apps:
        return operations
    (api,) = apps
    doors = frozenset(route.path for route in operations.routes if hasattr(route, "path"))

    async def face(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = operations if scope.get("path") in doors else api
        await chosen(scope, receive, send)

    return face


def _log_ready(port: int) -> None:
    logs.logger(__name__).info("ready", port=port)
