"""From events to deliveries: what is owed to whom, due now, or suppressed for a reason everybody can see. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from services.notify.catalog import TO_INTEGRATIONS, UNDELIVERABLE, Audience, Notification, owed
from services.notify.people import told
from shared.db.webhooks import Endpoint
from shared.domain.dispute import Dispute
from shared.domain.matrix import Matrix
from shared.messages.envelope import Envelope
from shared.messages.events import CustomerNotified, DisputeAssigned, Event
from shared.messages.expert_events import ExpertAsked
from shared.runtime.ids import new_id

CUSTOMER: Final = "customer"
NOBODY: Final = "nobody"
EXPERT: Final = "expert:"
"""Before the short name of an expert desk, which is no person of the matrix."""
_ANSWERLESS: Final = re.compile(
    r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|auto-?reply|autoresponder|listserv|majordomo)([+=.].*)?",
    re.IGNORECASE,
)
"""Mailboxes of machines: a letter to one is lost at best and a loop at worst (RFC 3834, section 2)."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One row of the table of deliveries, before it is stored. A suppressed one has a reason instead of a due time."""

    id: UUID
    dispute_id: UUID
    kind: str
    occasion: str
    audience: str
    channel: str
    recipient: str
    facts: bytes
    reason: str | None
    traceparent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What planning looks things up in.

    `addresses` are the customers'; `acknowledged` counts, by dispute, the acknowledgements that its customer's address
    had in the last day; `handlers` are those from before an event, by the event's id.
    """

    disputes: Mapping[UUID, Dispute]
    matrix: Matrix | None
    endpoints: Sequence[Endpoint] = ()
    addresses: Mapping[UUID, str | None] = field(default_factory=dict)
    acknowledged: Mapping[UUID, int] = field(default_factory=dict)
    handlers: Mapping[UUID, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What keeps us out of mail loops, and notices to one of ours from becoming a flood.

    More than `digest_above` notices to one person within `digest_window` become one digest.
    """

    own_domain: str
    acknowledgements_per_address_max: int
    digest_above: int
    digest_window: timedelta


def plan(envelopes: Sequence[Envelope], known: Known, limits: Limits, now: datetime) -> list[Planned]:
    """Everything these events make owed. The same events give the same rows but for their ids."""
    rows: list[Planned] = []
    for envelope in envelopes:
        rows += _to_integrations(envelope, known.endpoints)
        dispute = known.disputes.get(envelope.subject)
        if dispute is None:
            continue
        for entry in owed(envelope.event, dispute):
            if entry.audience is Audience.CUSTOMER:
                rows += _to_customer(entry, envelope, dispute, known, limits, now)
            elif isinstance(envelope.event, ExpertAsked):
                rows.append(_to_desk(entry, envelope, envelope.event.desk, known))
            else:
                rows += _to_people(entry, envelope, dispute, known, now)
    return rows


def unreachable(address: str | None, own_domain: str) -> str | None:
    """Why nothing can be sent to an address; None when it can."""
    if not address:
        return "no_address"
    mailbox, _, domain = address.rpartition("@")
    own = domain.lower() == own_domain.lower()
    return "unusable_address" if own or not mailbox or _ANSWERLESS.fullmatch(mailbox) else None


def _to_integrations(envelope: Envelope, endpoints: Sequence[Endpoint]) -> Iterator[Planned]:
    for endpoint in endpoints:
        if endpoint.wants(envelope.topic):
            yield _row(TO_INTEGRATIONS, envelope, recipient=str(endpoint.id), facts=b"{}")


def _to_customer(
    entry: Notification, envelope: Envelope, dispute: Dispute, known: Known, limits: Limits, now: datetime
) -> Iterator[Planned]:
    if entry.kind == "agent_assigned" and known.handlers.get(envelope.id) == _handler(envelope.event):
        return
    reason = unreachable(known.addresses.get(dispute.id), limits.own_domain)
    if reason is None and entry.kind == "acknowledgement" and dispute.channel == "email":
        looped = known.acknowledged.get(dispute.id, 0) >= limits.acknowledgements_per_address_max
        reason = "too_many_acknowledgements" if looped else None
    row = _row(entry, envelope, recipient=CUSTOMER, reason=reason)
    yield row
    if reason is not None and entry.alarm:
        yield from _alarm(entry, row, envelope, dispute, known, now)


def _alarm(
    entry: Notification, row: Planned, envelope: Envelope, dispute: Dispute, known: Known, now: datetime
) -> Iterator[Planned]:
    """Tells a person that the customer was not told."""
    event = CustomerNotified(
        kind=row.kind,
        channel=entry.channel,
        outcome="suppressed",
        delivery_id=str(row.id),
        occasion=row.occasion,
        reason=row.reason,
    )
    cause = Envelope(
        envelope.id, dispute.id, envelope.sequence, envelope.occurred_at, envelope.actor, event, envelope.traceparent
    )
    yield from _to_people(UNDELIVERABLE, cause, dispute, known, now)


def _to_desk(entry: Notification, envelope: Envelope, name: str, known: Known) -> Planned:
    desk = known.matrix.experts.get(name) if known.matrix else None
    reason = None if desk is not None and desk.email else "no_address"
    return _row(entry, envelope, recipient=f"{EXPERT}{name}", reason=reason)


def _to_people(
    entry: Notification, envelope: Envelope, dispute: Dispute, known: Known, now: datetime
) -> Iterator[Planned]:
    people = told(known.matrix, entry.audience, dispute, now) if known.matrix else ()
    for person in people:
        reason = None if person.email else "no_address"
        yield _row(entry, envelope, recipient=person.name, reason=reason)
    if not people:
        yield _row(entry, envelope, recipient=NOBODY, reason="nobody_holds_the_tier")


def _row(
    entry: Notification, envelope: Envelope, *, recipient: str, facts: bytes | None = None, reason: str | None = None
) -> Planned:
    return Planned(
        id=new_id(),
        dispute_id=envelope.subject,
        kind=entry.kind,
        occasion=entry.occasion(envelope.event, envelope.sequence),
        audience=entry.audience.value,
        channel=entry.channel,
        recipient=recipient,
        facts=_facts(envelope) if facts is None else facts,
        reason=reason,
        traceparent=envelope.traceparent,
    )


def _facts(envelope: Envelope) -> bytes:
    """The cause's own facts; events hold nothing personal, so neither does the plan."""
    data: dict[str, Any] = orjson.loads(envelope.data())
    return orjson.dumps(data | {"caused_at": envelope.occurred_at})


def _handler(event: Event) -> str | None:
    return event.handler if isinstance(event, DisputeAssigned) else None
