"""Many messages in one write, each with its own confirm.

The client library takes a task, a lock and a system call for each message; a window of messages takes one of each for
dozens. Its own publish does the same bookkeeping, message by message.
"""

import asyncio
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import aiormq
from aiormq import spec
from aiormq.abc import ChannelFrame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from shared.messages.envelope import Outgoing
from shared.messages.topology import EXCHANGE

TOPIC_BYTES_MAX: Final = 255
"""AMQP's limit of a short string."""

_WRITE_MAX: Final = 50
_PERSISTENT: Final = 2
Confirm = asyncio.Future[Any]


async def send(channel: aiormq.Channel, messages: Sequence[Outgoing]) -> list[Confirm]:
    """Hands the messages to the connection; returns one future for each, which ends with the broker's answer.

    If this raises or is cancelled, the channel has lost count and is to be discarded.
    """
    confirms: list[Confirm] = []
    async with channel.lock:
        for start in range(0, len(messages), _WRITE_MAX):
            some = messages[start : start + _WRITE_MAX]
            confirms += [_expect(channel, message) for message in some]
            frames = [frame for message in some for frame in _frames(message, channel.max_content_size)]
            await channel.write_queue.put(ChannelFrame.marshall(channel.number, frames))
    return confirms


def forget(channel: aiormq.Channel, messages: Sequence[Outgoing]) -> None:
    """Ends the memory of which confirm belongs to which message id, which only a return needs."""
    for message in messages:
        channel.message_id_delivery_tag.pop(str(message.id), None)


def _expect(channel: aiormq.Channel, message: Outgoing) -> Confirm:
    channel.delivery_tag += 1
    confirm: Confirm = channel.create_future()
    channel.confirmations[channel.delivery_tag] = confirm
    channel.message_id_delivery_tag[str(message.id)] = channel.delivery_tag
    return confirm


def _frames(message: Outgoing, content_bytes_max: int) -> Iterator[Any]:
    properties = spec.Basic.Properties(
        content_type="application/cloudevents+json",
        delivery_mode=_PERSISTENT,
        headers=dict(message.headers),
        message_id=str(message.id),
        message_type=message.topic,
    )
    yield _publish(message.topic)
    yield ContentHeader(properties=properties, body_size=len(message.body))
    for start in range(0, len(message.body), content_bytes_max):
        yield ContentBody(message.body[start : start + content_bytes_max])


@lru_cache(maxsize=256)
def _publish(topic: str) -> spec.Basic.Publish:
    return spec.Basic.Publish(exchange=EXCHANGE, routing_key=topic, mandatory=True)
