"""The service as it runs: events in by the broker, timers out by the sweep, stopped whole."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from services.escalation.main import build
from services.escalation.settings import EscalationSettings
from shared.broker.drivers import broker_for
from shared.broker.ports import DONE, Fate, Received
from shared.broker.relay import Relay
from shared.db import disputes, policies
from shared.db.engine import Database, make_engine
from shared.domain.dispute import Dispute
from shared.messages.topology import NOTIFY
from shared.runtime.health import CheckFailedError
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer
from shared.runtime.service import Service
from shared.runtime.stop import Stop
from tests.builders import SECRET_KEY, a_dispute, a_filing
from tests.waiting import eventually


class Moved:
    """A database whose clock the test moves."""

    def __init__(self, url: str) -> None:
        self.ahead = timedelta()
        self.database = Database(make_engine(url, pool_size=10), offset=lambda: self.ahead)


@asynccontextmanager
async def running(moved: Moved, url: str) -> AsyncIterator[Service]:
    settings = EscalationSettings.model_validate({"database_url": url, "sweep_seconds": 0.05, "audit_seconds": 0.2})
    metrics, broker, stop = Metrics(), broker_for("embedded://"), Stop()
    await broker.start()
    await broker.consume(NOTIFY, forget)  # the broker refuses what not every queue that wants it can take
    service = build(settings, database=moved.database, broker=broker, metrics=metrics, sealer=Sealer(SECRET_KEY))
    with pytest.raises(CheckFailedError, match="not opened"):
        await service.checks["escalation"]()
    tasks = (*service.tasks, Relay(moved.database, broker, metrics=metrics).run)
    ends = [asyncio.ensure_future(task(stop)) for task in tasks]
    try:
        yield service
    finally:
        stop.request("the test is over")
        await asyncio.gather(*ends)
        await broker.close()
        await moved.database.dispose()


async def test_a_filed_dispute_is_taken_up_and_climbs_when_time_passes_and_the_service_is_ready(database: str) -> None:
    moved = Moved(database)
    async with running(moved, database) as service:
        await eventually(lambda: policy_is_stored(moved.database))
        async with moved.database.transaction() as tx:
            (dispute,) = await disputes.insert_many(tx, [a_filing(a_dispute(received_at=tx.now))])
        await eventually(lambda: tier_is(moved.database, dispute, 1))
        assert await eventually(service.checks["escalation"]) == "on time"
        moved.ahead = timedelta(days=30)
        await eventually(lambda: tier_is(moved.database, dispute, 2))


async def test_a_dispute_lost_on_the_way_is_found_and_taken_up(database: str) -> None:
    moved = Moved(database)
    async with moved.database.transaction() as tx:
        a_minute_ago = tx.now - timedelta(minutes=1)
        (dispute,) = await disputes.insert_many(tx, [a_filing(a_dispute(received_at=a_minute_ago))])
        await tx.raw.execute("delete from outbox")
    async with running(moved, database):
        await eventually(lambda: tier_is(moved.database, dispute, 1))


async def forget(messages: Sequence[Received]) -> Sequence[Fate]:
    """Stands for notify, which is no part of these tests."""
    return [DONE] * len(messages)


async def policy_is_stored(database: Database) -> bool:
    async with database.transaction() as tx:
        return await policies.current_version(tx) == 1


async def tier_is(database: Database, dispute: Dispute, tier: int) -> bool:
    async with database.transaction() as tx:
        return (await disputes.get(tx, dispute.id)).tier == tier
