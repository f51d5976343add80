"""Migrations: open disputes moved to a version of the policy, because somebody asked and said why."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Response

from services.intake.api.deps import InTx, OnceOnly, problems, require_house, secured_router
from services.intake.api.policies import READING, Name, Shelf
from services.intake.api.schemas_migration import MigrationIn, MigrationListOut, MigrationOut
from services.intake.commands.put_policy import check_name
from services.intake.security import Caller
from shared.db import policies, policy_migrations
from shared.db.policy_migrations import Filter, Wanted
from shared.policy.matrix import parse_matrix

router = secured_router("/v1/policies", "policies", codes=("not_found", "invalid_value"))

Reader = Annotated[Caller, Depends(require_house(*READING))]
Editor = Annotated[Caller, Depends(require_house("policies:write"))]
_ACTING: Final = problems("request_in_flight", "idempotency_key_reused", "conflict")


@router.post(
    "/{name}/migrations",
    operation_id="migratePolicy",
    summary="Move open disputes to a version",
    status_code=202,
    response_model=MigrationOut,
    responses={
        **problems(
            "malformed_json",
            "policy_fault",
            "unsupported_media_type",
            "body_too_large",
            "request_in_flight",
            "idempotency_key_reused",
        ),
        202: {"headers": {"Location": {"description": "The migration.", "schema": {"type": "string"}}}},
    },
)
async def migrate(name: Name, body: MigrationIn, caller: Editor, tx: InTx, once: OnceOnly, shelf: Shelf) -> Response:
    """Escalation moves them in slices, each with a line in its history; until then, and without it, nothing moves.

    Deadlines move where the versions differ. Promises to customers move earlier or stay, unless `allow_later`.
    """
    check_name(name)
    stored = await policies.get(tx, name, body.to_version)
    parse_matrix(stored.body, version=stored.version, calendars=await shelf.get(tx.now))
    chosen = {part: None if given is None else tuple(given) for part, given in body.filter}
    wanted = Wanted(body.to_version, Filter(**chosen), body.reason, body.allow_later, caller.actor)
    made = await policy_migrations.create(tx, name, wanted)
    return await once.reply(202, MigrationOut.of(made), {"location": f"/v1/policies/{name}/migrations/{made.id}"})


@router.get("/{name}/migrations", operation_id="listPolicyMigrations", summary="List migrations")
async def list_migrations(name: Name, caller: Reader, tx: InTx) -> MigrationListOut:
    """What was moved, by whom and why, and what is under way."""
    check_name(name)
    return MigrationListOut(items=[MigrationOut.of(each) for each in await policy_migrations.listed(tx, name)])


@router.get("/{name}/migrations/{migration_id}", operation_id="getPolicyMigration", summary="Read a migration")
async def get_migration(name: Name, migration_id: UUID, caller: Reader, tx: InTx) -> MigrationOut:
    """How far it is."""
    check_name(name)
    return MigrationOut.of(await policy_migrations.get(tx, name, migration_id))


@router.post(
    "/{name}/migrations/{migration_id}/cancel",
    operation_id="cancelPolicyMigration",
    summary="Stop a migration",
    response_model=MigrationOut,
    responses=_ACTING,
)
async def cancel(name: Name, migration_id: UUID, caller: Editor, tx: InTx, once: OnceOnly) -> Response:
    """It goes no further; what was moved stays moved, and another migration brings it back."""
    check_name(name)
    return await once.reply(200, MigrationOut.of(await policy_migrations.cancel(tx, name, migration_id)))
