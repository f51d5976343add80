"""API keys: made, listed, rotated, revoked. For administrators."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from services.intake.api.deps import InTx, problems, require, secured_router
from services.intake.api.schemas_access import KeyIn, KeyOut, KeyPageOut, MadeKeyOut, RotationIn
from services.intake.security import CHANGED, Caller
from shared.db import keys
from shared.db.engine import Tx
from shared.db.keys import Key

Admin = Annotated[Caller, Depends(require("admin"))]
_WRITES = (
    "malformed_json",
    "not_found",
    "conflict",
    "body_too_large",
    "unsupported_media_type",
    "invalid_value",
)

router = secured_router("/v1/keys", "access")


@router.post(
    "",
    operation_id="createKey",
    summary="Create an API key",
    status_code=201,
    response_model=MadeKeyOut,
    responses=problems(*_WRITES),
)
async def create_key(caller: Admin, tx: InTx, response: Response, body: KeyIn) -> dict[str, Any]:
    """A key of a principal. Its text stands in this reply alone; only a hash of it is kept.

    The scope `disputes:own` narrows a key to the disputes that its principal filed: of others it is told nothing. There
    is no Idempotency-Key here, for a kept reply would keep the text.
    """
    key, text = await keys.create_key(
        tx, body.principal_id, name=body.name, scopes=body.scopes, expires_at=body.expires_at
    )
    return _made(response, tx, key, text)


@router.get(
    "",
    operation_id="listKeys",
    summary="List API keys",
    response_model=KeyPageOut,
    responses=problems("invalid_value"),
)
async def list_keys(
    caller: Admin,
    tx: InTx,
    principal_id: Annotated[UUID | None, Query(description="Only the keys of this principal.")] = None,
    after: Annotated[UUID | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> dict[str, Any]:
    """Keys in the order they were made, those revoked and expired too, never with their text."""
    found = await keys.list_keys(tx, principal_id=principal_id, after=after, limit=limit + 1)
    return {
        "items": found[:limit],
        "has_more": len(found) > limit,
        "next_after": found[limit - 1].id if len(found) > limit else None,
    }


@router.get(
    "/{key_id}",
    operation_id="getKey",
    summary="Read an API key",
    response_model=KeyOut,
    responses=problems("not_found", "invalid_value"),
)
async def get_key(caller: Admin, tx: InTx, key_id: UUID) -> Key:
    """One key, without its text."""
    return await keys.get_key(tx, key_id)


@router.post(
    "/{key_id}/rotate",
    operation_id="rotateKey",
    summary="Rotate an API key",
    status_code=201,
    response_model=MadeKeyOut,
    responses=problems(*_WRITES),
)
async def rotate_key(
    caller: Admin, tx: InTx, response: Response, key_id: UUID, body: RotationIn | None = None
) -> dict[str, Any]:
    """A new key with the name, scopes and lifetime of this one, which stays valid for the overlap (a day by default).

    A key is rotated once; after that its successor is.
    """
    overlap = timedelta(seconds=(body or RotationIn()).overlap_seconds)
    key, text = await keys.rotate_key(tx, key_id, overlap=overlap)
    return _made(response, tx, key, text)


@router.post(
    "/{key_id}/revoke",
    operation_id="revokeKey",
    summary="Revoke an API key",
    response_model=KeyOut,
    responses=problems("not_found", "invalid_value"),
)
async def revoke_key(caller: Admin, tx: InTx, key_id: UUID) -> Key:
    """Ends a key now and for ever; in this process at once, in others within five seconds."""
    revoked = await keys.revoke_key(tx, key_id)
    tx.hints.add(CHANGED)
    return revoked


def _made(response: Response, tx: Tx, key: Key, text: str) -> dict[str, Any]:
    tx.hints.add(CHANGED)
    response.headers["location"] = f"/v1/keys/{key.id}"
    return {**asdict(key), "key": text}
