"""Who has what, and everything one person has given to others."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.intake.api.deps import InTx, OnceOnly, Parts, problems, require_house, secured_router
from services.intake.api.policies import Shelf
from services.intake.api.schemas_assignments import (
    LoadListOut,
    ReassignDryRunIn,
    ReassignDryRunOut,
    ReassignIn,
    ReassignmentListOut,
    ReassignmentOut,
)
from services.intake.commands.assign import check_reassignment, reassign
from services.intake.security import Caller
from services.intake.trials import SECONDS_MAX, Trials, trials_of
from shared.db import assignments, reassignments
from shared.db.dry_run import Bounds
from shared.db.reassign_trial import Wish, foresee_reassignment

router = secured_router("/v1/assignments", "assignments", codes=("invalid_value",))

Worker = Annotated[Caller, Depends(require_house("cases:work"))]
Gate = Annotated[Trials, Depends(trials_of)]
_ACTING = problems("request_in_flight", "idempotency_key_reused", "conflict", "not_permitted", "insufficient_scope")


@router.get("/load", operation_id="readLoad", summary="Open disputes by handler and tier")
async def read_load(caller: Worker, tx: InTx, parts: Parts) -> LoadListOut:
    """Everybody who has an open dispute or is known to the matrix, with how many they can have where that is said."""
    return LoadListOut.of(await assignments.by_tier(tx), await parts.matrix.get(tx))


@router.post(
    "/reassign",
    operation_id="reassign",
    summary="Give everything somebody has to others",
    status_code=202,
    response_model=ReassignmentOut,
    responses={
        **_ACTING,
        **problems("malformed_json", "unsupported_media_type", "body_too_large"),
        202: {"headers": {"Location": {"description": "The reassignment.", "schema": {"type": "string"}}}},
    },
)
async def reassign_all(body: ReassignIn, caller: Worker, tx: InTx, once: OnceOnly, parts: Parts) -> Response:
    """For when somebody leaves; only a lead may. Escalation does it in slices, each with a line in its history.

    With `to`, all go to that person, except where a conflict of interest, an absence or a full desk forbids it: those stay
    and are counted. Without, each goes to whoever fits it best beside the one who has it.
    """
    made = await reassign(
        tx,
        await parts.matrix.get(tx),
        of=body.of,
        to=body.to,
        which=body.which,
        reason=body.reason,
        caller=caller,
    )
    return await once.reply(
        202, ReassignmentOut.of_stored(made), {"location": f"/v1/assignments/reassignments/{made.id}"}
    )


@router.post(
    "/reassign/dry-run",
    operation_id="dryRunReassign",
    summary="Try to give everything somebody has to others",
    responses={
        **problems("not_permitted", "insufficient_scope"),
        **problems("malformed_json", "unsupported_media_type", "body_too_large"),
    },
)
async def try_to_reassign(
    body: ReassignDryRunIn, caller: Worker, parts: Parts, shelf: Shelf, gate: Gate
) -> ReassignDryRunOut:
    """Who would get how many, and what would stay and why, if it were asked for now. Changes nothing.

    Decides as escalation would, with what everybody has in hand now and what the trial gives out on top. Looks at `limit`
    disputes, those filed first before others, for 20 seconds at most; a process makes one trial at a time.
    """
    async with parts.database.transaction() as tx:
        matrix, calendars = await parts.matrix.get(tx), await shelf.get(tx.now)
    check_reassignment(matrix, of=body.of, to=body.to, caller=caller)
    wish, bounds = Wish(body.of, body.to, body.which), Bounds(body.limit, SECONDS_MAX)
    async with gate.alone():
        seen = await foresee_reassignment(parts.database, parts.matrices, calendars, wish, bounds)
    return ReassignDryRunOut.of_seen(seen, body, matrix)


@router.get("/reassignments", operation_id="listReassignments", summary="List reassignments")
async def list_reassignments(caller: Worker, tx: InTx) -> ReassignmentListOut:
    """What was given away, by whom and why, and what is under way; the newest 100."""
    return ReassignmentListOut(items=[ReassignmentOut.of_stored(each) for each in await reassignments.listed(tx)])


@router.get(
    "/reassignments/{reassignment_id}",
    operation_id="getReassignment",
    summary="Read a reassignment",
    responses=problems("not_found"),
)
async def get_reassignment(reassignment_id: UUID, caller: Worker, tx: InTx) -> ReassignmentOut:
    """How far it is."""
    return ReassignmentOut.of_stored(await reassignments.get(tx, reassignment_id))


@router.post(
    "/reassignments/{reassignment_id}/cancel",
    operation_id="cancelReassignment",
    summary="Stop a reassignment",
    response_model=ReassignmentOut,
    responses={**_ACTING, **problems("not_found")},
)
async def cancel_reassignment(reassignment_id: UUID, caller: Worker, tx: InTx, once: OnceOnly) -> Response:
    """It goes no further; what changed hands stays where it went."""
    return await once.reply(200, ReassignmentOut.of_stored(await reassignments.cancel(tx, reassignment_id)))
