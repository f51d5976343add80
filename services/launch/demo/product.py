"""The whole product for the demo: in this process, in a folder of its own, deaf to what the environment says."""

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import asyncpg
from pydantic import AnyHttpUrl, SecretStr

from services.embedded.postgres import EmbeddedPostgres
from services.intake.settings import IntakeSettings
from services.launch.embedded import ADMIN_KEY_FILE, admin, builds, changed
from services.launch.serve import serve
from services.launch.start import DATABASE
from shared.db import migrate
from shared.policy.calendars import DEFAULT_CALENDARS
from shared.runtime.process import Task
from shared.runtime.settings import load

HOST: Final = "127.0.0.1"
POSTGRES: Final = "postgres"
"""The one thing in the folder that survives the wiping: its cluster is dear to make, and its database is dropped."""


@contextlib.asynccontextmanager
async def database(folder: Path) -> AsyncIterator[str]:
    """The URL of an empty, migrated database on a server that runs as long as the block; the folder is then held.

    Raises:
        PostgresUnavailableError: there is none, or another demo runs in this folder.
    """
    server = EmbeddedPostgres(folder / POSTGRES)
    await server.start()
    try:
        url = await _emptied(server)
        await asyncio.to_thread(migrate.upgrade, url)
        yield url
    finally:
        await server.stop()


async def run(folder: Path, url: str, port: int, *, admin_key: str, ready: asyncio.Event, beside: Task) -> int:
    """Runs the product with `beside` until the stop; returns the exit code. `ready` is set when it takes requests."""
    given = _changes(folder, port, url, admin_key)
    settings = changed(load(IntakeSettings), **given)

    def tell(port: int) -> None:
        ready.set()

    return await serve(
        settings,
        builds(**given),
        name="demo",
        before=lambda parts: admin(parts, settings),
        on_ready=tell,
        beside=[beside],
    )


def wiped(folder: Path) -> str:
    """Empties the folder but for the database's own and leaves a fresh admin key there, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in folder.iterdir():
        if each.name == POSTGRES:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()
    key = f"rk_admin_{secrets.token_urlsafe(32)}"
    with os.fdopen(os.open(folder / ADMIN_KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key)
    return key


def free_port() -> int:
    """A port that nobody uses now; links in letters name it, so it is chosen before anything starts."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _changes(folder: Path, port: int, url: str, admin_key: str) -> dict[str, Any]:
    """Settings of the demo: no mail server, database, broker or collector of the real world is touched."""
    return {
        "database_url": SecretStr(url),
        "broker_url": SecretStr("embedded://"),
        "state_dir": folder,
        "secret_key": None,
        "host": HOST,
        "port": port,
        "public_url": AnyHttpUrl(f"http://{HOST}:{port}"),
        "admin_key": SecretStr(admin_key),
        "rate_limit": 0,
        "smtp_url": None,
        "otel_endpoint": None,
        "calendars_dir": DEFAULT_CALENDARS,
        "drain_delay_seconds": 0.0,
    }


async def _emptied(server: EmbeddedPostgres) -> str:
    """The URL of the demo's database, new and empty."""
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')
    finally:
        await connection.close()
    await server.ensure_database(DATABASE)
    return server.url(DATABASE)
