"""The parts a process stands on, opened from the settings and closed in the right order."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from shared.broker.drivers import broker_for
from shared.broker.ports import Broker
from shared.db import migrate
from shared.db.engine import Database, make_engine
from shared.runtime.health import CheckFailedError
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer
from shared.runtime.settings import CommonSettings, secret_key


@dataclass(frozen=True, slots=True)
class Parts:
    """What every service of a process shares."""

    database: Database
    broker: Broker
    metrics: Metrics
    sealer: Sealer

    def given(self) -> dict[str, Any]:
        """What every service's `build` takes."""
        return {
            "database": self.database,
            "broker": self.broker,
            "metrics": self.metrics,
            "sealer": self.sealer,
        }

    async def database_answers(self) -> None:
        """A readiness check: a transaction can be had. Raises what the driver raises."""
        async with self.database.transaction():
            return

    async def schema_is_current(self) -> str:
        """A readiness check: the database is where this code expects it, or further, as while a new version is rolled out."""
        async with self.database.transaction() as tx:
            found = await migrate.current(tx)
        if found is None or (found != migrate.head() and migrate.knows(found)):
            raise CheckFailedError(f"the schema is at {found or 'nothing'}, this version wants {migrate.head()}")
        return found

    async def broker_carries(self) -> None:
        """A readiness check: messages get through."""
        problem = await self.broker.problem()
        if problem is not None:
            raise CheckFailedError(problem)


@contextlib.asynccontextmanager
async def opened(settings: CommonSettings, *, application: str, metrics: Metrics) -> AsyncIterator[Parts]:
    """The parts, open. The settings must name a database by now."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    database = Database(make_engine(url, pool_size=settings.pool_size, application=application))
    broker = broker_for(settings.broker_url.get_secret_value())
    try:
        await broker.start()
        yield Parts(database, broker, metrics, Sealer(secret_key(settings).get_secret_value()))
    finally:
        await broker.close()
        await database.dispose()
