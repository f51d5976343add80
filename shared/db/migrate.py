"""Migrations, run by Alembic: up, down, and whether the database is where the code expects it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from shared.db.engine import Tx, driven

_FOLDER: Final = Path(__file__).parent / "migrations"


PATIENCE: Final = "lock_timeout"
PATIENCE_MAX: Final = "10s"
"""How long a migration waits for a table that others use, before it gives up and has changed nothing."""


def config(url: str, patience: str = PATIENCE_MAX) -> Config:
    """The Alembic configuration for a database."""
    made = Config()
    made.set_main_option(PATIENCE, patience)
    made.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    made.set_main_option("sqlalchemy.url", driven(url).replace("%", "%%"))
    return made


def upgrade(url: str, revision: str = "head", *, patience: str = PATIENCE_MAX) -> None:
    """Brings a database up to a revision, or changes nothing. Safe to run twice; two at once wait for each other.

    Raises:
        DBAPIError: among others when a table was not to be had within `patience`, a duration as PostgreSQL has it.
    """
    _apart(lambda: command.upgrade(config(url, patience), revision))


def downgrade(url: str, revision: str) -> None:
    """Takes a database back to a revision; `base` removes every table."""
    _apart(lambda: command.downgrade(config(url), revision))


def check(url: str) -> None:
    """Raises when the tables in the code are not what the migrations make."""
    _apart(lambda: command.check(config(url)))


def head() -> str:
    """The newest revision in the code."""
    newest = ScriptDirectory.from_config(config("")).get_current_head()
    assert newest is not None
    return newest


def knows(revision: str) -> bool:
    """Whether this code has that revision; one that it has not is newer."""
    return any(each.revision == revision for each in ScriptDirectory.from_config(config("")).walk_revisions())


async def current(tx: Tx) -> str | None:
    """The revision of the database."""
    known = await tx.raw.fetchval("select to_regclass('alembic_version') is not null")
    return await tx.raw.fetchval("select version_num from alembic_version") if known else None


def _apart(work: Callable[[], None]) -> None:
    """Alembic starts an event loop of its own, so it runs in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
