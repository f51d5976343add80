"""Publishing to RabbitMQ: persistent, mandatory, confirmed, many at a time."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import aiormq
from aiormq import spec
from aiormq.abc import AbstractConnection

from shared.broker.ports import PublishFault
from shared.broker.rabbit_link import Link
from shared.broker.rabbit_topology import RPC_SECONDS_MAX, declare
from shared.messages.envelope import Outgoing
from shared.messages.topology import EXCHANGE, Queue

CONFIRM_SECONDS_MAX: Final = 5.0
BLOCKED: Final = "RabbitMQ takes no messages: its memory or disk alarm is on"
_PERSISTENT: Final = 2
_BLOCKED_SECONDS: Final = 0.01


class Publisher:
    """One connection and channel for publishing; the channel is replaced as soon as a confirm is overdue.

    The library finds the message of a return by its id, so an id must not be pending twice on one channel.
    """

    def __init__(
        self, url: str, queues: Sequence[Queue], *, name: str, confirm_seconds: float = CONFIRM_SECONDS_MAX
    ) -> None:
        self._queues = tuple(queues)
        self._seconds = confirm_seconds
        self.link: Final = Link(url, self._session, name=f"{name} publisher")
        self._connection: AbstractConnection | None = None
        self._channel: aiormq.Channel | None = None
        self._overdue = False
        self._late: set[asyncio.Task[Any]] = set()

    async def publish(self, messages: Sequence[Outgoing]) -> Sequence[PublishFault | None]:
        """Sends all, then waits for all confirms, for a few seconds at most."""
        obstacle = await self.problem()
        channel = self._channel
        if obstacle is not None or channel is None:
            return [PublishFault("unavailable", obstacle or self.link.reason)] * len(messages)
        sent = [asyncio.create_task(_send(channel, message)) for message in messages]
        try:
            await asyncio.wait(sent, timeout=self._seconds)
        finally:
            self._give_up([task for task in sent if not task.done()])
        faults = [_fault(task) for task in sent]
        if any(fault is not None and fault.kind == "unroutable" for fault in faults):
            self.link.attention.set()  # a queue or binding may have been deleted: declare them now
        return faults

    async def problem(self) -> str | None:
        """What keeps us from publishing, or None."""
        connection = self._connection
        if not self.link.up.is_set() or connection is None:
            return f"RabbitMQ: {self.link.reason}"
        if await _blocked(connection):
            return BLOCKED
        if self._overdue:
            self.link.over("a confirm was overdue")
            return "RabbitMQ: a confirm was overdue"
        return None

    async def close(self) -> None:
        """Lets go of the connection."""
        await self.link.close()

    async def _session(self, connection: AbstractConnection) -> None:
        try:
            admin = await connection.channel(publisher_confirms=False, timeout=RPC_SECONDS_MAX)
            await declare(admin, self._queues)
            channel = await connection.channel(on_return_raises=True, timeout=RPC_SECONDS_MAX)
            assert isinstance(channel, aiormq.Channel)  # the abstract one cannot publish without waiting for the socket
            channel.closing.add_done_callback(lambda _: self.link.attention.set())
            self._connection, self._channel, self._overdue = connection, channel, False
            self.link.came_up(connection)
            while True:
                await self.link.look_around(connection)
                if channel.is_closed:
                    self.link.over("the channel was closed")
                elif not await _blocked(connection):
                    await declare(admin, self._queues)
        finally:
            self._connection = self._channel = None

    def _give_up(self, late: Sequence[asyncio.Task[Any]]) -> None:
        if late:
            self._overdue = True
            self._late.update(late)
        for task in late:
            task.add_done_callback(self._late.discard)
            task.cancel()


async def _send(channel: aiormq.Channel, message: Outgoing) -> None:
    properties = spec.Basic.Properties(
        content_type="application/cloudevents+json",
        delivery_mode=_PERSISTENT,
        headers=dict(message.headers),
        message_id=str(message.id),
        message_type=message.topic,
    )
    await channel.basic_publish(
        message.body, exchange=EXCHANGE, routing_key=message.topic, properties=properties, mandatory=True, wait=False
    )


def _fault(task: asyncio.Task[None]) -> PublishFault | None:
    if not task.done() or task.cancelled():
        # The library ends a publish on a lost connection as cancelled.
        return PublishFault("unconfirmed", "no confirm in time")
    error = task.exception()
    if error is None:
        return None
    if isinstance(error, aiormq.PublishError):
        return PublishFault("unroutable", "no queue is bound for it")
    if isinstance(error, aiormq.DeliveryError):
        return PublishFault("refused", "a queue refused it")
    if isinstance(error, ValueError):
        return PublishFault("refused", "it does not fit the protocol")
    return PublishFault("unconfirmed", f"RabbitMQ: {type(error).__name__}")


async def _blocked(connection: AbstractConnection) -> bool:
    """Whether the broker has asked this connection to publish nothing."""
    try:
        async with asyncio.timeout(_BLOCKED_SECONDS):
            await connection.ready()
    except TimeoutError:
        return True
    return False
