"""The service as it is composed: events in from the outbox, mail out, and a heartbeat that readiness looks at."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.notify import main
from shared.broker.drivers import broker_for
from shared.broker.relay import Relay
from shared.db import disputes, policies
from shared.db.disputes import Change
from shared.messages.topology import NOTIFY
from shared.runtime.health import CheckFailedError
from shared.runtime.service import Service
from shared.runtime.stop import Stop
from tests.parts.smtp_sink import SmtpSink
from tests.services.notify.material import SEALER, World, a_world, assigned, settings_for
from tests.waiting import eventually


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[Service]:
    """Notify with a relay beside it, on the embedded broker."""
    broker = broker_for("embedded://", queues=(NOTIFY,))
    await broker.start()
    service = main.build(world.settings, database=world.database, broker=broker, metrics=world.metrics, sealer=SEALER)
    stop = Stop(grace_seconds=3)
    relay = Relay(world.database, broker, metrics=world.metrics)
    tasks = [asyncio.ensure_future(each(stop)) for each in (*service.tasks, relay.run)]
    try:
        yield service
    finally:
        stop.request("the test is over")
        await asyncio.gather(*tasks)
        await broker.close()


async def test_from_the_outbox_to_the_customers_mailbox(database: str, smtp_sink: SmtpSink) -> None:
    async with a_world(database, smtp_url=smtp_sink.url) as world:
        async with world.database.transaction() as tx:
            await policies.ensure_default(tx)
        dispute = await world.file(handler="Complaints desk")
        async with running(world) as service:
            async with world.database.transaction() as tx:
                before = await disputes.lock(tx, dispute.id)
                event = assigned(handler="Complaints desk")
                await disputes.save(tx, Change(before, before, (event,), "system:escalation"))
            await eventually(lambda: smtp_sink.messages("ada@example.org"))
            await eventually(lambda: smtp_sink.messages("complaints.desk@example.org"))

            async def acknowledged() -> bool:
                return (await world.read(dispute)).acknowledged_at is not None

            await eventually(acknowledged)
            await service.checks["sender"]()
        rendered = world.metrics.render()[0].decode()
    assert 'recourse_deliveries_total{channel="email",kind="acknowledgement",outcome="sent"} 1.0' in rendered
    assert 'recourse_delivery_latency_seconds_count{channel="email"} 2.0' in rendered


async def test_a_sender_that_fell_silent_fails_readiness(database: str, tmp_path: Path) -> None:
    async with a_world(database, state_dir=tmp_path) as world:
        async with running(world) as service:

            async def beats() -> bool:
                await service.checks["sender"]()
                return True

            await eventually(beats)
        world.later = timedelta(seconds=31)
        with pytest.raises(CheckFailedError, match="has not finished a round"):
            await service.checks["sender"]()


@pytest.mark.parametrize(
    "values",
    [
        {"mail_from": "nobody"},
        {"mail_from": "Zoë <zoë@kettle.test>"},
        {"mail_envelope_sender": "not an address"},
        {"smtp_url": "https://mail.test"},
        {"smtp_url": "smtp://"},
        {"smtp_url": "smtp://mail.test?starttls=maybe"},
        {"time_zone": "Not/AZone"},
        {"mail_reply_separator": "#"},
    ],
)
def test_settings_that_cannot_work_are_refused_at_start(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings_for(**values)


@pytest.mark.parametrize("value", ["<>", "bounces@kettle.test"])
def test_the_envelope_sender_may_be_an_address_or_nobody(value: str) -> None:
    assert settings_for(mail_envelope_sender=value).mail_envelope_sender == value
