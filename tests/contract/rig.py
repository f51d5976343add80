"""A broker under test, with what it takes to publish to it and to watch what arrives."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

from shared.broker.consumer import Consumer
from shared.broker.drivers import broker_for
from shared.broker.handling import Handler
from shared.broker.ports import DONE, Broker, Fate, Received
from shared.broker.relay import Relay
from shared.broker.retry import Retry
from shared.db import outbox, parked
from shared.db.engine import Database, Tx
from shared.messages.envelope import Envelope, Outgoing
from shared.messages.events import FollowUpDue
from shared.messages.topology import Queue
from shared.runtime.ids import new_id
from shared.runtime.metrics import Metrics
from shared.runtime.stop import Stop
from tests.builders import MONDAY_NINE
from tests.waiting import eventually

FIRST: Final = Queue("first", ("dispute.*",))
SECOND: Final = Queue("second", ("dispute.*",), prefetch=20)
SOON: Final = Retry(attempts_max=3, first=timedelta(milliseconds=1), longest=timedelta(milliseconds=1))
TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def an_event(number: int = 1, *, dispute: UUID | None = None, traceparent: str | None = None) -> Envelope:
    event = FollowUpDue(occasion=number, due_at="2026-05-04T09:00:00Z", fired_at="2026-05-04T09:00:00Z")
    return Envelope(new_id(), dispute or new_id(), number, MONDAY_NINE, "system:test", event, traceparent)


def outgoing(envelope: Envelope) -> Outgoing:
    headers = {"traceparent": envelope.traceparent} if envelope.traceparent else {}
    return Outgoing(envelope.id, envelope.topic, envelope.encode(), headers)


class Collector:
    """Takes every message, as long as nobody asks it for another fate."""

    def __init__(self, fate: Callable[[Received, int], Fate] = lambda _message, _times: DONE) -> None:
        self.seen: list[Received] = []
        self.batches: list[int] = []
        self._fate = fate

    async def __call__(self, messages: Sequence[Received]) -> Sequence[Fate]:
        self.seen += messages
        self.batches.append(len(messages))
        times = Counter(message.id for message in self.seen)
        return [self._fate(message, times[message.id]) for message in messages]

    @property
    def ids(self) -> list[UUID | None]:
        return [message.id for message in self.seen]


class Rig:
    """A broker with two queues, `first` and `second`, both wanting everything about disputes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.metrics = Metrics()
        self.queues = (FIRST, SECOND)
        self._made: list[Broker] = []
        self.broker = self.another()

    def another(self) -> Broker:
        """One more connection to the same broker; with the embedded driver a broker of its own."""
        made = broker_for(self.url, queues=self.queues, name="tests")
        self._made.append(made)
        return made

    async def consume(self, first: Collector | None = None, second: Collector | None = None) -> None:
        await self.broker.consume(FIRST, first or Collector())
        await self.broker.consume(SECOND, second or Collector())

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publishes as a relay does: again, until everything is confirmed."""
        left = list(messages)

        async def confirmed() -> bool:
            faults = await self.broker.publish(left)
            left[:] = [message for message, fault in zip(left, faults, strict=True) if fault is not None]
            return not left

        await eventually(confirmed, within=20)

    def consumer(self, db: Database, queue: Queue, handle: Handler) -> Consumer:
        return Consumer(db, self.broker, queue, handle, metrics=self.metrics, retry=SOON)

    @asynccontextmanager
    async def running(self, db: Database, first: Handler, second: Handler | None = None) -> AsyncIterator[None]:
        """A relay and both consumers at work; they are stopped in order at the end."""
        stop = Stop()
        works = [self.consumer(db, FIRST, first), self.consumer(db, SECOND, second or nothing)]
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work.run(stop))
            group.create_task(Relay(db, self.broker, metrics=self.metrics).run(stop))
            yield
            stop.request("the test is over")

    async def close(self) -> None:
        for each in self._made:
            await each.close()


async def nothing(tx: Tx, envelopes: Sequence[Envelope]) -> None:
    """A handler with no effect."""


class Effects:
    """A handler whose effects are rows, so that they come and go with its transaction."""

    def __init__(self, *, fails: Callable[[Envelope], Exception | None] = lambda _envelope: None) -> None:
        self.fails = fails

    async def __call__(self, tx: Tx, envelopes: Sequence[Envelope]) -> None:
        await prepare_effects(tx)
        for envelope in envelopes:
            await tx.raw.execute("insert into effect (event) values ($1)", envelope.id)
            error = self.fails(envelope)
            if error is not None:
                raise error


async def prepare_effects(tx: Tx) -> None:
    await tx.raw.execute("select pg_advisory_xact_lock(1)")
    await tx.raw.execute("create table if not exists effect (event uuid)")


async def effects(db: Database) -> list[UUID]:
    """The events that took effect, one entry for each time they did."""
    async with db.transaction() as tx:
        await prepare_effects(tx)
        return [row["event"] for row in await tx.raw.fetch("select event from effect")]


async def record(db: Database, envelopes: Sequence[Envelope]) -> None:
    """Leaves events in the outbox, as a committed change does."""
    async with db.transaction() as tx:
        await outbox.add(tx, envelopes)


async def pending(db: Database) -> int:
    async with db.transaction() as tx:
        return (await outbox.backlog(tx))[0]


async def parked_by(db: Database, consumer: str, state: parked.State) -> list[parked.Parked]:
    async with db.transaction() as tx:
        return await parked.listed(tx, state, consumer=consumer)
