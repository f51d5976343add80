"""The real parts as fixtures. Nothing here fakes anything; fakes of the outside world live in fakes.py."""

import os
from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest

from shared.db.engine import Database, make_engine
from tests.parts.host import PartsHost, ask
from tests.parts.smtp_sink import SmtpSink

# A busy machine is no fault of the product. CI looks at the same examples every time; people look at new ones.
hypothesis.settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("house")

HOST = pytest.StashKey[PartsHost]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # an xdist worker uses its parent's parts
        host = PartsHost()
        host.open()
        config.stash[HOST] = host


def pytest_unconfigure(config: pytest.Config) -> None:
    if HOST in config.stash:
        config.stash[HOST].close()


@pytest.fixture
def database() -> Iterator[str]:
    """The SQLAlchemy URL of a migrated, empty PostgreSQL database of this test's own."""
    url = ask("create database")
    yield url
    ask("drop database", url)


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The SQLAlchemy URL of the test server's own `postgres` database, for tests that make databases themselves."""
    return ask("server")


@pytest.fixture
def rabbit_url() -> str:
    """The AMQP URL of an empty virtual host of this test's own on the run's private RabbitMQ node."""
    return ask("vhost")


@pytest.fixture(scope="session")
def smtp_process() -> Iterator[SmtpSink]:
    sink = SmtpSink()
    yield sink
    sink.close()


@pytest.fixture
def smtp_sink(smtp_process: SmtpSink) -> Iterator[SmtpSink]:
    """A real SMTP server, empty and well-behaved at the start of each test."""
    smtp_process.clear()
    yield smtp_process
    smtp_process.clear()


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    """This test's database, ready for transactions."""
    opened = Database(make_engine(database, pool_size=5))
    yield opened
    await opened.dispose()
