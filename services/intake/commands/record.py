"""Saves what a command decided, with the trace it belongs to, so that one trace follows a dispute through every service."""

from shared.db import disputes
from shared.db.disputes import Change
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.messages.events import Event
from shared.runtime import traces


async def record(tx: Tx, before: Dispute, after: Dispute, *events: Event, actor: str) -> Dispute:
    """The dispute after a change, saved with its events.

    Raises:
        StaleVersion: it was changed since it was read; it must be locked in this transaction.
    """
    return await disputes.save(tx, Change(before, after, events, actor, traces.inject().get("traceparent")))
