"""The consumer: every event of a queue takes effect once, or is parked with a reason, or waits in the queue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from shared.broker.handling import DatabaseAway, Failed, Handler, handled, transacted
from shared.broker.parking import Parking
from shared.broker.ports import DONE, RETURN, Broker, Fate, Received, dead
from shared.broker.retry import Retry
from shared.db.engine import Database, Tx
from shared.db.faults import RAISED_BY_DATABASE
from shared.messages.envelope import Envelope, Undecodable, decode
from shared.messages.topology import Queue
from shared.runtime.logs import logger
from shared.runtime.loops import Pace, every
from shared.runtime.metrics import Metrics
from shared.runtime.pulse import Pulse
from shared.runtime.stop import Stop
from shared.runtime.traces import span_from

log = logger(__name__)

GIVEN_UP_BY_BROKER: Final = "delivery_limit"
_PACE: Final = Pace(seconds=0.5, backoff_seconds_max=5.0)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A message that could be read, with the bytes it came as."""

    message: Received
    envelope: Envelope


class Consumer:
    """Takes a queue's events into the handler and looks after those that failed.

    It uses one database connection for the queue and one for retries.
    """

    def __init__(
        self,
        database: Database,
        broker: Broker,
        queue: Queue,
        handle: Handler,
        *,
        metrics: Metrics,
        attempts_max: int = 8,
        retry: Retry | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        """`retry` says how soon a failed event is tried again; without it the usual waits and `attempts_max`."""
        self._database = database
        self._broker = broker
        self._queue = queue
        self._name = queue.consumer
        self._handle = handle
        self._handled = metrics.messages_handled
        self._pulse = pulse
        retry = retry or Retry(attempts_max=attempts_max)
        self._parking = Parking(database, self._name, handle, metrics=metrics, retry=retry)

    async def run(self, stop: Stop) -> None:
        """Consumes until the stop, then drains."""
        await self._broker.consume(self._queue, self.receive)
        await self._broker.consume_dead(self._queue, self.adopt)
        try:
            await every(
                self._parking.look_after,
                stop,
                pace=_PACE,
                name=f"{self._name}_retry",
                retry_on=(DatabaseAway, Failed, *RAISED_BY_DATABASE),
                pulse=self._pulse,
            )
        finally:
            await self._broker.stop_consuming()

    async def receive(self, messages: Sequence[Received]) -> Sequence[Fate]:
        """Handles a batch from the queue. Raises nothing but a cancellation."""
        causes = [message.headers for message in messages]
        parent, links = (causes[0], ()) if len(causes) == 1 else (None, causes)
        with span_from(parent, f"{self._name} consume", "consumer", links=links):
            read = [_read(message) for message in messages]
            settled = iter(await self._settle([each for each in read if isinstance(each, _Arrival)]))
            return [
                next(settled) if isinstance(each, _Arrival) else await self._bury(message, each)
                for message, each in zip(messages, read, strict=True)
            ]

    async def adopt(self, messages: Sequence[Received]) -> Sequence[Fate]:
        """Parks dead letters that nobody parked before: the broker gave them up after too many deliveries."""
        return [await self._keep(message, GIVEN_UP_BY_BROKER) for message in messages]

    async def _settle(self, arrivals: Sequence[_Arrival]) -> Sequence[Fate]:
        """The fates of events, tried together first, then each alone to find the one that fails."""
        if not arrivals:
            return []
        try:
            await self._handle_all(arrivals)
        except DatabaseAway as away:
            return self._returned(away, len(arrivals))
        except Failed as failure:
            if len(arrivals) == 1:
                return [await self._set_aside(arrivals[0], failure)]
            return await self._one_by_one(arrivals)
        self._handled.labels(consumer=self._name, outcome="done").inc(len(arrivals))
        return [DONE] * len(arrivals)

    async def _one_by_one(self, arrivals: Sequence[_Arrival]) -> Sequence[Fate]:
        fates: list[Fate] = []
        for arrival in arrivals:
            # Once the database is away, there is no sense in asking it a hundred times.
            fates += [RETURN] if fates and fates[-1] == RETURN else await self._settle([arrival])
        return fates

    async def _handle_all(self, arrivals: Sequence[_Arrival]) -> None:
        async def work(tx: Tx) -> None:
            await handled(tx, self._name, self._handle, [each.envelope for each in arrivals])

        await transacted(self._database, work)

    async def _set_aside(self, arrival: _Arrival, failure: Failed) -> Fate:
        try:
            await self._parking.set_aside(replace(arrival.message, id=arrival.envelope.id), failure)
        except (DatabaseAway, Failed) as error:
            return self._returned(error, 1)[0]
        return DONE

    async def _bury(self, message: Received, fault: Undecodable) -> Fate:
        fate = await self._keep(message, fault.code)
        return dead(fault.code) if fate == DONE else fate

    async def _keep(self, message: Received, reason: str) -> Fate:
        try:
            await self._parking.bury(message, reason)
        except (DatabaseAway, Failed) as error:
            return self._returned(error, 1)[0]
        return DONE

    def _returned(self, error: Exception, count: int) -> Sequence[Fate]:
        reason = type(error.__cause__ or error).__name__
        log.warning("messages_returned", consumer=self._name, count=count, reason=reason)
        self._handled.labels(consumer=self._name, outcome="returned").inc(count)
        return [RETURN] * count


def _read(message: Received) -> _Arrival | Undecodable:
    try:
        return _Arrival(message, decode(message.body))
    except Undecodable as fault:
        return fault
