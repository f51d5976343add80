"""Records how attempts ended: the deliveries, the endpoints, and in the disputes' history what customers were told."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notify import deliveries
from services.notify.catalog import BY_KIND
from services.notify.channels.ports import Outcome
from services.notify.deliveries import Ending
from services.notify.plan import CUSTOMER
from shared.db import disputes, webhooks
from shared.db.disputes import Change
from shared.db.engine import Database, Tx
from shared.db.faults import RAISED_BY_DATABASE, is_away, is_transient, may_be_away
from shared.domain.dispute import Dispute
from shared.domain.frozen import altered
from shared.messages.events import CustomerNotified
from shared.runtime.logs import logger
from shared.runtime.metrics import Metrics
from shared.runtime.stop import cancelled_by_us

ACTOR: Final = "system:notify"
BATCH_MAX: Final = 200
RETRY_SECONDS: Final = 0.2

log = logger(__name__)


class Recorder:
    """Gathers endings and records them together; while one transaction runs, the next batch grows."""

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics
        self._waiting: list[Ending] = []
        self._some = asyncio.Event()
        self._over = False
        self._most = BATCH_MAX

    def put(self, ending: Ending) -> None:
        """Hands over an ending; returns at once."""
        self._waiting.append(ending)
        self._some.set()

    def finish(self) -> None:
        """Says that nothing more comes."""
        self._over = True
        self._some.set()

    async def run(self) -> None:
        """Records until told that nothing more comes and nothing is left. Tries again while the database is away."""
        while not self._over or self._waiting:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                batch = self._waiting[: self._most]
                if await self._recorded(batch):
                    del self._waiting[: len(batch)]
                else:
                    await asyncio.sleep(RETRY_SECONDS)

    async def _recorded(self, batch: Sequence[Ending]) -> bool:
        try:
            async with self._database.transaction() as tx:
                settled = await record(tx, batch)
        except RAISED_BY_DATABASE as error:
            passing = is_away(error) or is_transient(error) or may_be_away(error)
            return self._again(error) if passing else self._alone(batch, error)
        except asyncio.CancelledError as error:
            if cancelled_by_us():
                raise
            return self._again(error)
        self._count(batch, settled, tx.now)
        return True

    def _again(self, error: BaseException) -> bool:
        self._metrics.loop_failures.labels(loop="notify.recorder", reason=type(error).__name__).inc()
        log.warning("recording_failed", reason=type(error).__name__)
        return False

    def _alone(self, batch: Sequence[Ending], error: BaseException) -> bool:
        """After a fault of the work itself: one at a time, until the faulty one is found; that one comes due again."""
        if len(batch) > 1:
            self._most = 1
            return self._again(error)
        log.error("ending_unrecordable", kind=batch[0].claim.kind, reason=type(error).__name__)
        self._most = BATCH_MAX
        return True

    def _count(self, batch: Sequence[Ending], settled: set[UUID], now: datetime) -> None:
        for ending in batch:
            claim, state = ending.claim, ending.state if ending.state != "pending" else "retry"
            self._metrics.deliveries.labels(channel=claim.channel, kind=claim.kind, outcome=state).inc()
            if state == "sent" and claim.id in settled:
                caused = claim.facts.get("caused_at")
                since = datetime.fromisoformat(caused) if caused else claim.created_at
                seconds = max(0.0, (now - since).total_seconds())
                self._metrics.delivery_latency_seconds.labels(channel=claim.channel).observe(seconds)


async def record(tx: Tx, endings: Sequence[Ending]) -> set[UUID]:
    """Records a batch; returns the deliveries it settled.

    Customers' disputes are locked first, in the order of their ids, as everywhere.
    """
    final = [e for e in endings if e.claim.recipient == CUSTOMER and e.state in ("sent", "dead")]
    locked = await disputes.lock_many(tx, {e.claim.dispute_id for e in final}) if final else {}
    settled = await deliveries.settle(tx, endings)
    await disputes.save_many(tx, _changes(locked, [e for e in final if e.claim.id in settled], tx.now))
    await _endpoints(tx, [e for e in endings if e.claim.channel == "webhook" and e.outcome != "not_sent"])
    return settled


def _changes(locked: dict[UUID, Dispute], endings: Iterable[Ending], now: datetime) -> list[Change]:
    """What the history says of them: one change for each dispute, however many letters it got."""
    by_dispute: defaultdict[UUID, list[Ending]] = defaultdict(list)
    for ending in endings:
        by_dispute[ending.claim.dispute_id].append(ending)
    changes = []
    for dispute_id, told in by_dispute.items():
        before = locked.get(dispute_id)
        if before is not None:
            events = tuple(_notified(ending) for ending in told)
            after = _informed(before, told, now)
            changes.append(Change(before, after, events, ACTOR, told[0].claim.traceparent))
    return changes


def _informed(dispute: Dispute, told: Sequence[Ending], now: datetime) -> Dispute:
    """The dispute with the marks that news leaves. No caller decides on them, so the version stays."""
    sent = [BY_KIND[ending.claim.kind] for ending in told if ending.state == "sent"]
    if any(entry.kind == "acknowledgement" for entry in sent) and dispute.acknowledged_at is None:
        dispute = altered(dispute, acknowledged_at=now)
    return altered(dispute, informed_at=now) if any(entry.news for entry in sent) else dispute


def _notified(ending: Ending) -> CustomerNotified:
    claim, sent = ending.claim, ending.state == "sent"
    return CustomerNotified(
        kind=claim.kind,
        channel=claim.channel,
        outcome="sent" if sent else "failed",
        delivery_id=str(claim.id),
        occasion=claim.occasion,
        reason=ending.reason,
        letter=BY_KIND[claim.kind].letter(claim.facts) if sent else None,
    )


async def _endpoints(tx: Tx, endings: Sequence[Ending]) -> None:
    """Keeps the endpoints' record; disables those that are gone or have failed too long, and gives up what waits."""
    if not endings:
        return
    by_id = [(UUID(e.claim.recipient), e.outcome) for e in endings]
    gone = {each for each, outcome in by_id if outcome == Outcome.GONE}
    succeeded = {each for each, outcome in by_id if outcome == Outcome.SENT}
    failed = {each for each, outcome in by_id} - succeeded - gone
    if gone:
        await webhooks.disable(tx, gone, webhooks.GONE)
    disabled = [*gone, *await webhooks.record(tx, succeeded=succeeded, failed=failed)]
    if disabled:
        log.warning("webhook_endpoints_disabled", endpoints=len(disabled))
        await deliveries.suppress_all(tx, "webhook", [str(each) for each in disabled], "endpoint_disabled")
