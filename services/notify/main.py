"""Composes notify: the consumer that plans, the channels, and the sender that drains."""

from datetime import timedelta
from typing import Final

from services.notify.auditor import Auditor
from services.notify.channels import house, open_channels
from services.notify.handlers import Planner
from services.notify.letters import Writer
from services.notify.parcels import Packer
from services.notify.sender import HEARTBEAT, Sender
from services.notify.settings import NotifySettings
from shared.broker.consumer import Consumer
from shared.broker.ports import Broker
from shared.db import heartbeats
from shared.db.engine import Database
from shared.db.policies import Matrices
from shared.messages.topology import NOTIFY
from shared.runtime.health import CheckFailedError
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer
from shared.runtime.service import Service

HEARTBEAT_AGE_MAX: Final = timedelta(seconds=30)


def build(settings: NotifySettings, *, database: Database, broker: Broker, metrics: Metrics, sealer: Sealer) -> Service:
    """The service, not yet running."""
    matrices = Matrices()
    limits = settings.limits
    planner = Planner(matrices.current, limits, metrics)
    sender = Sender(
        database,
        open_channels(settings, sealer),
        packer=packer(settings, sealer),
        matrix=matrices.current,
        metrics=metrics,
    )

    async def sender_beats() -> None:
        async with database.transaction() as tx:
            age = await heartbeats.age(tx, HEARTBEAT)
        if age is None or age > HEARTBEAT_AGE_MAX:
            raise CheckFailedError("the sender has not finished a round lately")

    consumer = Consumer(database, broker, NOTIFY, planner, metrics=metrics)
    auditor = Auditor(database, NOTIFY, metrics)
    return Service("notify", (consumer.run, sender.run, auditor.run), {"sender": sender_beats})


def packer(settings: NotifySettings, sealer: Sealer) -> Packer:
    """What writes the letters of this installation."""
    public_url = str(settings.public_url)
    house_name = settings.sender.display_name or settings.domain
    writer = Writer(sealer, public_url, house_name, settings.time_zone, settings.desk_url)
    return Packer(writer, house(settings, sealer), sealer, public_url)
