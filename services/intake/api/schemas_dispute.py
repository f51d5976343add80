"""A dispute as it is read, whole and in lists, and the corrections it may be given."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.intake import links
from services.intake.api.fields import (
    Body,
    Day,
    Flag,
    IssueName,
    Jurisdiction,
    Language,
    Line100,
    Line200,
    Metadata,
    MoneyIn,
    MoneyOut,
    TimeZone,
)
from services.intake.api.schemas_casework import CaseOut, money_out
from services.intake.api.schemas_filing import CategoryOut, LinksOut, SignalOut
from services.intake.categorise.languages import language_of
from services.intake.categorise.reading import normalised
from services.intake.parts import IntakeParts
from shared.db.privates import PrivateSide
from shared.db.search import Listed
from shared.domain.dispute import CATEGORIES, CUSTOMER_CLASSES, REMEDIES, Dispute, Severity
from shared.domain.money import Money

NEVER_NULL: Final = ("category", "severity", "customer_class", "language", "metadata", "needs_person")


class CustomerOut(BaseModel):
    """Who complains."""

    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    reference: str | None
    language: str
    customer_class: str
    jurisdiction: str | None
    time_zone: str | None


class PartyOut(BaseModel):
    """Somebody else involved."""

    role: str
    name: str
    email: str | None = None
    phone: str | None = None
    reference: str | None = None


class DisputeOut(CaseOut):
    """Everything known of one dispute itself; its history, messages and clocks have addresses of their own."""

    severity: str
    category: CategoryOut
    signals: list[SignalOut]
    channel: str
    customer: CustomerOut
    subject: str
    description: str
    amount: MoneyOut | None
    order_reference: str | None
    product: str | None
    purchased_on: date | None
    remedy_sought: str | None
    parties: list[PartyOut]
    metadata: dict[str, str]
    resolution: str | None = Field(description="The decision as it was explained to the customer.")
    prior_disputes: int
    policy_version: int | None
    filed_by: UUID | None
    received_at: datetime
    acknowledged_at: datetime | None
    informed_at: datetime | None
    erased_at: datetime | None
    links: LinksOut

    @classmethod
    def whole(cls, parts: IntakeParts, dispute: Dispute, private: PrivateSide) -> "DisputeOut":
        """The dispute with its private side."""
        return cls(
            **dict(CaseOut.of(dispute)),
            severity=dispute.severity,
            category=_category(dispute, private),
            signals=_signals(dispute, private),
            channel=dispute.channel,
            customer=_customer(dispute, private),
            subject=private.subject,
            description=private.description,
            amount=money_out(dispute.amount),
            order_reference=dispute.order_reference,
            product=dispute.product,
            purchased_on=dispute.purchased_on,
            remedy_sought=dispute.remedy_sought,
            parties=[PartyOut(**party) for party in private.parties],
            metadata=dict(dispute.metadata),
            resolution=private.resolution,
            prior_disputes=dispute.prior_disputes,
            policy_version=dispute.policy_version,
            filed_by=dispute.filed_by,
            received_at=dispute.received_at,
            acknowledged_at=dispute.acknowledged_at,
            informed_at=dispute.informed_at,
            erased_at=private.erased_at,
            links=LinksOut(**links.links(parts, dispute.id)),
        )


class ListedOut(BaseModel):
    """A dispute in a list."""

    id: UUID
    reference: str
    version: int
    status: str
    stage: str
    tier: int | None
    handler: str | None
    severity: str
    category: str
    issue: str | None
    needs_person: bool
    signals: list[str]
    channel: str
    customer_id: UUID
    customer_name: str | None
    subject: str
    amount: MoneyOut | None
    received_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, listed: Listed) -> "ListedOut":
        """What a list tells of it."""
        dispute = listed.dispute
        return cls(
            id=dispute.id,
            reference=dispute.reference,
            version=dispute.version,
            status=dispute.status,
            stage=dispute.stage,
            tier=dispute.tier,
            handler=dispute.handler,
            severity=dispute.severity,
            category=dispute.category.name,
            issue=dispute.category.issue,
            needs_person=dispute.category.needs_person,
            signals=list(dispute.signals),
            channel=dispute.channel,
            customer_id=dispute.customer_id,
            customer_name=listed.customer_name,
            subject=listed.subject,
            amount=money_out(dispute.amount),
            received_at=dispute.received_at,
            updated_at=dispute.updated_at,
        )


class DisputePageOut(BaseModel):
    """Disputes, newest first. A page may be short, even empty, and still have a next one: then go on with the cursor."""

    items: list[ListedOut]
    has_more: bool
    next_cursor: str | None


class EntryOut(BaseModel):
    """One event of a history: what, when, by whom, and the hash that chains it to the one before."""

    sequence: int
    id: UUID
    type: str = Field(examples=["dispute.filed"])
    occurred_at: datetime
    actor: str = Field(examples=["principal:0191f3c4-0000-7000-8000-000000000000"])
    data: dict[str, Any]
    hash: str = Field(description="SHA-256, hexadecimal.")


class ChainOut(BaseModel):
    """Whether the history is as it was written, as far as a page of at most 10,000 events tells."""

    intact: bool
    first_break: int | None = Field(
        description="The sequence of the first event that does not follow from those before."
    )
    events: int
    head: str


class HistoryOut(BaseModel):
    """A page of a history in its order."""

    items: list[EntryOut]
    has_more: bool
    next_after: int | None
    chain: ChainOut | None = None


class CorrectionIn(Body):
    """Facts to correct; a field that is left out stays. A field set to null is emptied where it may be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"category": "warranty", "reason": "misread"}]})

    category: Literal[CATEGORIES] | None = None  # type: ignore[valid-type] # the domain's own list
    issue: IssueName | None = None
    needs_person: Flag | None = None
    severity: Severity | None = None
    customer_class: Literal[CUSTOMER_CLASSES] | None = None  # type: ignore[valid-type] # the domain's own list
    amount: MoneyIn | None = None
    order_reference: Line100 | None = None
    product: Line200 | None = None
    purchased_on: Day | None = None
    remedy_sought: Literal[REMEDIES] | None = None  # type: ignore[valid-type] # the domain's own list
    language: Language | None = None
    jurisdiction: Jurisdiction | None = None
    time_zone: TimeZone | None = None
    metadata: Metadata | None = None
    reason: Annotated[
        Literal["misread", "customer_said", "evidence", "mistake", "other"] | None,
        Field(description="Why, as a word for the history."),
    ] = None

    @model_validator(mode="after")
    def _something_changes(self) -> Self:
        given = self.model_fields_set - {"reason"}
        if not given:
            raise ValueError("Give at least one field to correct.")
        for name in sorted(given & set(NEVER_NULL)):
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null.")
        return self

    def facts(self) -> dict[str, Any]:
        """The fields to change, as the command takes them.

        Raises:
            InvalidValue: an amount that its currency does not allow.
        """
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set - {"reason"}}
        if self.amount is not None:
            given["amount"] = Money.of(self.amount.value, self.amount.currency)
        return given


def _category(dispute: Dispute, private: PrivateSide) -> CategoryOut:
    category = dispute.category
    return CategoryOut(
        name=category.name,
        issue=category.issue,
        confidence=category.confidence,
        needs_person=category.needs_person,
        language=language_of(normalised(f"{private.subject}\n{private.description}")).code,
        reasons=list(private.reasons),
        secondary=list(category.secondary),
    )


def _signals(dispute: Dispute, private: PrivateSide) -> list[SignalOut]:
    evidence = {each["name"]: each["evidence"] for each in private.evidence}
    return [SignalOut(name=name, evidence=evidence.get(name)) for name in dispute.signals]


def _customer(dispute: Dispute, private: PrivateSide) -> CustomerOut:
    return CustomerOut(
        id=dispute.customer_id,
        name=private.name,
        email=private.email,
        phone=private.phone,
        reference=private.customer_reference,
        language=dispute.language,
        customer_class=dispute.customer_class,
        jurisdiction=dispute.jurisdiction,
        time_zone=dispute.time_zone,
    )
