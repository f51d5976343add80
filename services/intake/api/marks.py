"""Marks: facts of a dispute on which the milestones of regulatory regimes start, and by which they are met."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, Field

from services.intake.api.case import CaseWork, casework_router, refusals
from services.intake.api.deps import InTx, dispute_for, require
from services.intake.api.fields import Body, Instant, Line200
from services.intake.api.schemas_casework import CaseOut
from services.intake.commands.mark import NAMES, mark
from services.intake.security import Caller
from shared.db import marks

router = casework_router("clocks")

Reader = Annotated[Caller, Depends(require("disputes:read"))]


class MarkIn(Body):
    """A fact, and since when it is one."""

    name: Literal[NAMES]  # type: ignore[valid-type] # the command's own list
    at: Instant | None = Field(default=None, description="When it was so, not in the future; now when left out.")
    note: Line200 | None = Field(default=None, description="Kept with the mark; no personal data.")


class MarkOut(BaseModel):
    """A fact that was reported."""

    name: str = Field(examples=["provisional_credit_given"])
    at: datetime
    actor: str
    note: str | None
    created_at: datetime


class MarkListOut(BaseModel):
    """The facts of a dispute, in order."""

    items: list[MarkOut]


@router.post(
    "/marks",
    operation_id="markDispute",
    summary="Report a fact",
    response_model=CaseOut,
    responses=refusals("conflict"),
)
async def mark_dispute(case: CaseWork, body: MarkIn) -> Response:
    """Milestones that start on it start at its instant, and those it meets are met then, in time or late."""
    return await case.show(
        await mark(case.tx, case.dispute, body.name, at=body.at, note=body.note, actor=case.caller.actor)
    )


@router.get("/marks", operation_id="listMarks", summary="Read the facts reported")
async def list_marks(dispute_id: UUID, caller: Reader, tx: InTx) -> MarkListOut:
    """Each with who reported it, and since when it is so."""
    dispute = await dispute_for(tx, caller, dispute_id)
    return MarkListOut(items=[MarkOut(**each._asdict()) for each in await marks.listed(tx, dispute.id)])
