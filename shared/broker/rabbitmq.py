"""RabbitMQ as a broker: one connection to publish, one to consume, so that an alarm never silences the consumers."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiormq.abc import AbstractConnection

from shared.broker.ports import PublishFault, Receive
from shared.broker.rabbit_link import Link
from shared.broker.rabbit_publisher import CONFIRM_SECONDS_MAX, Publisher
from shared.broker.rabbit_subscription import Subscription
from shared.broker.rabbit_topology import RPC_SECONDS_MAX, declare
from shared.messages.envelope import Outgoing
from shared.messages.topology import QUEUES, Queue


class RabbitBroker:
    """Publishes with confirms to a topic exchange and consumes quorum queues; declares and mends all of them itself."""

    batch_max: Final = 500

    def __init__(
        self,
        url: str,
        queues: Sequence[Queue] = QUEUES,
        *,
        name: str = "recourse",
        confirm_seconds: float = CONFIRM_SECONDS_MAX,
    ) -> None:
        """`queues` is every queue there is, also those of other services: none may be missing when we publish."""
        self._queues = tuple(queues)
        self._publisher = Publisher(url, queues, name=name, confirm_seconds=confirm_seconds)
        self._link = Link(url, self._session, name=f"{name} consumer")
        self._subscriptions: dict[str, Subscription] = {}
        self._stopping = asyncio.Lock()

    async def start(self) -> None:
        """Begins to connect; returns when connected or after a few seconds without, and goes on trying."""
        await self._publisher.link.start()

    async def publish(self, messages: Sequence[Outgoing]) -> Sequence[PublishFault | None]:
        """Publishes and waits for the confirms of all."""
        return await self._publisher.publish(messages)

    async def consume(self, queue: Queue, receive: Receive) -> None:
        """Subscribes to the queue, now or when there is a connection."""
        await self._subscribe(queue.name, queue.prefetch, receive)

    async def consume_dead(self, queue: Queue, receive: Receive) -> None:
        """Subscribes to the dead letters of the queue."""
        await self._subscribe(queue.dead_name, queue.prefetch, receive)

    async def stop_consuming(self) -> None:
        """Cancels, drains, gives back; the connection stays for `close`."""
        async with self._stopping:  # whoever asks second waits for the same batches
            subscriptions = tuple(self._subscriptions.values())
            self._subscriptions.clear()
            await asyncio.gather(*(each.stop() for each in subscriptions))

    async def close(self) -> None:
        """Stops consuming, then closes both connections."""
        await self.stop_consuming()
        await asyncio.gather(self._link.close(), self._publisher.close())

    async def problem(self) -> str | None:
        """What is wrong with publishing or, if anything is consumed, with consuming."""
        problem = await self._publisher.problem()
        if problem is None and self._subscriptions:
            missing = [name for name, each in self._subscriptions.items() if not each.attached]
            if not self._link.up.is_set():
                problem = f"RabbitMQ consumers: {self._link.reason}"
            elif missing:
                problem = f"RabbitMQ consumers: nothing is delivered from {', '.join(missing)}"
        return problem

    async def _subscribe(self, name: str, prefetch: int, receive: Receive) -> None:
        replaced = self._subscriptions.pop(name, None)
        if replaced is not None:
            await replaced.stop()
        changed = self._link.attention.set
        self._subscriptions[name] = Subscription(name, prefetch, receive, changed=changed)
        self._link.attention.set()
        await self._link.start()

    async def _session(self, connection: AbstractConnection) -> None:
        """Attaches every subscription and watches that each stays attached, here and at the broker."""
        admin = await connection.channel(publisher_confirms=False, timeout=RPC_SECONDS_MAX)
        await declare(admin, self._queues)
        attached: set[Subscription] = set()
        await self._attach_new(connection, attached)
        self._link.came_up(connection)
        while True:
            await self._link.look_around(connection)
            if admin.is_closed or not all(each.attached for each in self._subscriptions.values() if each in attached):
                self._link.over("a consumer was cancelled")
                continue
            consumers = await declare(admin, self._queues)
            if not all(consumers.get(name) for name, each in self._subscriptions.items() if each in attached):
                self._link.over("the broker knows nothing of a consumer")
                continue
            await self._attach_new(connection, attached)

    async def _attach_new(self, connection: AbstractConnection, attached: set[Subscription]) -> None:
        for subscription in tuple(self._subscriptions.values()):
            if subscription not in attached:
                await subscription.attach(connection)
                attached.add(subscription)
