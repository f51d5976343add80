"""An engine room of the test's own, with a small matrix stored."""

from collections.abc import AsyncIterator

import pytest

from tests.services.escalation.room import Room


@pytest.fixture
async def room(database: str) -> AsyncIterator[Room]:
    made = Room(database)
    await made.put_policy()
    yield made
    await made.database.dispose()
