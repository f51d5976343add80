"""The real parts as fixtures. Nothing here fakes anything; fakes of the outside world live in fakes.py."""

from collections.abc import Iterator

import pytest

from tests.parts.host import PartsHost, ask

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
