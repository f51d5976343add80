"""Principals: who may call. For administrators."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.intake.api.deps import InTx, OnceOnly, problems, require, secured_router
from services.intake.api.schemas_access import PrincipalChangeIn, PrincipalIn, PrincipalOut, PrincipalPageOut
from services.intake.security import CHANGED, Caller
from shared.db import principals

Admin = Annotated[Caller, Depends(require("admin"))]
_WRITES = ("malformed_json", "conflict", "body_too_large", "unsupported_media_type", "invalid_value")

router = secured_router("/v1/principals", "access")


@router.post(
    "",
    operation_id="createPrincipal",
    summary="Create a principal",
    status_code=201,
    response_model=PrincipalOut,
    responses=problems(*_WRITES),
)
async def create_principal(caller: Admin, tx: InTx, body: PrincipalIn, once: OnceOnly) -> Response:
    """A person or a system that may call, with a role and, where it decides on remedies, a tier of authority."""
    made = await principals.create(tx, name=body.name, role=body.role, tier=body.tier)
    return await once.reply(201, made, {"location": f"/v1/principals/{made.id}"})


@router.get(
    "",
    operation_id="listPrincipals",
    summary="List principals",
    response_model=PrincipalPageOut,
    responses=problems("invalid_value"),
)
async def list_principals(
    caller: Admin,
    tx: InTx,
    after: Annotated[UUID | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> dict[str, object]:
    """Principals in the order they were made."""
    found = await principals.page(tx, after=after, limit=limit + 1)
    return {
        "items": found[:limit],
        "has_more": len(found) > limit,
        "next_after": found[limit - 1].id if len(found) > limit else None,
    }


@router.get(
    "/{principal_id}",
    operation_id="getPrincipal",
    summary="Read a principal",
    response_model=PrincipalOut,
    responses=problems("not_found", "invalid_value"),
)
async def get_principal(caller: Admin, tx: InTx, principal_id: UUID) -> object:
    """One principal."""
    return await principals.get(tx, principal_id)


@router.patch(
    "/{principal_id}",
    operation_id="changePrincipal",
    summary="Change a principal",
    response_model=PrincipalOut,
    responses=problems("not_found", *_WRITES),
)
async def change_principal(caller: Admin, tx: InTx, principal_id: UUID, body: PrincipalChangeIn) -> object:
    """Changes role, tier or whether the principal is active. An inactive principal's keys open nothing.

    Other processes notice within five seconds.
    """
    given = {name: getattr(body, name) for name in body.model_fields_set}
    changed = await principals.change(tx, principal_id, **given)
    tx.hints.add(CHANGED)
    return changed
