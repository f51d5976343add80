"""The net beneath the queue: an event of the history that never arrived is found, and takes the way of a retry."""

from datetime import datetime, timedelta
from typing import Final

from shared.db import missed, outbox, parked
from shared.db.engine import Database
from shared.db.faults import RAISED_BY_DATABASE
from shared.db.history import Entry
from shared.messages.topology import Queue
from shared.runtime.logs import logger
from shared.runtime.loops import Pace, every
from shared.runtime.metrics import Metrics
from shared.runtime.stop import Stop

log = logger(__name__)

MARK: Final = "notify.audit"
"""The heartbeat that says until when every event was found handled."""
ROUND_SECONDS: Final = 60.0
BUSY_SECONDS: Final = 5.0
"""Between rounds that found as much as one round takes."""
GRACE: Final = timedelta(minutes=15)
"""An event this old was published and handled long ago, unless something is wrong."""
SLICE: Final = timedelta(minutes=30)
FOUND_AT_ONCE_MAX: Final = 500
REASON: Final = "never_arrived"
UNDECODABLE: Final = "undecodable"


class Auditor:
    """Compares the history with the inbox, a bounded slice at a time.

    What is missing is parked as due, so that the consumer handles it as it does every retry: once, also should the
    message come after all, and dead with a reason when it cannot be handled.
    """

    def __init__(self, database: Database, queue: Queue, metrics: Metrics) -> None:
        self._database = database
        self._consumer = queue.consumer
        self._metrics = metrics

    async def run(self, stop: Stop) -> None:
        """Audits at once and then every minute, until the stop is requested."""

        def count(error: BaseException) -> None:
            self._metrics.loop_failures.labels(loop=MARK, reason=type(error).__name__).inc()

        await every(self.round, stop, pace=Pace(ROUND_SECONDS), name=MARK, retry_on=RAISED_BY_DATABASE, on_retry=count)

    async def round(self) -> bool | float:
        """Judges one slice; True when there is another, else the seconds until the next when this one was full."""
        async with self._database.transaction() as tx:
            _, waiting = await outbox.backlog(tx)
            begin, end = await missed.judged_until(tx, MARK), tx.now - GRACE
            if begin >= end or waiting >= GRACE:  # what was not published yet cannot have arrived
                return False
            until = min(end, begin + SLICE)
            found = await missed.events(tx, self._consumer, after=begin, until=until, limit=FOUND_AT_ONCE_MAX)
            caught = [await parked.park(tx, *self._due(entry, tx.now)) for entry in found]
            full = len(found) == FOUND_AT_ONCE_MAX
            if not full:
                await missed.judged(tx, MARK, until)
        self._tell(sum(caught))
        return BUSY_SECONDS if full else until < end

    def _due(self, entry: Entry, now: datetime) -> tuple[parked.Arrived, parked.Failure]:
        try:
            body, failure = entry.envelope.encode(), parked.Failure(REASON, 0, now)
        except (KeyError, TypeError):  # written by a newer version than this one
            body, failure = entry.data, parked.Failure(UNDECODABLE, 0, None)
        return parked.Arrived(self._consumer, entry.id, entry.type, body), failure

    def _tell(self, caught: int) -> None:
        self._metrics.messages_caught_up.labels(consumer=self._consumer).inc(caught)
        if caught:
            log.warning("events_never_arrived", consumer=self._consumer, count=caught)
