"""The broker inside the process: publishing returns when every queue's consumer has settled the messages.

It keeps nothing. The outbox is its durability: what a consumer did not settle is not confirmed, and is published again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.broker.ports import (
    DRAIN_SECONDS_MAX,
    PUBLISH_SECONDS_MAX,
    RETURN,
    Fate,
    PublishFault,
    Receive,
    Received,
)
from shared.messages.envelope import Outgoing
from shared.messages.topology import QUEUES, Queue, matches
from shared.runtime.logs import logger

log = logger(__name__)

URL: Final = "embedded://"
_RETURNED: Final = PublishFault("unavailable", "a consumer handed it back")
_LATE: Final = PublishFault("unconfirmed", "a consumer has not settled it in time")


@dataclass(slots=True, eq=False)
class _Subscription:
    queue: Queue
    receive: Receive
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def wants(self, message: Outgoing) -> bool:
        return _wants(self.queue, message)


class EmbeddedBroker:
    """Carries messages from this process to itself.

    A publish holds its caller's database connection while each consumer uses one more: give the pool at least
    `1 + 2 * consumers` connections beside those that requests need.
    """

    batch_max: Final = 100

    def __init__(self, queues: Sequence[Queue] = QUEUES, *, publish_seconds: float = PUBLISH_SECONDS_MAX) -> None:
        """`queues` is every queue there is: a message that one of them wants waits until that one has a consumer."""
        self._queues = tuple(queues)
        self._seconds = publish_seconds
        self._subscriptions: dict[str, _Subscription] = {}
        self._running: set[asyncio.Task[Sequence[Fate]]] = set()

    async def start(self) -> None:
        """There is nothing to connect to."""

    async def publish(self, messages: Sequence[Outgoing]) -> Sequence[PublishFault | None]:
        """Hands each message to every consumer that wants it; consumers run side by side, each in order."""
        faults = [self._obstacle(message) for message in messages]
        open_ = [n for n, fault in enumerate(faults) if fault is None]
        shares = {
            subscription: [n for n in open_ if subscription.wants(messages[n])]
            for subscription in self._subscriptions.values()
        }
        tasks = {
            asyncio.create_task(_settle(subscription, [messages[n] for n in places], self._seconds)): places
            for subscription, places in shares.items()
            if places
        }
        if tasks:
            await self._wait(tasks)
        for task, places in tasks.items():
            for place, fault in zip(places, _faults(task, len(places)), strict=True):
                faults[place] = faults[place] or fault
        return faults

    async def consume(self, queue: Queue, receive: Receive) -> None:
        """Serves the queue from now on."""
        self._subscriptions[queue.name] = _Subscription(queue, receive)

    async def consume_dead(self, queue: Queue, receive: Receive) -> None:
        """There is no queue of dead letters here: whoever gives a message up has parked it."""

    async def stop_consuming(self) -> None:
        """Refuses further messages and waits for batches in flight."""
        self._subscriptions.clear()
        if self._running:
            await asyncio.wait(self._running, timeout=DRAIN_SECONDS_MAX)

    async def close(self) -> None:
        """Stops consuming; a batch that is still running then is cancelled."""
        await self.stop_consuming()
        for task in tuple(self._running):
            task.cancel()

    async def problem(self) -> str | None:
        """Always None: a queue without a consumer shows in the age of the outbox."""
        return None

    def _obstacle(self, message: Outgoing) -> PublishFault | None:
        wanting = [queue for queue in (*self._queues, *self._others()) if _wants(queue, message)]
        if not wanting:
            return PublishFault("unroutable", f"no queue wants {message.topic}")
        missing = [queue.name for queue in wanting if queue.name not in self._subscriptions]
        return PublishFault("refused", f"no consumer on {', '.join(missing)}") if missing else None

    def _others(self) -> list[Queue]:
        return [each.queue for each in self._subscriptions.values() if each.queue not in self._queues]

    async def _wait(self, tasks: dict[asyncio.Task[Sequence[Fate]], list[int]]) -> None:
        """Waits as long as may be; a consumer that is too late finishes behind our back, and its effect stands."""
        self._running.update(tasks)
        for task in tasks:
            task.add_done_callback(self._running.discard)
        await asyncio.wait(tasks, timeout=self._seconds)


async def _settle(subscription: _Subscription, messages: Sequence[Outgoing], seconds: float) -> Sequence[Fate]:
    """The fates of the messages; all go back when the consumer is still busy with a batch that was late."""
    try:
        async with asyncio.timeout(seconds):
            await subscription.turn.acquire()
    except TimeoutError:
        return [RETURN] * len(messages)
    try:
        return await _in_batches(subscription, [Received(m.id, m.topic, m.body, m.headers) for m in messages])
    finally:
        subscription.turn.release()


async def _in_batches(subscription: _Subscription, messages: Sequence[Received]) -> Sequence[Fate]:
    fates: list[Fate] = []
    size = subscription.queue.prefetch
    for start in range(0, len(messages), size):
        fates += await subscription.receive(messages[start : start + size])
    return fates


def _faults(task: asyncio.Task[Sequence[Fate]], count: int) -> list[PublishFault | None]:
    if not task.done():
        return [_LATE] * count
    if task.cancelled():
        return [_RETURNED] * count
    error = task.exception()
    if error is not None:
        log.error("consumer_raised", reason=type(error).__name__, exc_info=error)
        return [_RETURNED] * count
    return [_RETURNED if fate == RETURN else None for fate in task.result()]


def _wants(queue: Queue, message: Outgoing) -> bool:
    return any(matches(pattern, message.topic) for pattern in queue.topics)
