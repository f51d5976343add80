"""Questions to expert desks, each with its own deadline."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, Field, model_validator

from services.intake.api.case import CaseWork, casework_router, refusals
from services.intake.api.clocks import Shelf
from services.intake.api.deps import InTx, Parts, dispute_for, require
from services.intake.api.fields import Body, Line100, Prose
from services.intake.api.schemas_casework import ReasonIn
from services.intake.commands import consult
from services.intake.commands.consult import Wanted
from services.intake.links import path_of
from services.intake.security import Caller
from shared.db import experts
from shared.db.experts import Shown

router = casework_router()

Worker = Annotated[Caller, Depends(require("cases:work"))]


class ExpertRequestIn(Body):
    """Whom to ask, and what."""

    desk: Line100 | None = Field(
        None, description="The short name of a desk under `experts` of the matrix.", examples=["fraud"]
    )
    skill: Line100 | None = Field(
        None, description="In place of a desk: the one with this skill that has the fewest questions waiting."
    )
    question: Prose

    @model_validator(mode="after")
    def _asks_one(self) -> Self:
        if (self.desk is None) == (self.skill is None):
            raise ValueError("give desk or skill")
        return self


class ExpertAnswerIn(Body):
    """What the experts say."""

    answer: Prose


class ExpertRequestOut(BaseModel):
    """A question and where it stands."""

    id: UUID
    desk: str
    state: str = Field(description="open, answered, overdue or withdrawn.")
    question: str | None
    answer: str | None
    asked_by: str
    threshold: str | None = Field(description="The rule of the matrix that called them; null when a person asked.")
    asked_at: datetime
    due_at: datetime
    reminders: int
    answered_by: str | None
    answered_at: datetime | None
    overdue_at: datetime | None
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, shown: Shown) -> "ExpertRequestOut":
        """How a caller sees it."""
        request = shown.request
        facts = {name: getattr(request, name) for name in cls.model_fields if name not in {"question", "answer"}}
        return cls(**facts, question=shown.question, answer=shown.answer)


class ExpertRequestListOut(BaseModel):
    """The questions of a dispute, the newest first."""

    items: list[ExpertRequestOut]


@router.post(
    "/expert-requests",
    operation_id="askExpert",
    summary="Ask an expert desk",
    status_code=201,
    response_model=ExpertRequestOut,
    responses=refusals("conflict", "policy_fault", "cannot_promise"),
)
async def ask_expert(case: CaseWork, body: ExpertRequestIn, parts: Parts, shelf: Shelf) -> Response:
    """The desk is told by mail, is reminded on the way, and has the time that the matrix gives it.

    Overdue is told once, and the dispute goes to the tier above; an answer is still taken then.
    """
    made = await consult.ask(
        case.tx,
        case.dispute,
        await parts.matrix.get(case.tx),
        await shelf.get(case.tx.now),
        wanted=Wanted(body.desk, body.skill),
        question=body.question,
        caller=case.caller,
    )
    place = f"{path_of(case.dispute.id)}/expert-requests/{made.request.id}"
    return await case.once.reply(201, ExpertRequestOut.of(made), {"location": place})


@router.get("/expert-requests", operation_id="listExpertRequests", summary="Questions to experts")
async def list_expert_requests(dispute_id: UUID, caller: Worker, tx: InTx) -> ExpertRequestListOut:
    """With their answers; at most the newest 200."""
    dispute = await dispute_for(tx, caller, dispute_id)
    return ExpertRequestListOut(items=[ExpertRequestOut.of(each) for each in await experts.listed(tx, dispute.id)])


@router.get("/expert-requests/{request_id}", operation_id="getExpertRequest", summary="Read a question to experts")
async def get_expert_request(dispute_id: UUID, request_id: UUID, caller: Worker, tx: InTx) -> ExpertRequestOut:
    """With its answer."""
    dispute = await dispute_for(tx, caller, dispute_id)
    return ExpertRequestOut.of(await experts.get(tx, dispute.id, request_id))


@router.post(
    "/expert-requests/{request_id}/answer",
    operation_id="answerExpertRequest",
    summary="Record an expert's answer",
    response_model=ExpertRequestOut,
    responses=refusals("conflict"),
)
async def answer_expert_request(case: CaseWork, request_id: UUID, body: ExpertAnswerIn) -> Response:
    """Kept as an internal note; the handler is told by mail."""
    answered = await consult.answer(case.tx, case.dispute, request_id, text=body.answer, caller=case.caller)
    return await case.once.reply(200, ExpertRequestOut.of(answered))


@router.post(
    "/expert-requests/{request_id}/withdraw",
    operation_id="withdrawExpertRequest",
    summary="Withdraw a question to experts",
    response_model=ExpertRequestOut,
    responses=refusals("conflict"),
)
async def withdraw_expert_request(case: CaseWork, request_id: UUID, body: ReasonIn | None = None) -> Response:
    """No answer is waited for any more; a reason is kept as an internal note."""
    reason = body.reason if body is not None else None
    withdrawn = await consult.withdraw(case.tx, case.dispute, request_id, reason=reason, caller=case.caller)
    return await case.once.reply(200, ExpertRequestOut.of(withdrawn))
