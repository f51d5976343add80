"""A process is ready on the schema of its version and on a newer one, and on no older one."""

import asyncio

import pytest

from services.launch.parts import Parts
from shared.broker.drivers import broker_for
from shared.db import migrate
from shared.db.engine import Database
from shared.runtime.health import CheckFailedError
from shared.runtime.metrics import Metrics
from tests.services.notify.material import SEALER


@pytest.fixture
def parts(db: Database) -> Parts:
    return Parts(db, broker_for("embedded://"), Metrics(), SEALER)


async def test_the_schema_of_the_same_version_will_do(parts: Parts) -> None:
    assert await parts.schema_is_current() == migrate.head()


async def test_a_newer_schema_takes_nobody_out_of_service_while_a_version_is_rolled_out(parts: Parts) -> None:
    async with parts.database.transaction() as tx:
        await tx.raw.execute("update alembic_version set version_num = '9999'")
    assert await parts.schema_is_current() == "9999"


async def test_an_older_schema_is_told(parts: Parts, database: str) -> None:
    await asyncio.to_thread(migrate.downgrade, database, "0013")
    with pytest.raises(CheckFailedError, match="the schema is at 0013, this version wants"):
        await parts.schema_is_current()
