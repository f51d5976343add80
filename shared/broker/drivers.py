"""Which driver an address means."""

from collections.abc import Sequence

from shared.broker.embedded import EmbeddedBroker
from shared.broker.ports import Broker
from shared.messages.topology import QUEUES, Queue


def broker_for(url: str, *, queues: Sequence[Queue] = QUEUES, name: str = "recourse") -> Broker:
    """The broker of `embedded://`, `amqp://…` or `amqps://…`; `name` is how RabbitMQ shows the connections.

    Raises:
        ValueError: another kind of address.
    """
    if url.startswith("embedded:"):
        return EmbeddedBroker(queues)
    if url.startswith(("amqp://", "amqps://")):
        from shared.broker.rabbitmq import RabbitBroker  # the client library costs memory where nobody needs it

        return RabbitBroker(url, queues, name=name)
    raise ValueError("A broker's address begins with embedded:, amqp:// or amqps://")
