"""What belongs to a dispute: the same matter told twice, a matter that came back, the same text from other customers."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.api.case import Case, CaseWork, casework_router, refusals
from services.intake.api.deps import InTx, dispute_for, require
from services.intake.api.fields import Body, Line200
from services.intake.api.schemas_casework import CaseOut
from services.intake.commands.relate import Linked, Proposed, link, related, unlink
from services.intake.security import Caller
from shared.db.clusters import Cluster
from shared.domain.dispute import Dispute
from shared.domain.relating import LinkKind, Relation

router = casework_router()

Reader = Annotated[Caller, Depends(require("disputes:read"))]
LISTED_MAX: Final = 100


class LinkIn(Body):
    """The other dispute, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"dispute": "0198c0de-0000-7000-8000-000000000001", "reason": "the same charge, sent by mail and chat"}
            ]
        }
    )
    dispute: UUID = Field(description="The id of the other dispute.")
    reason: Line200 = Field(description="Kept with the link; no personal data.")


class OtherOut(BaseModel):
    """A dispute on the other side. Nothing of its text and nobody's name is told."""

    id: UUID
    reference: str = Field(examples=["D-2026-000123"])
    status: str
    outcome: str | None
    category: str
    same_customer: bool
    received_at: datetime
    resolved_at: datetime | None

    @classmethod
    def of(cls, other: Dispute, this: Dispute) -> "OtherOut":
        """How it is shown beside this one."""
        return cls(
            id=other.id,
            reference=other.reference,
            status=other.status,
            outcome=other.outcome,
            category=other.category.name,
            same_customer=other.customer_id == this.customer_id,
            received_at=other.received_at,
            resolved_at=other.resolved_at,
        )


class ProposalOut(BaseModel):
    """What the dispute asked about seems to be to another one."""

    kind: Relation = Field(description="Read it as: this dispute is `duplicate_of` that one.")
    score: float = Field(ge=0, le=1, description="Orders the proposals; no probability.")
    reasons: list[str] = Field(examples=[["the same customer", "the same order reference, 2 days apart"]])
    dispute: OtherOut

    @classmethod
    def of(cls, each: Proposed, this: Dispute) -> "ProposalOut":
        """How a caller sees it."""
        relation, score, reasons = each.proposal
        return cls(kind=relation, score=score, reasons=list(reasons), dispute=OtherOut.of(each.other, this))


class LinkOut(BaseModel):
    """What a person said."""

    kind: LinkKind
    from_here: bool = Field(description="Whether it was said of this dispute; else of the other one.")
    author: str = Field(examples=["principal:0198c0de-0000-7000-8000-000000000002"])
    reason: str
    created_at: datetime
    dispute: OtherOut

    @classmethod
    def of(cls, each: Linked, this: Dispute) -> "LinkOut":
        """How a caller sees it."""
        said = each.link
        return cls(
            kind=LinkKind(said.kind),
            from_here=said.dispute_id == this.id,
            author=said.author,
            reason=said.reason,
            created_at=said.created_at,
            dispute=OtherOut.of(each.other, this),
        )


class InClusterOut(BaseModel):
    """The cluster that the dispute is in."""

    id: UUID
    state: str = Field(description="proposed, accepted or dismissed.")
    label: str | None = Field(description="The incident's name, once it is accepted.")
    size: int

    @classmethod
    def of(cls, found: Cluster | None) -> "InClusterOut | None":
        """How a caller sees it."""
        if found is None:
            return None
        return cls(id=found.id, state=found.state, label=found.label, size=found.size)


class RelatedOut(BaseModel):
    """What belongs to a dispute."""

    proposals: list[ProposalOut] = Field(
        description="Those of one matter first, then the strongest; pairs of which a person has spoken are gone."
    )
    has_more: bool = Field(description="Whether there are weaker ones beyond the limit.")
    links: list[LinkOut] = Field(description="What people said, the newest first.")
    cluster: InClusterOut | None = Field(description="None too for keys that see only what they filed.")


@router.get("/related", operation_id="listRelated", summary="What belongs to this dispute")
async def list_related(
    dispute_id: UUID,
    caller: Reader,
    tx: InTx,
    limit: Annotated[int, Query(ge=1, le=LISTED_MAX, description="Proposals at most.")] = 20,
) -> RelatedOut:
    """Duplicates, repeats and near-same texts, each with its reasons, worked out now from indexes.

    A support for a person, who decides with `duplicate-of`, `repeat-of` or `not-related`.
    """
    dispute = await dispute_for(tx, caller, dispute_id)
    found = await related(tx, dispute, filed_by=caller.principal_id if caller.only_own else None)
    return RelatedOut(
        proposals=[ProposalOut.of(each, dispute) for each in found.proposed[:limit]],
        has_more=len(found.proposed) > limit,
        links=[LinkOut.of(each, dispute) for each in found.linked],
        cluster=InClusterOut.of(found.cluster),
    )


@router.post(
    "/duplicate-of",
    operation_id="markDuplicate",
    summary="Say that it is a duplicate",
    response_model=CaseOut,
    responses=refusals("conflict"),
)
async def mark_duplicate(case: CaseWork, body: LinkIn) -> Response:
    """This dispute tells the same matter as another one. It stays open with its promises until it gets its own answer."""
    return await _link(case, body, LinkKind.DUPLICATE)


@router.post(
    "/repeat-of",
    operation_id="markRepeat",
    summary="Say that the matter came back",
    response_model=CaseOut,
    responses=refusals("conflict"),
)
async def mark_repeat(case: CaseWork, body: LinkIn) -> Response:
    """This dispute is about a matter that another one had ended."""
    return await _link(case, body, LinkKind.REPEAT)


@router.post(
    "/not-related",
    operation_id="refuseRelated",
    summary="Refuse a proposal",
    response_model=CaseOut,
    responses=refusals("conflict"),
)
async def refuse_related(case: CaseWork, body: LinkIn) -> Response:
    """The two have nothing to do with each other; the pair is not proposed again, from either side."""
    return await _link(case, body, LinkKind.UNRELATED)


@router.post(
    "/unlink",
    operation_id="unlinkDispute",
    summary="Undo what was said of a pair",
    response_model=CaseOut,
    responses=refusals(),
)
async def unlink_dispute(case: CaseWork, body: LinkIn) -> Response:
    """Of whichever kind, from the side it was said from; the history keeps both."""
    return await case.show(await unlink(case.tx, case.dispute, body.dispute, reason=body.reason, caller=case.caller))


async def _link(case: Case, body: LinkIn, kind: LinkKind) -> Response:
    return await case.show(
        await link(case.tx, case.dispute, body.dispute, kind, reason=body.reason, caller=case.caller)
    )
