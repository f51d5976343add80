"""The consumer's side of what comes in: each stored delivery is understood once, and none is lost."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.exc import DBAPIError

from services.intake.commands.file import count
from services.intake.inbound.ports import Arrived, Incoming, Parsed, ThreadKey, Unreadable, Unwanted
from services.intake.inbound.senders import SENDERS
from services.intake.inbound.settling import Outcome, Settler
from shared.db import inbound
from shared.db.engine import Tx
from shared.db.faults import sqlstate
from shared.db.inbound import Delivery
from shared.domain.errors import RecourseError
from shared.messages.envelope import Envelope
from shared.messages.events import InboundReceived
from shared.runtime.logs import logger
from shared.runtime.metrics import Metrics

log = logger(__name__)

ASIDE_BYTES: Final = 256 * 1024
"""A longer body is read in a thread of its own, so that others are served meanwhile."""


class InboundHandler:
    """Handles `inbound.received`: reads the delivery, settles it, and notes what became of it, in one transaction.

    A delivery that cannot be understood or filed is quarantined with its reason; only a fault of the database makes the
    handler fail, so that the consumer tries again.
    """

    def __init__(self, settler: Settler, metrics: Metrics) -> None:
        self._settler = settler
        self._metrics = metrics

    async def __call__(self, tx: Tx, envelopes: Sequence[Envelope]) -> None:
        """One after another, so that only one body is in memory."""
        for envelope in envelopes:
            if isinstance(envelope.event, InboundReceived):
                await self._handle(tx, envelope.subject)

    async def _handle(self, tx: Tx, delivery_id: UUID) -> None:
        delivery = await inbound.take(tx, delivery_id)
        if delivery is None or delivery.state != "stored":
            return
        outcome = await self._outcome(tx, delivery)
        await inbound.settle(tx, delivery_id, state=outcome.state, reason=outcome.reason, dispute_id=outcome.dispute_id)
        self._tell(delivery, outcome)

    async def _outcome(self, tx: Tx, delivery: Delivery) -> Outcome:
        parsed = await _parsed(delivery)
        if isinstance(parsed, Unreadable):
            return Outcome("quarantined", parsed.reason)
        if isinstance(parsed, Unwanted):
            return Outcome("ignored", parsed.reason)
        try:
            async with (
                tx.conn.begin_nested()
            ):  # what it began is undone when it fails, and the rest of the batch stands
                return await self._settler.settle(tx, delivery.id, _scoped(delivery, parsed))
        except RecourseError as error:
            return Outcome("quarantined", f"refused: {error.code}")
        except (DBAPIError, asyncpg.PostgresError) as error:
            if not (sqlstate(error) or "").startswith(("22", "23")):
                raise
            return Outcome("quarantined", f"not storable: {sqlstate(error)}")

    def _tell(self, delivery: Delivery, outcome: Outcome) -> None:
        self._metrics.webhook_received.labels(sender=delivery.sender, outcome=outcome.state).inc()
        if outcome.filed is not None:
            count(self._metrics, [outcome.filed])
        say = log.warning if outcome.state == "quarantined" else log.info
        say(
            "inbound_settled",
            delivery_id=str(delivery.id),
            source=delivery.sender,
            outcome=outcome.state,
            reason=outcome.reason,
        )


async def _parsed(delivery: Delivery) -> Parsed:
    """What the delivery says. A reader that fails in spite of its promise loses nothing: the delivery is quarantined."""
    sender = SENDERS.get(delivery.sender)
    if sender is None:
        return Unreadable(f"this version knows no sender {delivery.sender}")
    arrived = Arrived(delivery.headers, delivery.body)
    try:
        if len(delivery.body) > ASIDE_BYTES:
            return await asyncio.to_thread(sender.read, arrived, delivery.settings)
        return sender.read(arrived, delivery.settings)
    except Exception as error:  # noqa: BLE001 - the third fate: set aside with its reason, never lost, never blocking
        return Unreadable(f"reading failed: {type(error).__name__}")


def _scoped(delivery: Delivery, incoming: Incoming) -> Incoming:
    """A thread named by a generic sender is that endpoint's own."""

    def own(key: ThreadKey) -> ThreadKey:
        return ThreadKey(key.kind, f"{delivery.endpoint_id}/{key.value}") if key.kind == "generic" else key

    key = None if incoming.key is None else own(incoming.key)
    return replace(incoming, key=key, answers=tuple(own(each) for each in incoming.answers))
