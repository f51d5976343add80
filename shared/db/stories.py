"""Past disputes read from their histories as stories to be replayed: by index, in pages, nothing locked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from shared.db.disputes import EMPTY_HEAD
from shared.db.engine import Tx
from shared.domain.dispute import Category, Dispute, Severity
from shared.domain.errors import InvalidValue
from shared.domain.lifecycle import ENDED, Stage, Status, Trigger
from shared.domain.money import Money
from shared.domain.story import Did, Step, Story
from shared.messages.events import (
    CustomerNotified,
    DisputeClosed,
    DisputeCorrected,
    DisputeFiled,
    DisputeReopened,
    DisputeResolved,
    EscalationRequested,
    Event,
    MessageAdded,
    StatusChanged,
)

OVER: Final = sorted(status.value for status in ENDED)
PAGE: Final = 500
_HEARD: Final[tuple[type[Event], ...]] = (
    DisputeFiled,
    DisputeCorrected,
    MessageAdded,
    StatusChanged,
    EscalationRequested,
    DisputeResolved,
    DisputeClosed,
    DisputeReopened,
    CustomerNotified,
)
_DECODE: Final = {event.type: msgspec.json.Decoder(event).decode for event in _HEARD}
_FILED: Final = msgspec.json.Decoder(DisputeFiled).decode
_CAUSED: Final = frozenset({"update", "escalated_customer", "agent_assigned"})
"""Letters that the engine causes; a replay causes its own."""
_FACTS: Final = ("category", "issue", "needs_person", "amount", "customer_class", "severity")
_ENDS: Final = {"withdrawn": Trigger.WITHDRAW, "not_a_dispute": Trigger.REJECT_AS_NO_DISPUTE}

_NEWEST: Final = (
    "select id, received_at from dispute where status = $1 and (received_at, id) < ($2, $3) and received_at >= $4 "
    "order by received_at desc, id desc limit $5"
)
_EVENTS: Final = (
    "select e.dispute_id, e.type, e.occurred_at, e.data::text as data, d.prior_disputes, d.received_at, d.product, "
    "d.order_reference, d.purchased_on, d.remedy_sought "
    "from event e join dispute d on d.id = e.dispute_id "
    "where e.dispute_id = any($1::uuid[]) and e.type = any($2::text[]) order by e.dispute_id, e.sequence"
)
_COUNT: Final = "select count(*) from dispute where status = any($1::text[]) and received_at >= $2"


class Place(NamedTuple):
    """A dispute of one status in the order of receipt."""

    received_at: datetime
    id: UUID


async def count_over(tx: Tx, since: datetime) -> int:
    """How many disputes received since then are over: closed, withdrawn, or found to be none."""
    return int(await tx.raw.fetchval(_COUNT, OVER, since))


async def newest_over(tx: Tx, since: datetime, limit: int) -> list[UUID]:
    """The newest of those, by receipt, at most `limit`."""
    far = Place(datetime.max.replace(tzinfo=since.tzinfo), UUID(int=(1 << 128) - 1))
    found: list[Place] = []
    for status in OVER:
        found += [
            Place(row["received_at"], row["id"]) for row in await tx.raw.fetch(_NEWEST, status, *far, since, limit)
        ]
    return [each.id for each in sorted(found, reverse=True)[:limit]]


async def over_before(tx: Tx, status: str, before: Place, since: datetime, limit: int = PAGE) -> list[Place]:
    """A page of the disputes that ended in this status, the newest first."""
    rows = await tx.raw.fetch(_NEWEST, status, *before, since, limit)
    return [Place(row["received_at"], row["id"]) for row in rows]


async def read(tx: Tx, ids: Sequence[UUID]) -> list[Story]:
    """The stories of these disputes; one whose history does not begin with its filing is left out."""
    rows = await tx.raw.fetch(_EVENTS, list(ids), list(_DECODE))
    return [story for lines in _by_dispute(rows) if (story := _story(lines)) is not None]


def _by_dispute(rows: Sequence[asyncpg.Record]) -> Iterator[Sequence[asyncpg.Record]]:
    first = 0
    for n in range(1, len(rows) + 1):
        if n == len(rows) or rows[n]["dispute_id"] != rows[first]["dispute_id"]:
            yield rows[first:n]
            first = n


def _story(lines: Sequence[asyncpg.Record]) -> Story | None:
    head, *rest = lines
    if head["type"] != DisputeFiled.type:
        return None
    steps: list[Step] = []
    for line in rest:
        step = _step(line["occurred_at"], _DECODE[line["type"]](line["data"]))
        if step is not None:
            steps.append(step)
    return Story(_filed(head), head["occurred_at"], tuple(steps), lines[-1]["occurred_at"])


def _filed(line: asyncpg.Record) -> Dispute:
    """The dispute as it was filed; what its first event does not tell is taken as it stands now."""
    filed = _FILED(line["data"])
    at = line["received_at"]
    return Dispute(
        id=line["dispute_id"],
        reference=filed.reference,
        version=1,
        sequence=1,
        head=EMPTY_HEAD,
        status=Status.RECEIVED,
        stage=Stage.INTERNAL_1,
        tier=None,
        handler=None,
        outcome=None,
        remedy=None,
        severity=Severity(filed.severity),
        category=Category(filed.category, filed.confidence, filed.needs_person, filed.secondary, filed.issue),
        signals=filed.signals,
        channel=filed.channel,
        amount=None if filed.amount is None or filed.currency is None else Money.of(filed.amount, filed.currency),
        order_reference=line["order_reference"],
        product=line["product"],
        purchased_on=line["purchased_on"],
        remedy_sought=line["remedy_sought"],
        customer_id=UUID(filed.customer_id),
        customer_class=filed.customer_class,
        jurisdiction=filed.jurisdiction,
        language=filed.language,
        time_zone=None,
        filed_by=None,
        policy_version=None,
        prior_disputes=line["prior_disputes"],
        contact_count=1,
        reopen_count=0,
        waits=(),
        received_at=at,
        updated_at=at,
    )


def _step(at: datetime, event: Event) -> Step | None:
    """What the event says that people did; None for what the engine did, or does not look at."""
    made = _STEP.get(type(event))
    told = None if made is None else made(event)
    return None if told is None else Step(at, *told)


def _message(event: MessageAdded) -> tuple[Did, None] | None:
    if event.internal or event.automatic:
        return None
    if event.author == "customer":
        return Did.WROTE, None
    return (Did.ANSWERED, None) if event.author == "agent" and event.direction == "out" else None


def _notified(event: CustomerNotified) -> tuple[Did, None] | None:
    if event.outcome != "sent" or event.kind in _CAUSED:
        return None
    return (Did.ACKNOWLEDGED if event.kind == "acknowledgement" else Did.INFORMED), None


def _reopened(event: DisputeReopened) -> tuple[Did, Trigger]:
    return Did.MOVED, Trigger.REQUEST_STAGE_2 if event.because == "stage_2" else Trigger.REOPEN


def _corrected(event: DisputeCorrected) -> tuple[Did, Mapping[str, Any]] | None:
    after = {name: event.changes[name][1] for name in _FACTS if name in event.changes}
    facts: dict[str, Any] = {}
    if "category" in after or "needs_person" in after:
        facts["category"] = after.get("category"), after.get("needs_person")
    if "issue" in after:
        facts["issue"] = after["issue"]
    if "amount" in after:
        facts["amount"] = _money(after["amount"])
    if after.get("customer_class"):
        facts["customer_class"] = after["customer_class"]
    if after.get("severity"):
        facts["severity"] = Severity(str(after["severity"]))
    return (Did.CORRECTED, facts) if facts else None


def _money(text: str | None) -> Money | None:
    value, _, currency = (text or "").partition(" ")
    try:
        return Money.of(value, currency) if currency else None
    except InvalidValue:
        return None


_STEP: Final[Mapping[type[Event], Callable[[Any], tuple[Did, Any] | None]]] = {
    MessageAdded: _message,
    StatusChanged: lambda event: (Did.MOVED, Trigger(event.trigger)),
    DisputeResolved: lambda _: (Did.RESOLVED, None),
    DisputeReopened: _reopened,
    DisputeClosed: lambda event: (Did.MOVED, _ENDS.get(event.because, Trigger.CLOSE)),
    EscalationRequested: lambda event: (Did.ASKED, event.to_tier),
    CustomerNotified: _notified,
    DisputeCorrected: _corrected,
}
