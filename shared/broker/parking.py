"""Events whose handling failed: set aside with a reason, tried again when due, dead after the last try."""

import time
from hashlib import sha256
from typing import Final
from uuid import UUID

from shared.broker.handling import DatabaseAway, Failed, Handler, handled, transacted
from shared.broker.ports import Received
from shared.broker.retry import Retry
from shared.db import inbox, parked
from shared.db.engine import Database, Tx
from shared.messages.envelope import BODY_BYTES_MAX, decode
from shared.runtime.logs import logger
from shared.runtime.metrics import Metrics

log = logger(__name__)

BATCH_MAX: Final = 100
COUNT_SECONDS: Final = 5.0


class Parking:
    """The parked events of one consumer."""

    def __init__(self, database: Database, consumer: str, handle: Handler, *, metrics: Metrics, retry: Retry) -> None:
        self._database = database
        self._consumer = consumer
        self._handle = handle
        self._metrics = metrics
        self._retry = retry
        self._counted_at = float("-inf")

    async def set_aside(self, message: Received, failure: Failed) -> None:
        """Parks an event after its first failure.

        Raises:
            DatabaseAway, Failed: it could not be parked.
        """
        await self._park(message, failure.reason, failures=1, cause=failure.__cause__)

    async def bury(self, message: Received, reason: str) -> None:
        """Parks a message that is not to be tried again unless a person says so; raises as `set_aside` does."""
        await self._park(message, reason, failures=self._retry.attempts_max, cause=None)

    async def look_after(self) -> bool:
        """Tries the events that are due; returns whether there may be more of them. Raises as `set_aside` does."""
        if time.monotonic() - self._counted_at > COUNT_SECONDS:
            await self._count()
        async with self._database.transaction() as tx:
            due = await parked.due(tx, self._consumer, BATCH_MAX)
        for message_id in due:
            await self._try_again(message_id)
        return len(due) == BATCH_MAX

    async def _park(self, message: Received, reason: str, *, failures: int, cause: BaseException | None) -> None:
        message_id = message.id or _identity(message)
        topic = message.topic.replace("\0", "")  # PostgreSQL's text cannot hold it
        arrived = parked.Arrived(self._consumer, message_id, topic, message.body[:BODY_BYTES_MAX])
        wait = self._retry.wait(failures)
        news: list[bool] = []

        async def work(tx: Tx) -> None:
            due_at = None if wait is None else tx.now + wait
            news[:] = [await parked.park(tx, arrived, parked.Failure(reason, failures, due_at))]

        await transacted(self._database, work)
        if any(news):
            self._tell(message_id, topic, reason, failures=failures, cause=cause)

    async def _try_again(self, message_id: UUID) -> None:
        seen: list[parked.Parked] = []

        async def work(tx: Tx) -> None:
            seen.clear()
            message = await parked.take(tx, self._consumer, message_id)
            if message is not None:
                seen.append(message)
                await parked.remove(tx, message)
                await handled(tx, self._consumer, self._handle, [decode(message.body)])

        try:
            await transacted(self._database, work)
        except Failed as failure:
            if not seen:
                raise DatabaseAway from failure
            await self._failed_again(seen[0], failure)
        else:
            self._metrics.messages_handled.labels(consumer=self._consumer, outcome="done").inc(len(seen))

    async def _failed_again(self, message: parked.Parked, failure: Failed) -> None:
        failures = message.attempts + 1
        wait = self._retry.wait(failures)

        async def work(tx: Tx) -> None:
            due_at = None if wait is None else tx.now + wait
            await parked.failed_again(tx, message, parked.Failure(failure.reason, failures, due_at))

        await transacted(self._database, work)
        self._tell(message.message_id, message.topic, failure.reason, failures=failures, cause=failure.__cause__)

    def _tell(self, message_id: UUID, topic: str, reason: str, *, failures: int, cause: BaseException | None) -> None:
        last = self._retry.wait(failures) is None
        outcome = "dead" if last else "parked"
        self._metrics.messages_handled.labels(consumer=self._consumer, outcome=outcome).inc()
        say = log.error if last else log.warning
        facts = {"consumer": self._consumer, "message_id": str(message_id), "topic": topic, "reason": reason}
        say(f"message_{outcome}", attempts=failures, exc_info=cause, **facts)

    async def _count(self) -> None:
        """The gauges; and the inbox forgets what is too old to come again."""
        async with self._database.transaction() as tx:
            found = await parked.counts(tx, self._consumer)
            await inbox.prune(tx)
        self._metrics.messages_retry_waiting.labels(consumer=self._consumer).set(found["retry"])
        self._metrics.messages_dead_letters.labels(consumer=self._consumer).set(found["dead"])
        self._counted_at = time.monotonic()


def _identity(message: Received) -> UUID:
    """An id made of the message's bytes, so that the same bytes are parked once."""
    return UUID(bytes=sha256(message.body).digest()[:16], version=5)
