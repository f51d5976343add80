"""Feedback: what the customer says about how it went."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.intake.api.case import CustomerSide, casework_router, refusals
from services.intake.api.deps import InTx, dispute_for, require
from services.intake.api.schemas_casework import CaseOut, FeedbackIn, FeedbackListOut, FeedbackOut
from services.intake.commands.feedback import Answer, give
from services.intake.security import Caller
from shared.db import feedback

router = casework_router()


@router.post(
    "/feedback",
    operation_id="giveFeedback",
    summary="Record the customer's feedback",
    response_model=CaseOut,
    responses=refusals("conflict"),
)
async def give_feedback(case: CustomerSide, body: FeedbackIn) -> Response:
    """Once for each decision; whether it is solved may be added later to a rating that left it open.

    Not solved reopens the dispute; solved confirms it, and closes it after the follow-up.
    """
    answer = Answer(rating=body.rating, effort=body.effort, solved=body.solved, comment=body.comment)
    return await case.show(await give(case.tx, case.dispute, answer, channel="api", actor=case.caller.actor))


@router.get("/feedback", operation_id="listFeedback", summary="Read the customer's feedback")
async def list_feedback(
    dispute_id: UUID, caller: Annotated[Caller, Depends(require("disputes:read"))], tx: InTx
) -> FeedbackListOut:
    """Every answer, the first first."""
    dispute = await dispute_for(tx, caller, dispute_id)
    given = await feedback.of_dispute(tx, dispute.id)
    return FeedbackListOut(items=[FeedbackOut.model_validate(each, from_attributes=True) for each in given])
