"""Publishing to RabbitMQ: persistent, mandatory, confirmed, many at a time."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Final

import aiormq
from aiormq.abc import AbstractConnection

from shared.broker.ports import PublishFault
from shared.broker.rabbit_link import TROUBLE, Link
from shared.broker.rabbit_topology import RPC_SECONDS_MAX, declare
from shared.broker.rabbit_window import TOPIC_BYTES_MAX, Confirm, forget, send
from shared.messages.envelope import Outgoing
from shared.messages.topology import Queue
from shared.runtime.stop import cancelled_by_us

CONFIRM_SECONDS_MAX: Final = 5.0
BLOCKED: Final = "RabbitMQ takes no messages: its memory or disk alarm is on"
TOO_LONG: Final = PublishFault("refused", f"its topic is longer than {TOPIC_BYTES_MAX} bytes")
UNCONFIRMED: Final = PublishFault("unconfirmed", "no confirm in time")
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
        self._mending = False

    async def publish(self, messages: Sequence[Outgoing]) -> Sequence[PublishFault | None]:
        """Sends all, then waits for all confirms, for a few seconds at most."""
        obstacle = await self.problem()
        channel = self._channel
        if obstacle is not None or channel is None:
            return [PublishFault("unavailable", obstacle or self.link.reason)] * len(messages)
        fits = [len(message.topic.encode()) <= TOPIC_BYTES_MAX for message in messages]
        answers = iter(await self._answers(channel, list(itertools.compress(messages, fits))))
        faults = [next(answers) if fit else TOO_LONG for fit in fits]
        if any(fault is not None and fault.kind == "unroutable" for fault in faults):
            # A queue or binding may have been deleted. Until all are there again, a message that is confirmed could
            # be in one queue and missing in another.
            self._mending = True
            self.link.attention.set()
        return faults

    async def problem(self) -> str | None:
        """What keeps us from publishing, or None."""
        connection = self._connection
        if not self.link.up.is_set() or connection is None:
            return f"RabbitMQ: {self.link.reason}"
        if await _blocked(connection):
            return BLOCKED
        if self._mending:
            return "RabbitMQ: queues and bindings are being declared again"
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
            assert isinstance(channel, aiormq.Channel)  # the abstract one does not show its confirms
            channel.closing.add_done_callback(lambda _: self.link.attention.set())
            self._connection, self._channel = connection, channel
            self._overdue = self._mending = False
            self.link.came_up(connection)
            while True:
                await self.link.look_around(connection)
                if channel.is_closed:
                    self.link.over("the channel was closed")
                elif not await _blocked(connection):
                    await declare(admin, self._queues)
                    self._mending = self.link.attention.is_set()
        finally:
            self._connection = self._channel = None

    async def _answers(self, channel: aiormq.Channel, messages: Sequence[Outgoing]) -> list[PublishFault | None]:
        confirms: list[Confirm] = []
        answered = False
        try:
            async with asyncio.timeout(self._seconds):
                confirms = await send(channel, messages)
                if confirms:
                    await asyncio.wait(confirms)
            answered = True
        except asyncio.CancelledError:
            if cancelled_by_us():
                raise
        except TROUBLE:
            pass  # what has no answer is unconfirmed
        finally:
            self._overdue = self._overdue or not answered
            forget(channel, messages)
        return [_fault(confirm) for confirm in confirms] or [UNCONFIRMED] * len(messages)


def _fault(confirm: Confirm) -> PublishFault | None:
    if not confirm.done() or confirm.cancelled():
        return UNCONFIRMED
    error = confirm.exception()
    if error is None:
        return None
    if isinstance(error, aiormq.PublishError):
        return PublishFault("unroutable", "no queue is bound for it")
    if isinstance(error, aiormq.DeliveryError):
        return PublishFault("refused", "a queue refused it")
    return PublishFault("unconfirmed", f"RabbitMQ: {type(error).__name__}")


async def _blocked(connection: AbstractConnection) -> bool:
    """Whether the broker has asked this connection to publish nothing."""
    try:
        async with asyncio.timeout(_BLOCKED_SECONDS):
            await connection.ready()
    except TimeoutError:
        return True
    return False
