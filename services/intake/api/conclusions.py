"""Conclusions: decide, confirm, close, open again, withdraw."""

from fastapi import Request, Response

from services.intake.api.case import Case, CaseWork, CustomerSide, casework_router, refusals
from services.intake.api.deps import Parts
from services.intake.api.schemas_casework import CaseOut, CloseIn, ReasonIn, ReopenIn, ResolveIn
from services.intake.commands import conclude
from services.intake.commands.conclude import BeyondAuthority, Decision
from services.intake.commands.converse import add_message, note
from services.intake.problems import problem_of, respond
from shared.db import idempotency as kept
from shared.domain.dispute import Remedy
from shared.domain.errors import AuthorityExceeded
from shared.domain.money import Money

router = casework_router()


@router.post(
    "/resolve",
    operation_id="resolveDispute",
    summary="Give a decision",
    response_model=CaseOut,
    response_description="The decision is recorded; the customer is told.",
    responses=refusals("authority_exceeded"),
)
async def resolve_dispute(case: CaseWork, body: ResolveIn, parts: Parts, request: Request) -> Response:
    """What was found, what is given, and why.

    A remedy above the limit of the caller's tier is refused with 403, which names the limit and the tier that may promise
    it, and the dispute is escalated to that tier at once.
    """
    amount = None if body.amount is None else Money.of(body.amount.value, body.amount.currency)
    remedy = None if body.remedy is None else Remedy(body.remedy, amount)
    decision = Decision(outcome=body.outcome, explanation=body.explanation, remedy=remedy)
    matrix = await parts.matrix.get(case.tx)
    resolved = await conclude.resolve(case.tx, case.dispute, matrix, decision, case.caller)
    if isinstance(resolved, BeyondAuthority):
        return await _refused(case, request, resolved.error)
    return await case.show(resolved)


async def _refused(case: Case, request: Request, error: AuthorityExceeded) -> Response:
    """The 403, answered and not raised: the escalation it caused is to be committed, once for an Idempotency-Key."""
    response = respond(request, problem_of(error))
    if case.once.key is not None:
        told = {"content-type": response.headers["content-type"]}
        reply = kept.Reply(case.once.mark, response.status_code, told, bytes(response.body))
        await kept.keep(case.tx, {case.once.key: reply})
    return response


@router.post(
    "/confirm",
    operation_id="confirmResolution",
    summary="The customer confirms the resolution",
    response_model=CaseOut,
    responses=refusals(),
)
async def confirm_resolution(case: CustomerSide) -> Response:
    """Recorded on the customer's behalf. After the follow-up was asked it closes the dispute as well."""
    return await case.show(await conclude.confirm(case.tx, case.dispute, by="agent", actor=case.caller.actor))


@router.post("/close", operation_id="closeDispute", summary="Close", response_model=CaseOut, responses=refusals())
async def close_dispute(case: CaseWork, body: CloseIn | None = None) -> Response:
    """Possible once a decision was given, by the house or by an external body."""
    told = body or CloseIn()
    dispute = await conclude.close(case.tx, case.dispute, because=told.because, actor=case.caller.actor)
    if told.reason is not None:
        dispute, _ = await add_message(case.tx, dispute, note(told.reason, case.caller.name), case.caller.actor)
    return await case.show(dispute)


@router.post(
    "/reopen", operation_id="reopenDispute", summary="Open again", response_model=CaseOut, responses=refusals()
)
async def reopen_dispute(case: CaseWork, body: ReopenIn) -> Response:
    """Identifier and first receipt date stay; the count of reopenings grows."""
    caller = case.caller
    return await case.show(
        await conclude.reopen(
            case.tx, case.dispute, because=body.because, reason=body.reason, by=caller.name, actor=caller.actor
        )
    )


@router.post(
    "/withdraw",
    operation_id="withdrawDispute",
    summary="The customer withdraws",
    response_model=CaseOut,
    responses=refusals(),
)
async def withdraw_dispute(case: CustomerSide, body: ReasonIn | None = None) -> Response:
    """Ends an open dispute at its customer's wish."""
    reason, caller = (body.reason if body is not None else None), case.caller
    return await case.show(
        await conclude.withdraw(case.tx, case.dispute, reason=reason, by=caller.name, actor=caller.actor)
    )
