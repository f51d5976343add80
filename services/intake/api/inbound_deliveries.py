"""Inbound deliveries: what came in, what became of it, and another try for what was not understood."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import Field

from services.intake.api.deps import InTx, OnceOnly, problems, require, require_house, secured_router
from services.intake.api.fields import Body, Line200
from services.intake.api.inbound_pages import Cursor, Limit, page, position
from services.intake.api.schemas_inbound import InboundDeliveryListOut, InboundDeliveryOut
from services.intake.commands.arrive import again, dismiss
from services.intake.security import Caller
from shared.db import inbound
from shared.db.inbound import STATES
from shared.runtime.logs import logger

log = logger(__name__)

_FOUND: Final = problems("not_found", "invalid_value")
Reader = Annotated[Caller, Depends(require_house("ops:read"))]
Admin = Annotated[Caller, Depends(require("admin"))]

_ACTING: Final = problems("conflict", "request_in_flight", "idempotency_key_reused")


class DismissDeliveryIn(Body):
    """Why a delivery is nothing for a dispute; the delivery keeps it."""

    reason: Line200 = Field(description="No personal data.")


router = secured_router("/v1/inbound-deliveries", "inbound")


@router.get(
    "",
    operation_id="listInboundDeliveries",
    summary="List what came in",
    response_model=InboundDeliveryListOut,
    responses=problems("invalid_cursor", "invalid_value"),
)
async def list_all(
    caller: Reader,
    tx: InTx,
    state: Annotated[Literal[STATES] | None, Query()] = None,  # type: ignore[valid-type] # the store's own list
    endpoint_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """Lists deliveries, the newest first. `state=quarantined` are those that wait for a person."""
    found = await inbound.list_shown(tx, state=state, endpoint_id=endpoint_id, before=position(cursor), limit=limit + 1)
    return InboundDeliveryListOut(**page([InboundDeliveryOut.of(each) for each in found], limit))


@router.get(
    "/{delivery_id}",
    operation_id="getInboundDelivery",
    summary="Show what became of a delivery",
    response_model=InboundDeliveryOut,
    responses=_FOUND,
)
async def show(delivery_id: UUID, caller: Reader, tx: InTx) -> Any:
    """Shows a delivery, without its content."""
    return InboundDeliveryOut.of(await inbound.get_shown(tx, delivery_id))


@router.get(
    "/{delivery_id}/raw",
    operation_id="downloadInboundDelivery",
    summary="Download a delivery as it came",
    response_class=Response,
    responses={
        200: {
            "description": "The body, byte by byte.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **_FOUND,
    },
)
async def download(delivery_id: UUID, caller: Admin, tx: InTx) -> Response:
    """Gives the body as it came. It is a file of a stranger: it is sent as one to be saved, never to be shown."""
    body = await inbound.raw_body(tx, delivery_id)
    told = {"content-disposition": f'attachment; filename="{delivery_id}.bin"'}
    return Response(body, headers=told, media_type="application/octet-stream")


@router.post(
    "/{delivery_id}/retry",
    operation_id="retryInboundDelivery",
    summary="Try a delivery again",
    status_code=202,
    response_model=InboundDeliveryOut,
    responses={**_FOUND, **_ACTING},
)
async def retry(delivery_id: UUID, caller: Admin, tx: InTx, once: OnceOnly) -> Any:
    """Has a quarantined delivery handled again, after an update or once its cause is gone."""
    shown = await again(tx, delivery_id, caller.actor)
    return await once.reply(202, InboundDeliveryOut.of(shown))


@router.post(
    "/{delivery_id}/dismiss",
    operation_id="dismissInboundDelivery",
    summary="Dismiss a delivery",
    response_model=InboundDeliveryOut,
    responses={
        **_FOUND,
        **_ACTING,
        **problems("malformed_json", "unsupported_media_type", "body_too_large"),
    },
)
async def dismissed(delivery_id: UUID, body: DismissDeliveryIn, caller: Admin, tx: InTx, once: OnceOnly) -> Any:
    """Says that a quarantined delivery is nothing for a dispute: it is `ignored` from now on, with the reason."""
    shown = await dismiss(tx, delivery_id, body.reason)
    log.info("inbound_dismissed", delivery_id=str(delivery_id), actor=caller.actor)
    return await once.reply(200, InboundDeliveryOut.of(shown))
