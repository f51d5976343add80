"""The relay: what was recorded is published, and forgotten only when the broker has confirmed it."""

import asyncio
import math
import time
from collections.abc import Sequence
from typing import Final

from shared.broker.ports import Broker, PublishFault
from shared.db import heartbeats, outbox
from shared.db.engine import Database
from shared.db.faults import RAISED_BY_DATABASE
from shared.runtime.logs import logger
from shared.runtime.loops import Pace, every
from shared.runtime.metrics import Metrics
from shared.runtime.pulse import Pulse
from shared.runtime.stop import Stop

log = logger(__name__)

HEARTBEAT: Final = "relay"
IDLE_SECONDS: Final = 0.25
IDLE_SECONDS_MAX: Final = 1.0
REPORT_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.5
PAUSE_SECONDS_MAX: Final = 60.0
PASSED_OVER_MAX: Final = 1000
_PACE: Final = Pace(seconds=IDLE_SECONDS_MAX, backoff_seconds_max=5.0)


class PassedOver:
    """Outbox rows that the broker lately refused, each left alone for a growing while so that the others get by."""

    def __init__(self) -> None:
        self._until: dict[int, tuple[int, float]] = {}

    def now(self) -> list[int]:
        """The rows to leave alone at the moment."""
        at = time.monotonic()
        return [row for row, (_, until) in self._until.items() if until > at]

    def add(self, row: int) -> int:
        """Leaves the row alone for a while, longer each time; returns how often it was refused."""
        failures = self._until.pop(row, (0, 0.0))[0] + 1
        pause = min(PAUSE_SECONDS_MAX, math.ldexp(PAUSE_SECONDS, min(failures - 1, 16)))
        if len(self._until) >= PASSED_OVER_MAX:
            self._until.pop(next(iter(self._until)))
        self._until[row] = (failures, time.monotonic() + pause)
        return failures

    def forget(self, rows: Sequence[int]) -> None:
        for row in rows:
            self._until.pop(row, None)


class Relay:
    """Moves the outbox to the broker. Several may run; none takes what another holds."""

    def __init__(self, database: Database, broker: Broker, *, metrics: Metrics, pulse: Pulse | None = None) -> None:
        self._database = database
        self._broker = broker
        self._metrics = metrics
        self._pulse = pulse
        self._wake = asyncio.Event()
        self._passed_over = PassedOver()
        self._idle_rounds = 0
        self._reported_at = float("-inf")
        self._problem: str | None = None
        database.on_commit("outbox", self._wake.set)

    async def run(self, stop: Stop) -> None:
        """Publishes until the stop; a round under way is finished."""
        await every(
            self.round,
            stop,
            pace=_PACE,
            name="relay",
            retry_on=RAISED_BY_DATABASE,
            wake=self._wake,
            pulse=self._pulse,
        )

    async def round(self) -> bool | float:
        """One batch; returns whether there may be more at once, else the seconds to rest."""
        if time.monotonic() - self._reported_at > REPORT_SECONDS:
            await self._report()
        taken, confirmed = await self._publish()
        more = confirmed > 0 and taken == self._broker.batch_max
        return more or self._rest(idle=confirmed == 0)

    async def _publish(self) -> tuple[int, int]:
        """Publishes what is due; returns how many rows were taken and how many confirmed."""
        async with self._database.transaction() as tx:
            rows = await outbox.take(tx, self._broker.batch_max, passing_over=self._passed_over.now())
            faults = await self._broker.publish([row.message for row in rows]) if rows else []
            confirmed = [row.id for row, fault in zip(rows, faults, strict=True) if fault is None]
            if confirmed:
                await outbox.confirm(tx, confirmed)
        self._passed_over.forget(confirmed)
        self._metrics.messages_published.labels(outcome="confirmed").inc(len(confirmed))
        self._refused([(row, fault) for row, fault in zip(rows, faults, strict=True) if fault is not None])
        return len(rows), len(confirmed)

    def _refused(self, refused: Sequence[tuple[outbox.Row, PublishFault]]) -> None:
        for row, fault in refused:
            self._metrics.messages_published.labels(outcome=fault.kind).inc()
            if fault.lasting:
                failures = self._passed_over.add(row.id)
                facts = {"message_id": str(row.message.id), "topic": row.message.topic, "failures": failures}
                log.warning("message_not_published", kind=fault.kind, detail=fault.detail, **facts)
        self._tell(next((fault.detail for _, fault in refused if not fault.lasting), None))

    def _tell(self, problem: str | None) -> None:
        """Says a change for the worse once, not at every round."""
        if problem is not None and problem != self._problem:
            log.warning("publishing_stalled", reason=problem)
        self._problem = problem

    def _rest(self, *, idle: bool) -> float:
        self._idle_rounds = self._idle_rounds + 1 if idle else 0
        return min(IDLE_SECONDS_MAX, math.ldexp(IDLE_SECONDS, min(max(self._idle_rounds - 1, 0), 4)))

    async def _report(self) -> None:
        """The backlog for the gauges, and a sign of life."""
        async with self._database.transaction() as tx:
            pending, age = await outbox.backlog(tx)
            await heartbeats.beat(tx, HEARTBEAT, pending=pending, oldest_seconds=age.total_seconds())
        self._metrics.outbox_pending.set(pending)
        self._metrics.outbox_oldest_seconds.set(age.total_seconds())
        self._reported_at = time.monotonic()
