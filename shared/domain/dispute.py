"""A dispute as a frozen value: status, tier, stage, category and outcome are separate facts that change separately."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct, field

from shared.domain.errors import Conflict
from shared.domain.frozen import altered
from shared.domain.lifecycle import ACTIVE, ENDED, SETTLED, Outcome, Stage, Status, Trigger, move
from shared.domain.money import Money

CATEGORIES: Final = (
    "billing_error",
    "unauthorised_charge",
    "service_delivery",
    "communication",
    "product_quality",
    "warranty",
    "other",
    "data_records",
    "debt_collection",
)
"""The two last are the financial taxonomy's; elsewhere what they mean is filed under `other`."""

CUSTOMER_CLASSES: Final = ("standard", "premium", "business", "vulnerable")

REMEDIES: Final = (
    "refund",
    "partial_refund",
    "credit",
    "replacement",
    "repair",
    "discount",
    "price_reduction",
    "expedited_service",
    "service_adjustment",
    "apology",
    "explanation",
    "provisional_credit",
    "goodwill",
    "other",
)
"""Remedies a customer may seek or be given, by the field's usual names."""

CHANNELS: Final = (
    "api",
    "portal",
    "email",
    "chat",
    "sms",
    "telephone",
    "in_person",
    "letter",
    "social_media",
    "import",
)
"""How a dispute may reach the house; telephone, in person and letter are filed by an agent for the customer."""

WAITS_MAX: Final = 200
"""More waits than this on one dispute is a fault in a caller, not a case."""


class Severity(StrEnum):
    """How hard a dispute presses; deadlines are set by it."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class Category(Struct, frozen=True, gc=False):
    """What the dispute is about, how sure we are, and whether a person must look."""

    name: str
    confidence: float
    needs_person: bool
    secondary: tuple[str, ...] = ()
    issue: str | None = None
    """What it is about more closely, by the names of the taxonomy in use."""


class Wait(Struct, frozen=True, gc=False):
    """A time during which the dispute waited for somebody; `until` is None while it still does."""

    since: datetime
    until: datetime | None
    on: str


class Remedy(Struct, frozen=True, gc=False):
    """What was given; an amount only where money moves."""

    kind: str
    amount: Money | None = None


class Dispute(Struct, frozen=True, gc=False):
    """One dispute. Personal data and free text are kept beside it, not in it.

    `version` counts changes that a caller decides on (it is the ETag); `sequence` counts events of its history, and
    `head` is the hash of the newest one. `tier` and `handler` are None until escalation has taken the dispute up.
    """

    id: UUID
    reference: str
    version: int
    sequence: int
    head: bytes
    status: Status
    stage: Stage
    tier: int | None
    handler: str | None
    outcome: Outcome | None
    remedy: Remedy | None
    severity: Severity
    category: Category
    signals: tuple[str, ...]
    channel: str
    amount: Money | None
    order_reference: str | None
    product: str | None
    purchased_on: date | None
    remedy_sought: str | None
    customer_id: UUID
    customer_class: str
    jurisdiction: str | None
    language: str
    time_zone: str | None
    filed_by: UUID | None
    policy_version: int | None
    prior_disputes: int
    contact_count: int
    reopen_count: int
    waits: tuple[Wait, ...]
    received_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None = None
    responded_at: datetime | None = None
    informed_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether it is still unresolved, so that tiers climb."""
        return self.status in ACTIVE

    @property
    def waiting(self) -> Wait | None:
        """The wait that is still open, if any."""
        last = self.waits[-1] if self.waits else None
        return last if last is not None and last.until is None else None

    def after(self, trigger: Trigger, now: datetime, *, waiting_on: str | None = None) -> "Dispute":
        """The dispute after a legal move, with the marks that the move leaves.

        Raises:
            IllegalTransition: the lifecycle has no such move from here.
            Conflict: it has waited more often than any case can.
        """
        status = move(self.status, trigger)
        changed = altered(self, status=status, version=self.version + 1, updated_at=now)
        changed = altered(changed, waits=_waits_after(self, status, now, waiting_on))
        return _marked(changed, trigger, now)

    def changed(self, now: datetime, **fields: object) -> "Dispute":
        """The dispute with other facts and the next version."""
        return altered(self, version=self.version + 1, updated_at=now, **fields)


def _waits_after(before: Dispute, status: Status, now: datetime, waiting_on: str | None) -> tuple[Wait, ...]:
    """Closes the open wait when the dispute leaves it, and opens the next."""
    waits = before.waits
    if before.waiting is not None:
        # `now` is when the transaction began: one that waited for the row's lock may be older than the wait it ends.
        waits = (*waits[:-1], altered(waits[-1], until=max(now, waits[-1].since)))
    if status.startswith("awaiting_"):
        waits = (*waits, Wait(now, None, waiting_on or status.removeprefix("awaiting_")))
    if len(waits) > WAITS_MAX:
        raise Conflict(f"This dispute has already waited {WAITS_MAX} times.")
    return waits


def _marked(dispute: Dispute, trigger: Trigger, now: datetime) -> Dispute:
    match trigger:
        case Trigger.RESOLVE:
            return altered(dispute, resolved_at=now)
        case Trigger.REOPEN | Trigger.REQUEST_STAGE_2:
            return _opened_again(dispute, trigger)
        case Trigger.REFER_EXTERNAL:
            return altered(dispute, stage=Stage.EXTERNAL, closed_at=None)
        case _ if dispute.status in ENDED:
            return altered(dispute, closed_at=now)
        case _:
            return dispute


def _opened_again(dispute: Dispute, trigger: Trigger) -> Dispute:
    stage = Stage.INTERNAL_2 if trigger is Trigger.REQUEST_STAGE_2 else dispute.stage
    return altered(
        dispute,
        stage=stage,
        outcome=None,
        remedy=None,
        resolved_at=None,
        closed_at=None,
        reopen_count=dispute.reopen_count + 1,
    )


__all__ = [
    "ACTIVE",
    "CATEGORIES",
    "CUSTOMER_CLASSES",
    "ENDED",
    "REMEDIES",
    "SETTLED",
    "Category",
    "Dispute",
    "Remedy",
    "Severity",
    "Wait",
]
