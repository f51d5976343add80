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


def config(url: str) -> Config:
    """The Alembic configuration for a database."""
    made = Config()
    made.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    made.set_main_option("sqlalchemy.url", driven(url).replace("%", "%%"))
    return made


def upgrade(url: str, revision: str = "head") -> None:
    """Brings a database up to a revision. Safe to run twice; two at once wait for each other."""
    _apart(lambda: command.upgrade(config(url), revision))


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


async def current(tx: Tx) -> str | None:
    """The revision of the database."""
    known = await tx.raw.fetchval("select to_regclass('alembic_version') is not null")
    return await tx.raw.fetchval("select version_num from alembic_version") if known else None


def _apart(work: Callable[[], None]) -> None:
    """Alembic starts an event loop of its own, so it runs in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
