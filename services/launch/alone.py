"""One service as a process of its own, on real parts: PostgreSQL and RabbitMQ."""

from typing import TypeVar

from services.launch import calendars, processes
from services.launch.parts import Parts
from services.launch.serve import serve
from shared.runtime.settings import CommonSettings, ConfigurationError, load

S = TypeVar("S", bound=CommonSettings)


async def run(name: str) -> int:
    """Runs `intake`, `escalation` or `notify` until it is told to stop; returns the exit code."""
    match name:
        case "intake":
            return await _intake()
        case "escalation":
            return await _escalation()
        case _:
            return await _notify()


async def _intake() -> int:
    from services.intake import main
    from services.intake.settings import IntakeSettings
    from shared.db import keys

    settings = _real(load(IntakeSettings))
    if settings.processes > 1 and not processes.is_child():
        return await processes.run(settings, settings.processes, ["services", "intake"])

    async def before(parts: Parts) -> None:
        await calendars.read_once(parts, settings.calendars_dir)
        if settings.admin_key is not None:
            async with parts.database.transaction() as tx:
                await keys.ensure_admin(tx, settings.admin_key.get_secret_value())

    build = [lambda parts: main.build(settings, **parts.given())]
    child = processes.is_child()
    return await serve(settings, build, name="intake", before=before, beside=processes.beside(), patient=child)


async def _escalation() -> int:
    from services.escalation import main
    from services.escalation.settings import EscalationSettings

    settings = _real(load(EscalationSettings))

    async def before(parts: Parts) -> None:
        await calendars.read_once(parts, settings.calendars_dir)

    build = [lambda parts: main.build(settings, **parts.given())]
    return await serve(settings, build, name="escalation", before=before)


async def _notify() -> int:
    from services.notify import main
    from services.notify.settings import NotifySettings

    settings = _real(load(NotifySettings))
    return await serve(settings, [lambda parts: main.build(settings, **parts.given())], name="notify")


def _real(settings: S) -> S:
    """The settings, if a service can run alone on them.

    Raises:
        ConfigurationError: the broker or the database is the embedded one, which no second process can share.
    """
    if settings.embedded or settings.database_url is None:
        raise ConfigurationError(["A service alone needs RECOURSE_BROKER_URL (amqp://) and RECOURSE_DATABASE_URL"])
    return settings
