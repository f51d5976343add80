"""Outside bodies: refer a dispute to one, take its decision back, and see by when it must be carried out."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Depends, Response
from pydantic import AfterValidator, BaseModel, Field, model_validator

from services.intake.api.case import CaseWork, casework_router, refusals
from services.intake.api.deps import InTx, dispute_for, require
from services.intake.api.extensions import one_term
from services.intake.api.fields import Body, Instant, Line100, Line200, MoneyIn, MoneyOut, Prose
from services.intake.api.schemas_casework import CaseOut, money_out
from services.intake.commands.refer import Outside, Verdict, expect, refer, take_back
from services.intake.security import Caller
from shared.db import referrals
from shared.db.referrals import Referral
from shared.domain.dispute import REMEDIES, Remedy
from shared.domain.money import Money
from shared.domain.referral import ExternalOutcome

router = casework_router()

Worker = Annotated[Caller, Depends(require("cases:work"))]


class ReferIn(Body):
    """To whom the dispute goes, and why."""

    body: Line200 | None = Field(default=None, description="The body's name.", examples=["Financial Ombudsman Service"])
    reference: Line100 | None = Field(default=None, description="Their own reference.")
    expected_at: Instant | None = Field(default=None, description="When they announced to answer.")
    reason: Prose | None = Field(default=None, description="Kept as an internal note.")


class ExpectIn(Body):
    """When the outside body announced to answer."""

    expected_at: Instant = Field(description="In the future.")


class ExternalDecisionIn(Body):
    """What the body decided, and by when it is to be carried out."""

    outcome: ExternalOutcome | None = None
    decided_at: Instant | None = Field(default=None, description="Not in the future; now when left out.")
    remedy: Literal[REMEDIES] | None = None  # type: ignore[valid-type] # the domain's own list
    amount: MoneyIn | None = None
    comply_by: Instant | None = Field(default=None, description="Until when; after the decision.")
    comply_within: Annotated[Line100, AfterValidator(one_term)] | None = Field(
        default=None, description="How long after the decision; 28 calendar days when the outcome asks for anything."
    )
    reason: Prose | None = Field(default=None, description="Kept as an internal note.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.comply_by is not None and self.comply_within is not None:
            raise ValueError("Give either comply_by or comply_within.")
        if self.amount is not None and self.remedy is None:
            raise ValueError("An amount needs the remedy it belongs to.")
        return self


class ReferralOut(BaseModel):
    """A referral and where it stands."""

    id: UUID
    body: str | None
    reference: str | None
    state: str = Field(description="referred, decided, complied, breached or closed.")
    referred_at: datetime
    referred_by: str
    expected_at: datetime | None
    decided_at: datetime | None
    outcome: str | None
    remedy: str | None
    amount: MoneyOut | None
    comply_by: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, found: Referral) -> "ReferralOut":
        """How a caller sees it."""
        amount, currency = found.remedy_amount, found.remedy_currency
        money = None if amount is None or currency is None else Money(amount, currency)
        facts = {name: getattr(found, name) for name in cls.model_fields if name != "amount"}
        return cls(**facts, amount=money_out(money))


class ReferralListOut(BaseModel):
    """The referrals of a dispute, the newest first."""

    items: list[ReferralOut]


@router.post(
    "/refer",
    operation_id="referDispute",
    summary="Refer to an external body",
    response_model=CaseOut,
    responses=refusals(),
)
async def refer_dispute(case: CaseWork, body: ReferIn | None = None) -> Response:
    """The dispute lies with an ombudsman, an ADR body or a card network until its decision is recorded."""
    told = body or ReferIn()
    outside = Outside(told.body, told.reference, told.expected_at)
    return await case.show(await refer(case.tx, case.dispute, outside, reason=told.reason, caller=case.caller))


@router.post(
    "/expected-answer",
    operation_id="expectExternalAnswer",
    summary="Record when an external body will answer",
    response_model=CaseOut,
    responses=refusals("conflict"),
)
async def expect_answer(case: CaseWork, body: ExpectIn) -> Response:
    """The clock `referral:answer` runs until then; when it runs out without a decision, those who have the dispute are told."""
    return await case.show(await expect(case.tx, case.dispute, body.expected_at, case.caller))


@router.post(
    "/external-decision",
    operation_id="recordExternalDecision",
    summary="Record an external body's decision",
    response_model=CaseOut,
    responses=refusals("cannot_promise"),
)
async def record_external_decision(case: CaseWork, body: ExternalDecisionIn | None = None) -> Response:
    """The decision is back in the house; carry it out and resolve, investigate, or close.

    A decision that asks for something has a time of its own: if the dispute is not settled by then, this is told once and
    the dispute goes to the tier above.
    """
    told = body or ExternalDecisionIn()
    amount = None if told.amount is None else Money.of(told.amount.value, told.amount.currency)
    remedy = None if told.remedy is None else Remedy(told.remedy, amount)
    verdict = Verdict(told.outcome, told.decided_at, remedy, told.comply_by, told.comply_within)
    return await case.show(await take_back(case.tx, case.dispute, verdict, reason=told.reason, caller=case.caller))


@router.get("/referrals", operation_id="listReferrals", summary="Referrals to external bodies")
async def list_referrals(dispute_id: UUID, caller: Worker, tx: InTx) -> ReferralListOut:
    """To whom, what they decided, by when it is to be carried out, and whether it was; at most the newest 100."""
    dispute = await dispute_for(tx, caller, dispute_id)
    return ReferralListOut(items=[ReferralOut.of(each) for each in await referrals.listed(tx, dispute.id)])
