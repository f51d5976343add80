"""Exchanges and queues as RabbitMQ is told of them. Declaring is safe to repeat, and repeated it mends what was deleted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiormq.abc import AbstractChannel

from shared.messages.topology import DEAD_EXCHANGE, EXCHANGE, Queue

RPC_SECONDS_MAX: Final = 5.0
QUEUE_LENGTH_MAX: Final = 1_000_000
"""A queue this long refuses more; what is refused waits in the outbox."""

_DEAD_DELIVERIES_MAX: Final = 1_000_000  # RabbitMQ 4 would drop a dead letter after 20 deliveries without it
_DEAD_ARGUMENTS: Final[Mapping[str, Any]] = {"x-queue-type": "quorum", "x-delivery-limit": _DEAD_DELIVERIES_MAX}


async def declare(channel: AbstractChannel, queues: Sequence[Queue]) -> dict[str, int]:
    """Sees to it that everything exists and is bound; returns how many consumers each queue has.

    Raises:
        aiormq.AMQPError: something exists with other arguments, or the connection is gone.
        TimeoutError: no answer in time.
    """
    await channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True, timeout=RPC_SECONDS_MAX)
    await channel.exchange_declare(DEAD_EXCHANGE, exchange_type="direct", durable=True, timeout=RPC_SECONDS_MAX)
    consumers: dict[str, int] = {}
    for queue in queues:
        # The dead letters' queue first: no message may find the way there closed.
        consumers[queue.dead_name] = await _queue(channel, queue.dead_name, _DEAD_ARGUMENTS)
        await channel.queue_bind(queue.dead_name, DEAD_EXCHANGE, queue.consumer, timeout=RPC_SECONDS_MAX)
        consumers[queue.name] = await _queue(channel, queue.name, _arguments(queue))
        for topic in queue.topics:
            await channel.queue_bind(queue.name, EXCHANGE, topic, timeout=RPC_SECONDS_MAX)
    return consumers


async def _queue(channel: AbstractChannel, name: str, arguments: Mapping[str, Any]) -> int:
    answer = await channel.queue_declare(name, durable=True, arguments=dict(arguments), timeout=RPC_SECONDS_MAX)
    return answer.consumer_count or 0


def _arguments(queue: Queue) -> dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": queue.delivery_limit,
        "x-max-length": QUEUE_LENGTH_MAX,
        # Both are what RabbitMQ asks for before it hands dead letters over safely.
        "x-overflow": "reject-publish",
        "x-dead-letter-strategy": "at-least-once",
        "x-dead-letter-exchange": DEAD_EXCHANGE,
        "x-dead-letter-routing-key": queue.consumer,
    }
