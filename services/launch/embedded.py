"""`make run`: the whole product in one process, on a PostgreSQL of its own in the state folder."""

import asyncio
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import AnyHttpUrl, SecretStr

from services.embedded.postgres import EmbeddedPostgres
from services.escalation import main as escalation
from services.escalation.settings import EscalationSettings
from services.intake import main as intake
from services.intake.settings import IntakeSettings
from services.launch import calendars
from services.launch.parts import Parts
from services.launch.serve import Build, serve
from services.launch.start import DATABASE
from services.notify import main as notify
from services.notify.settings import NotifySettings
from shared.db import keys, migrate
from shared.runtime.settings import CommonSettings, load

ADMIN_KEY_FILE: Final = "admin_key"
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to call a host that listens everywhere

S = TypeVar("S", bound=CommonSettings)


async def run() -> int:
    """Starts everything, waits for the end, stops everything; returns the exit code."""
    settings, *_ = load(IntakeSettings), load(EscalationSettings), load(NotifySettings)  # before anything is touched
    reached_at = public_url(settings)
    server = None if settings.database_url else EmbeddedPostgres(settings.state_dir / "postgres")
    if server is not None:
        await server.start()
    try:
        url = await _database_url(settings, server)
        await asyncio.to_thread(migrate.upgrade, url)
        return await serve(
            changed(settings, database_url=SecretStr(url)),
            builds(database_url=SecretStr(url), public_url=reached_at),
            name="all",
            before=lambda parts: before(parts, settings),
            on_ready=lambda port: say(f"Recourse is ready on http://{settings.host}:{port}"),
        )
    finally:
        if server is not None:
            await server.stop()


def builds(**changes: Any) -> Sequence[Build]:
    """How to build the three services on one set of parts, from the environment with these settings changed."""
    return [
        lambda parts: intake.build(changed(load(IntakeSettings), **changes), **parts.given()),
        lambda parts: escalation.build(changed(load(EscalationSettings), **changes), **parts.given()),
        lambda parts: notify.build(changed(load(NotifySettings), **changes), **parts.given()),
    ]


def public_url(settings: CommonSettings) -> AnyHttpUrl:
    """Where links lead: the configured address, else this process itself; the default when it listens on any free port."""
    if "public_url" in settings.model_fields_set or settings.port == 0:
        return settings.public_url
    host = _LOOPBACK.get(settings.host, settings.host)
    return AnyHttpUrl(f"http://{f'[{host}]' if ':' in host else host}:{settings.port}")


def say(line: str) -> None:
    """A line for the person at the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def changed(settings: S, **changes: Any) -> S:
    """The settings with some of them changed; those that this service does not read are left out."""
    known = type(settings).model_fields
    return settings.model_copy(update={name: value for name, value in changes.items() if name in known})


async def _database_url(settings: CommonSettings, server: EmbeddedPostgres | None) -> str:
    if server is None:
        assert settings.database_url is not None
        return settings.database_url.get_secret_value()
    await server.ensure_database(DATABASE)
    return server.url(DATABASE)


async def before(parts: Parts, settings: IntakeSettings) -> None:
    """What is to be there, and to hold, before the services begin; raises ConfigurationError."""
    await calendars.read_once(parts, settings.calendars_dir)
    await admin(parts, settings)


async def admin(parts: Parts, settings: IntakeSettings) -> None:
    """Makes sure there is a key to begin with; one made here is printed once and kept for the owner alone."""
    key = settings.admin_key.get_secret_value() if settings.admin_key else _kept_key(settings.state_dir)
    async with parts.database.transaction() as tx:
        await keys.ensure_admin(tx, key)


def _kept_key(state_dir: Path) -> str:
    path = state_dir / ADMIN_KEY_FILE
    if not path.exists():
        key = f"rk_admin_{secrets.token_urlsafe(32)}"
        unfinished = path.with_suffix(".unfinished")
        unfinished.touch(mode=0o600)
        unfinished.write_text(key)
        unfinished.rename(path)  # whole or not at all, wherever we are killed
        say(f"Admin key (shown once, kept in {path}): {key}")
    return path.read_text().strip()
