"""Moves by hand: wait, resume, move along the lifecycle, ask for a higher tier or another handler."""

from fastapi import Response

from services.intake.api.case import CaseWork, casework_router, refusals
from services.intake.api.deps import Parts
from services.intake.api.schemas_assignments import AssignIn
from services.intake.api.schemas_casework import CaseOut, EscalateIn, MoveIn, ReasonIn, WaitIn
from services.intake.commands.assign import ask_for_handler
from services.intake.commands.converse import NewMessage
from services.intake.commands.escalate import ask_for_tier
from services.intake.commands.move import move_by_hand
from services.intake.commands.wait import resume, wait_for
from services.intake.links import path_of

router = casework_router()


@router.post(
    "/wait",
    operation_id="waitForSomebody",
    summary="Wait for the customer, a department or a third party",
    response_model=CaseOut,
    responses=refusals("conflict"),
)
async def wait_for_somebody(case: CaseWork, body: WaitIn) -> Response:
    """The wait begins now; while it is for the customer, deadlines that may pause do."""
    asked = None
    if body.message is not None:
        asked = NewMessage(
            direction="out", channel=body.channel, author="agent", author_name=case.caller.name, body=body.message
        )
    dispute = await wait_for(
        case.tx,
        case.dispute,
        body.party,
        reason=body.reason,
        message=asked,
        by=case.caller.name,
        actor=case.caller.actor,
    )
    return await case.show(dispute)


@router.post(
    "/resume",
    operation_id="resumeDispute",
    summary="Take the work up again",
    response_model=CaseOut,
    responses=refusals(),
)
async def resume_dispute(case: CaseWork, body: ReasonIn | None = None) -> Response:
    """Ends the wait now."""
    reason = body.reason if body is not None else None
    return await case.show(
        await resume(case.tx, case.dispute, reason=reason, by=case.caller.name, actor=case.caller.actor)
    )


@router.post(
    "/move",
    operation_id="moveDispute",
    summary="Move along the lifecycle",
    response_model=CaseOut,
    responses=refusals(),
)
async def move_dispute(case: CaseWork, body: MoveIn) -> Response:
    """Moves without an address of their own: triage, forward, reject, investigate, assess, second stage, outside bodies."""
    dispute = await move_by_hand(
        case.tx, case.dispute, body.move, reason=body.reason, by=case.caller.name, actor=case.caller.actor
    )
    return await case.show(dispute)


@router.post(
    "/escalate",
    operation_id="escalateDispute",
    summary="Ask for a higher tier",
    status_code=202,
    response_model=CaseOut,
    response_description="The wish is recorded; the escalation service climbs within moments.",
    responses=refusals("conflict"),
)
async def escalate_dispute(case: CaseWork, body: EscalateIn, parts: Parts) -> Response:
    """The next tier, or the one named. The reason is kept as an internal note."""
    dispute = await ask_for_tier(
        case.tx,
        case.dispute,
        await parts.matrix.get(case.tx),
        reason=body.reason,
        to_tier=body.to_tier,
        by=case.caller.name,
        actor=case.caller.actor,
    )
    return await case.show(dispute, 202, {"location": path_of(dispute.id)})


@router.post(
    "/assign",
    operation_id="assignDispute",
    summary="Hand over to another handler",
    status_code=202,
    response_model=CaseOut,
    response_description="The wish is recorded; the escalation service hands the dispute over within moments.",
    responses=refusals("conflict", "not_permitted"),
)
async def assign_dispute(case: CaseWork, body: AssignIn, parts: Parts) -> Response:
    """To anybody the matrix knows who is present, has room, and no conflict of interest; a lead may override the last two.

    From, to, reason and who wanted it stand in the history; the new handler and the customer are told.
    """
    dispute = await ask_for_handler(
        case.tx,
        case.dispute,
        await parts.matrix.get(case.tx),
        handler=body.handler,
        reason=body.reason,
        override=body.override,
        caller=case.caller,
    )
    return await case.show(dispute, 202, {"location": path_of(dispute.id)})
