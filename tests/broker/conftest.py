"""The test's database, seen eight days later."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.db.engine import Database, make_engine


@pytest.fixture
async def moved(database: str) -> AsyncIterator[Database]:
    """The test's database eight days ahead."""
    ahead = Database(make_engine(database, pool_size=2), offset=lambda: timedelta(days=8))
    yield ahead
    await ahead.dispose()
