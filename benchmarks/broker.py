"""How fast events move: `python -m benchmarks.broker [messages] [rounds]`.

Starts a private PostgreSQL (durable, as in production) and a private RabbitMQ node, and prints medians over the rounds.
All parts share this machine, so compare figures of one run with each other, not with those of another machine.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from services.embedded.postgres import EmbeddedPostgres
from shared.broker.consumer import Consumer
from shared.broker.drivers import broker_for
from shared.broker.ports import DONE, Broker, Fate, Received
from shared.broker.relay import Relay
from shared.db import migrate, outbox
from shared.db.engine import Database, Tx, make_engine
from shared.messages.envelope import Envelope, Outgoing
from shared.messages.events import FollowUpDue
from shared.messages.topology import Queue
from shared.runtime.ids import new_id
from shared.runtime.metrics import Metrics
from shared.runtime.process import run
from shared.runtime.stop import Stop
from tests.builders import MONDAY_NINE
from tests.parts.rabbitmq import RabbitCluster

QUEUE: Final = Queue("bench", ("dispute.*",))
Measure = Callable[[str, Database, int], Awaitable[float]]


def envelopes(count: int) -> list[Envelope]:
    event = FollowUpDue(occasion=1, due_at="2026-05-04T09:00:00Z", fired_at="2026-05-04T09:00:00Z")
    return [Envelope(new_id(), new_id(), 1, MONDAY_NINE, "system:bench", event) for _ in range(count)]


def messages(count: int) -> list[Outgoing]:
    return [Outgoing(each.id, each.topic, each.encode()) for each in envelopes(count)]


async def publish_all(broker: Broker, wanted: Sequence[Outgoing]) -> None:
    for start in range(0, len(wanted), broker.batch_max):
        faults = await broker.publish(wanted[start : start + broker.batch_max])
        assert not any(faults), faults


class Finish:
    """Counts what arrives and tells when it is all there."""

    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self.reached = asyncio.Event()

    def count(self, some: int) -> None:
        self._left -= some
        if self._left <= 0:
            self.reached.set()

    async def receive(self, some: Sequence[Received]) -> Sequence[Fate]:
        self.count(len(some))
        return [DONE] * len(some)

    async def handle(self, tx: Tx, some: Sequence[Envelope]) -> None:
        self.count(len(some))


async def publishing(url: str, database: Database, count: int) -> float:
    """Messages confirmed a second while nobody consumes them (embedded: while a no-op does)."""
    broker = broker_for(url, queues=[QUEUE])
    await broker.start()
    if url.startswith("embedded"):
        await broker.consume(QUEUE, Finish(count).receive)
    made = messages(count)
    began = time.perf_counter()
    await publish_all(broker, made)
    took = time.perf_counter() - began
    await broker.close()
    return count / took


async def _consuming(url: str, count: int, consume: Callable[[Broker], Awaitable[None]], finish: Finish) -> float:
    """Messages settled a second out of a full queue; embedded has no queue, so publishing is in its figure."""
    broker = broker_for(url, queues=[QUEUE])
    await broker.start()
    made = messages(count)
    if not url.startswith("embedded"):
        await publish_all(broker, made)
    began = time.perf_counter()
    await consume(broker)
    if url.startswith("embedded"):
        await publish_all(broker, made)
    await finish.reached.wait()
    took = time.perf_counter() - began
    await broker.close()
    return count / took


async def consuming_no_op(url: str, database: Database, count: int) -> float:
    finish = Finish(count)
    return await _consuming(url, count, lambda broker: broker.consume(QUEUE, finish.receive), finish)


async def consuming_inbox(url: str, database: Database, count: int) -> float:
    """The whole consumer with a handler that does nothing: decode, inbox, commit, settle."""
    finish = Finish(count)

    async def consume(broker: Broker) -> None:
        consumer = Consumer(database, broker, QUEUE, finish.handle, metrics=Metrics())
        await broker.consume(QUEUE, consumer.receive)

    return await _consuming(url, count, consume, finish)


async def whole_way(url: str, database: Database, count: int) -> float:
    """From rows in the outbox to committed inbox rows, relay and consumer at work in this one process."""
    async with database.transaction() as tx:
        await outbox.add(tx, envelopes(count))
    broker, finish, stop = broker_for(url, queues=[QUEUE]), Finish(count), Stop()
    await broker.start()
    consumer = Consumer(database, broker, QUEUE, finish.handle, metrics=Metrics())
    async with asyncio.TaskGroup() as group:
        began = time.perf_counter()
        group.create_task(consumer.run(stop))
        group.create_task(Relay(database, broker, metrics=Metrics()).run(stop))
        await finish.reached.wait()
        took = time.perf_counter() - began
        stop.request("measured")
    await broker.close()
    return count / took


MEASURES: Final[Sequence[tuple[str, Measure]]] = (
    ("publish", publishing),
    ("consume, no-op", consuming_no_op),
    ("consume, inbox only", consuming_inbox),
    ("outbox to committed", whole_way),
)


def parts(home: Path) -> tuple[EmbeddedPostgres, RabbitCluster]:
    home.chmod(0o711)  # PostgreSQL may run as another user, who must pass through
    (home / "mq").mkdir()
    return EmbeddedPostgres(home / "pg"), RabbitCluster(1, home / "mq")


async def main(count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="rcs-") as folder:
        postgres, cluster = parts(Path(folder))
        await asyncio.gather(postgres.start(), cluster.start())
        await asyncio.to_thread(migrate.upgrade, postgres.url())
        database = Database(make_engine(postgres.url(), pool_size=5))
        try:
            for name, measure in MEASURES:
                for url in ("embedded://", cluster.nodes[0].url()):
                    rates = [await measure(url, database, count) for _ in range(rounds)]
                    spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
                    print(f"{name:22} {url.split(':')[0]:9} {statistics.median(rates):>9,.0f} messages/s  ({spread})")
        finally:
            await database.dispose()
            await cluster.stop()
            await postgres.stop()


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    run(main(*(numbers + [10_000, 5][len(numbers) :])))
