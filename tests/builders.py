"""Builders: a valid thing in one call, with only what matters to the test written out."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from shared.db.disputes import EMPTY_HEAD, Filing, Private
from shared.domain.dispute import Category, Dispute, Severity
from shared.domain.lifecycle import Stage, Status
from shared.domain.money import Money
from shared.messages.events import DisputeFiled
from shared.runtime.ids import new_id

MONDAY_NINE = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
SECRET_KEY = "a secret for tests, long enough to be taken"


def a_dispute(**fields: Any) -> Dispute:
    """A dispute as it stands right after filing."""
    made = new_id()
    at = fields.pop("received_at", MONDAY_NINE)
    given: dict[str, Any] = {
        "id": made,
        "reference": f"D-2026-{made.hex[-12:]}",
        "version": 1,
        "sequence": 0,
        "head": EMPTY_HEAD,
        "status": Status.RECEIVED,
        "stage": Stage.INTERNAL_1,
        "tier": None,
        "handler": None,
        "outcome": None,
        "remedy": None,
        "severity": Severity.NORMAL,
        "category": Category("billing_error", 0.94, needs_person=False),
        "signals": ("calm",),
        "channel": "api",
        "amount": Money.of("49.90", "EUR"),
        "order_reference": None,
        "product": None,
        "purchased_on": None,
        "remedy_sought": None,
        "customer_id": uuid4(),
        "customer_class": "standard",
        "jurisdiction": "GB",
        "language": "en",
        "time_zone": None,
        "filed_by": None,
        "policy_version": None,
        "prior_disputes": 0,
        "contact_count": 1,
        "reopen_count": 0,
        "waits": (),
        "received_at": at,
        "updated_at": at,
    }
    return Dispute(**(given | fields))


def filed_event(dispute: Dispute) -> DisputeFiled:
    """The first line of a dispute's history."""
    return DisputeFiled(
        reference=dispute.reference,
        channel=dispute.channel,
        category=dispute.category.name,
        confidence=dispute.category.confidence,
        needs_person=dispute.category.needs_person,
        secondary=dispute.category.secondary,
        signals=dispute.signals,
        severity=dispute.severity.value,
        amount=dispute.amount.value if dispute.amount else None,
        currency=dispute.amount.currency if dispute.amount else None,
        customer_id=str(dispute.customer_id),
        customer_class=dispute.customer_class,
        jurisdiction=dispute.jurisdiction,
        language=dispute.language,
    )


def a_filing(dispute: Dispute | None = None, **private: Any) -> Filing:
    """A new dispute with a customer who can be reached."""
    dispute = dispute or a_dispute()
    given: dict[str, Any] = {
        "name": "Ada Jones",
        "email": "ada@example.org",
        "phone": None,
        "customer_reference": None,
        "subject": "Charged twice",
        "description": "You took 49.90 twice.",
    }
    return Filing(dispute, Private(**(given | private)), (filed_event(dispute),), "system:intake")
