"""A batch of events arrived: look up what planning needs, plan, store. One transaction, a handful of statements."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.notify import deliveries, digests
from services.notify.catalog import BY_KIND, LETTERS, Audience
from services.notify.plan import Known, Limits, plan
from shared.db import disputes, webhooks
from shared.db.engine import Tx
from shared.domain.matrix import Matrix
from shared.messages.envelope import Envelope
from shared.messages.events import DisputeAssigned
from shared.runtime.metrics import Metrics

CurrentMatrix = Callable[[Tx], Awaitable[Matrix]]

LOOP_WINDOW: Final = timedelta(hours=24)
_TO_LETTERS: Final = frozenset(entry.cause for entry in LETTERS)
_TO_CUSTOMERS: Final = frozenset(entry.cause for entry in LETTERS if entry.audience is Audience.CUSTOMER)
_ADDRESSES: Final = "select dispute_id, email from dispute_private where dispute_id = any($1::uuid[])"
_ACKNOWLEDGED: Final = """
    select p.dispute_id, count(*) as letters
    from dispute_private p
    join dispute_private other on other.email = p.email
    join dispute d on d.id = other.dispute_id and d.channel = 'email' and d.received_at > $2
    join delivery l on l.dispute_id = other.dispute_id and l.kind = $3 and l.state in ('pending', 'sent')
    where p.dispute_id = any($1::uuid[]) group by p.dispute_id
"""
_HANDLERS: Final = """
    select t.id, (
      select e.data ->> 'handler' from event e
      where e.dispute_id = t.dispute_id and e.sequence < t.sequence
        and e.type in ('dispute.assigned', 'dispute.escalated')
      order by e.sequence desc limit 1) as handler
    from unnest($1::uuid[], $2::uuid[], $3::int[]) as t(id, dispute_id, sequence)
"""


class Planner:
    """Turns events into planned deliveries; the consumer's handler."""

    def __init__(self, matrix: CurrentMatrix, limits: Limits, metrics: Metrics) -> None:
        self._matrix = matrix
        self._limits = limits
        self._metrics = metrics

    async def __call__(self, tx: Tx, envelopes: Sequence[Envelope]) -> None:
        """Plans what the events make owed, once each, however often they come and in whatever order."""
        rows = plan(envelopes, await self._known(tx, envelopes), self._limits, tx.now)
        crowded = await digests.crowded(tx, rows, self._limits)
        rows = digests.gathered(rows, crowded)
        added = {each.id: each for each in await deliveries.add(tx, rows)}
        new = (row for row in rows if row.id in added and row.reason == digests.DIGEST)
        await digests.join(tx, new, crowded, self._limits.digest_window)
        for each in added.values():
            if each.state == "suppressed":
                self._metrics.deliveries.labels(channel=each.channel, kind=each.kind, outcome="suppressed").inc()

    async def _known(self, tx: Tx, envelopes: Sequence[Envelope]) -> Known:
        telling = [each for each in envelopes if type(each.event) in _TO_LETTERS]
        found = await disputes.get_many(tx, {each.subject for each in telling}) if telling else {}
        customers = [each.subject for each in telling if type(each.event) in _TO_CUSTOMERS]
        assigned = [each for each in telling if isinstance(each.event, DisputeAssigned)]
        first = [each.subject for each in assigned if isinstance(each.event, DisputeAssigned) and each.event.first]
        mailed = [each for each in first if each in found and found[each].channel == "email"]
        return Known(
            disputes=found,
            matrix=await self._matrix(tx) if found else None,
            endpoints=await webhooks.active(tx),
            addresses=await _addresses(tx, customers),
            acknowledged=await _acknowledged(tx, mailed),
            handlers=await _handlers(tx, [each for each in assigned if each.subject not in first]),
        )


async def _addresses(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str | None]:
    if not ids:
        return {}
    return {row["dispute_id"]: row["email"] for row in await tx.raw.fetch(_ADDRESSES, list(ids))}


async def _acknowledged(tx: Tx, ids: Collection[UUID]) -> dict[UUID, int]:
    """How many acknowledgements of mail went lately to the address of each dispute's customer."""
    if not ids:
        return {}
    kind = BY_KIND["acknowledgement"].kind
    rows = await tx.raw.fetch(_ACKNOWLEDGED, list(ids), tx.now - LOOP_WINDOW, kind)
    return {row["dispute_id"]: row["letters"] for row in rows}


async def _handlers(tx: Tx, assigned: Sequence[Envelope]) -> dict[UUID, str | None]:
    """Who had each dispute before the event that assigned it anew."""
    if not assigned:
        return {}
    ids, subjects, sequences = ([e.id for e in assigned], [e.subject for e in assigned], [e.sequence for e in assigned])
    return {row["id"]: row["handler"] for row in await tx.raw.fetch(_HANDLERS, ids, subjects, sequences)}


__all__ = ["CurrentMatrix", "Planner"]
