"""The consumer of what comes in, composed from the parts of intake."""

from services.intake.inbound.handlers import InboundHandler
from services.intake.inbound.settling import Settler
from services.intake.parts import IntakeParts
from shared.broker.consumer import Consumer
from shared.broker.ports import Broker
from shared.messages.topology import INTAKE


def inbound_handler(parts: IntakeParts) -> InboundHandler:
    """The handler of `inbound.received` on these parts."""
    return InboundHandler(Settler(parts.in_use, parts.matrix, parts.sealer), parts.metrics)


def inbound_consumer(parts: IntakeParts, broker: Broker) -> Consumer:
    """The consumer to run beside the HTTP door."""
    return Consumer(parts.database, broker, INTAKE, inbound_handler(parts), metrics=parts.metrics)
