"""A policy tried before it is put: on the open disputes, and on past ones."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends

from services.intake.api.deps import Parts, problems, require_house, secured_router
from services.intake.api.policies import Name, Shelf
from services.intake.api.schemas_dry_run import DryRunIn, DryRunOut, ProposedIn
from services.intake.api.schemas_replay import ReplayIn, ReplayOut
from services.intake.commands.put_policy import check_name
from services.intake.parts import IntakeParts
from services.intake.security import Caller
from services.intake.trials import SECONDS_MAX, Trials, trials_of
from shared.db import policies
from shared.db.dry_run import Bounds, Proposal, dry_run
from shared.db.replaying import Trial, replay_newest
from shared.db.risk import Models
from shared.domain.matrix import Matrix
from shared.domain.timekeeping import Calendars
from shared.policy.matrix import NAME, matrix_body, parse_matrix

router = secured_router("/v1/policies", "policies", codes=("not_found", "invalid_value"))

REFUSALS: Final = problems("malformed_json", "policy_fault", "unsupported_media_type", "body_too_large")
Trier = Annotated[Caller, Depends(require_house("policies:write", "ops:read"))]
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
Gate = Annotated[Trials, Depends(trials_of)]


@router.post(
    "/{name}/dry-run",
    operation_id="dryRunPolicy",
    summary="Try a policy on the open disputes",
    responses=REFUSALS,
)
async def try_on_open(name: Name, body: DryRunIn, caller: Trier, parts: Parts, shelf: Shelf, gate: Gate) -> DryRunOut:
    """What migrating the open disputes to this policy now would move, break and escalate. Changes nothing.

    Looks at all of them, or at about `limit` drawn evenly, for 20 seconds at most, and says which.
    """
    check_name(name)
    async with gate.alone():
        matrix, calendars = await proposed(parts, shelf, body)
        proposal = Proposal(matrix, body.allow_later)
        bounds = Bounds(body.limit, SECONDS_MAX)
        return DryRunOut.of(await dry_run(parts.database, parts.matrices, calendars, proposal, bounds))


@router.post(
    "/{name}/replay",
    operation_id="replayPolicy",
    summary="Try a policy on past disputes",
    responses=REFUSALS,
)
async def try_on_past(name: Name, body: ReplayIn, caller: Trier, parts: Parts, shelf: Shelf, gate: Gate) -> ReplayOut:
    """Replays disputes that are over under this policy and under the newest one, and compares. Changes nothing.

    People are taken to have done the same things at the same times. Looks for 20 seconds at most; the command line
    `policy replay` looks at all of them.
    """
    check_name(name)
    async with gate.alone():
        matrix, calendars = await proposed(parts, shelf, body)
        async with parts.database.transaction() as tx:
            present = await parts.matrices.current(tx)
            _, model = await Models().current(tx)
        trial = Trial.of(present, matrix, calendars, model)
        since = body.since or LONG_AGO
        return ReplayOut.of(
            await replay_newest(parts.database, trial, limit=body.limit, since=since, seconds=SECONDS_MAX)
        )


async def proposed(parts: IntakeParts, shelf: Shelf, body: ProposedIn) -> tuple[Matrix, Calendars]:
    """The matrix that a request proposes, and the calendars it is counted on.

    Raises:
        NotFound: there is no such version.
        PolicyFault: it does not hold together; the fault names the place in the document.
    """
    async with parts.database.transaction() as tx:
        calendars = await shelf.get(tx.now)
        newest = await policies.current_version(tx)
        if body.version is not None:
            document = (await policies.get(tx, NAME, body.version)).body
            return parse_matrix(document, version=body.version, calendars=calendars), calendars
    assert body.policy is not None
    return parse_matrix(matrix_body(body.policy), version=newest + 1, calendars=calendars), calendars
