"""Intake alone, without the two services that follow: what `benchmarks.filing` measures the door with.

Not a way to run the product: what is filed stays in the outbox.
"""

from services.intake import main as intake
from services.intake.settings import IntakeSettings
from services.launch import processes
from services.launch.parts import opened
from shared.db import keys
from shared.runtime import logs
from shared.runtime.health import Health, operations_app
from shared.runtime.memory import settle
from shared.runtime.metrics import Metrics
from shared.runtime.process import run, run_service
from shared.runtime.serve import HttpServer
from shared.runtime.settings import load


async def main() -> int:
    """Serves until SIGTERM; the exit code."""
    settings = load(IntakeSettings)
    logs.configure(settings.log_level, settings.log_format)
    if settings.processes > 1 and not processes.is_child():
        return await processes.run(settings, settings.processes, ["benchmarks.door"])
    metrics, ours = Metrics(), processes.beside()
    async with opened(settings, application="bench", metrics=metrics) as parts:
        if settings.admin_key is not None:
            async with parts.database.transaction() as tx:
                await keys.ensure_admin(tx, settings.admin_key.get_secret_value())
        service = intake.build(settings, **parts.given())
        health = Health()
        health.started = True
        operations = operations_app(health, metrics)
        assert service.app is not None
        api = service.app

        async def face(scope, receive, send):  # type: ignore[no-untyped-def] # an ASGI callable
            await (operations if scope.get("path") == "/readyz" else api)(scope, receive, send)

        settle()  # as the service does once it is open
        server = HttpServer(face, settings.host, port=settings.port)
        return await run_service([server.run, *ours], grace_seconds=5)


if __name__ == "__main__":
    raise SystemExit(run(main()))
