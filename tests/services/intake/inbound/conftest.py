from collections.abc import AsyncIterator

import pytest

from shared.db.engine import Database
from tests.services.intake.inbound.inlet import Inlet, an_inlet


@pytest.fixture
async def inlet(db: Database) -> AsyncIterator[Inlet]:
    async with an_inlet(db) as opened:
        yield opened
