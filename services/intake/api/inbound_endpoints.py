"""Inbound endpoints: where each sender delivers, and with which secret."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Response

from services.intake.api.deps import InTx, Parts, problems, require, secured_router
from services.intake.api.inbound import SEAL
from services.intake.api.inbound_pages import Cursor, Limit, page, position
from services.intake.api.schemas_inbound import (
    InboundEndpointChangeIn,
    InboundEndpointIn,
    InboundEndpointListOut,
    InboundEndpointOut,
    InboundEndpointWithSecretOut,
    InboundRotationIn,
)
from services.intake.inbound.senders import SENDERS
from services.intake.security import Caller
from shared.db import inbound
from shared.domain.errors import InvalidValue
from shared.runtime.ids import new_id

_BODY: Final = problems("malformed_json", "body_too_large", "unsupported_media_type", "invalid_value")
Admin = Annotated[Caller, Depends(require("admin"))]

router = secured_router("/v1/inbound-endpoints", "inbound")


def chosen_secret(sender_name: str, given: str | None) -> str:
    """The secret that was entered, if it fits the sender, else a fresh one.

    Raises:
        InvalidValue: it does not fit, or the sender's own must be entered and was not.
    """
    sender = SENDERS[sender_name]
    secret = given if given is not None else sender.make_secret()
    fault = "Enter the secret that this sender shows you." if secret is None else sender.secret_fault(secret)
    if secret is None or fault is not None:
        raise InvalidValue("/secret", fault or "")
    return secret


@router.post(
    "",
    operation_id="createInboundEndpoint",
    summary="Create an inbound endpoint",
    status_code=201,
    response_model=InboundEndpointWithSecretOut,
    responses=_BODY,
)
async def create(body: InboundEndpointIn, caller: Admin, tx: InTx, parts: Parts) -> Any:
    """Makes an address for one sender. The secret is shown this once, and stored encrypted.

    An `Idempotency-Key` has no effect here, for the reply, which holds the secret, is not kept.
    """
    secret = chosen_secret(body.sender, body.secret)
    made = await inbound.create_endpoint(
        tx,
        sender=body.sender,
        name=body.name,
        secret=parts.sealer.encrypt(SEAL, secret),
        settings=body.settings.told(),
        created_by=caller.principal_id,
        endpoint_id=new_id(),
    )
    return InboundEndpointWithSecretOut.of(made, secret=secret)


@router.get(
    "",
    operation_id="listInboundEndpoints",
    summary="List inbound endpoints",
    response_model=InboundEndpointListOut,
    responses=problems("invalid_cursor", "invalid_value"),
)
async def list_all(caller: Admin, tx: InTx, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """Lists endpoints in the order they were made."""
    found = await inbound.list_endpoints(tx, after=position(cursor), limit=limit + 1)
    return InboundEndpointListOut(**page([InboundEndpointOut.of(each) for each in found], limit))


@router.get(
    "/{endpoint_id}",
    operation_id="getInboundEndpoint",
    summary="Show an inbound endpoint",
    response_model=InboundEndpointOut,
    responses=problems("not_found", "invalid_value"),
)
async def show(endpoint_id: UUID, caller: Admin, tx: InTx) -> Any:
    """Shows an endpoint, without its secret."""
    return InboundEndpointOut.of(await inbound.lock_endpoint(tx, endpoint_id))


@router.patch(
    "/{endpoint_id}",
    operation_id="changeInboundEndpoint",
    summary="Change or disable an inbound endpoint",
    response_model=InboundEndpointOut,
    responses={**_BODY, **problems("not_found", "invalid_value")},
)
async def change(endpoint_id: UUID, body: InboundEndpointChangeIn, caller: Admin, tx: InTx) -> Any:
    """Changes name or settings, or disables the endpoint: a disabled one answers every delivery with 410."""
    return InboundEndpointOut.of(await inbound.change_endpoint(tx, endpoint_id, **body.fields()))


@router.post(
    "/{endpoint_id}/rotate",
    operation_id="rotateInboundSecret",
    summary="Give an inbound endpoint a new secret",
    response_model=InboundEndpointWithSecretOut,
    responses={**_BODY, **problems("not_found", "invalid_value")},
)
async def rotate(
    endpoint_id: UUID, caller: Admin, tx: InTx, parts: Parts, body: InboundRotationIn | None = None
) -> Any:
    """Makes or takes a new secret, shown this once. The one before stays valid until it is dropped."""
    before = await inbound.lock_endpoint(tx, endpoint_id)
    secret = chosen_secret(before.sender, body.secret if body is not None else None)
    sealed = parts.sealer.encrypt(SEAL, secret)
    after = await inbound.change_endpoint(tx, endpoint_id, secret=sealed, previous_secret=before.secret)
    return InboundEndpointWithSecretOut.of(after, secret=secret)


@router.delete(
    "/{endpoint_id}/previous-secret",
    operation_id="dropPreviousInboundSecret",
    summary="End the validity of the secret before the last rotation",
    status_code=204,
    response_class=Response,
    responses=problems("not_found", "invalid_value"),
)
async def drop_previous(endpoint_id: UUID, caller: Admin, tx: InTx) -> None:
    """Only the present secret is valid afterwards."""
    await inbound.change_endpoint(tx, endpoint_id, previous_secret=None)
