"""Webhook endpoints: where a helpdesk wants our events, signed by the rules of Standard Webhooks."""

import base64
import secrets
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.intake.api.deps import InTx, Parts, problems, require, require_house, secured_router
from services.intake.api.fields import Body, Flag, Line200
from services.intake.api.notifications import NotificationOut, shown
from services.intake.api.paging import Paged, PageOut
from services.intake.security import Caller
from services.intake.webhook_urls import LENGTH_MAX, check_url
from shared.db import deliveries_view, webhooks
from shared.db.engine import Tx
from shared.db.webhooks import ENDPOINTS_MAX, SEALED_FOR, Endpoint, NewEndpoint
from shared.domain.errors import Conflict, InvalidValue, NotFound
from shared.messages.events import EVENTS
from shared.messages.topology import matches
from shared.runtime import traces

SECRET_BYTES: Final = 32
TOPICS: Final = tuple(name for name in EVENTS if name.startswith("dispute."))
_BODY: Final = problems("malformed_json", "body_too_large", "unsupported_media_type", "invalid_value")
_LISTING: Final = "webhook-endpoints"

router = secured_router("/v1/webhook-endpoints", "webhooks", codes=("not_found", "invalid_value"))

Operator = Annotated[Caller, Depends(require("ops:read"))]
HouseOperator = Annotated[Caller, Depends(require_house("ops:read"))]
Administrator = Annotated[Caller, Depends(require("admin"))]
Url = Annotated[
    str, StringConstraints(max_length=LENGTH_MAX, min_length=1), Field(examples=["https://desk.example.com/in"])
]
Topics = Annotated[
    list[Annotated[str, StringConstraints(max_length=100, min_length=1)]],
    Field(min_length=1, max_length=50, description="Event types such as `dispute.resolved`, or `dispute.*` for all."),
]


class WebhookEndpointIn(Body):
    """Where events are to be sent, and which."""

    name: Line200
    url: Url
    topics: Topics = Field(default_factory=lambda: ["dispute.*"])


class WebhookEndpointChangeIn(Body):
    """What is to be different; making it active again gives it a clean record."""

    name: Line200 | None = None
    url: Url | None = None
    topics: Topics | None = None
    active: Flag | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "WebhookEndpointChangeIn":
        if not self.model_fields_set or any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("Give what is to be changed, and not null.")
        return self


class WebhookEndpointOut(BaseModel):
    """A subscription, without its secret."""

    id: UUID
    name: str
    url: str
    topics: list[str]
    active: bool
    disabled_reason: str | None = Field(description="Why nothing is sent any more.")
    failing_since: datetime | None
    rotating: bool = Field(description="Whether the secret before the present one signs as well.")
    created_at: datetime


class WebhookEndpointWithSecretOut(WebhookEndpointOut):
    """A subscription with its new secret, shown this once."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="])


@router.post(
    "",
    operation_id="createWebhookEndpoint",
    summary="Subscribe to events",
    status_code=201,
    responses={**_BODY, **problems("conflict")},
)
async def create(
    body: WebhookEndpointIn, caller: Administrator, tx: InTx, parts: Parts
) -> WebhookEndpointWithSecretOut:
    """Events are sent from now on. The secret is shown this once, and stored encrypted.

    An `Idempotency-Key` has no effect here, for the reply, which holds the secret, is not kept.
    """
    check_url(body.url, allow_private=parts.settings.webhook_allow_private)
    if len(await webhooks.listed(tx, limit=ENDPOINTS_MAX)) >= ENDPOINTS_MAX:
        raise Conflict(f"There are {ENDPOINTS_MAX} endpoints already; remove one first.")
    secret = _new_secret()
    made = await webhooks.add(
        tx,
        NewEndpoint(
            name=body.name,
            url=body.url,
            secret=parts.sealer.encrypt(SEALED_FOR, secret),
            topics=_checked(body.topics),
            created_by=caller.principal_id,
        ),
    )
    return WebhookEndpointWithSecretOut(secret=secret, **_told(made))


@router.get(
    "",
    operation_id="listWebhookEndpoints",
    summary="List webhook endpoints",
    responses=problems("invalid_cursor"),
)
async def list_all(caller: Operator, tx: InTx, paging: Paged) -> PageOut[WebhookEndpointOut]:
    """In the order in which they were made."""
    after = paging.after(_LISTING)
    found = await webhooks.listed(tx, after=None if after is None else after[1], limit=paging.limit + 1)
    return paging.page(
        _LISTING, found, lambda each: (each.created_at, each.id), lambda each: WebhookEndpointOut(**_told(each))
    )


@router.get("/{endpoint_id}", operation_id="getWebhookEndpoint", summary="Read a webhook endpoint")
async def read(endpoint_id: UUID, caller: Operator, tx: InTx) -> WebhookEndpointOut:
    """Whether it is active, and if not, why."""
    return WebhookEndpointOut(**_told(await _existing(tx, endpoint_id)))


@router.patch(
    "/{endpoint_id}",
    operation_id="changeWebhookEndpoint",
    summary="Change, disable or enable a webhook endpoint",
    responses=_BODY,
)
async def change(
    endpoint_id: UUID, body: WebhookEndpointChangeIn, caller: Administrator, tx: InTx, parts: Parts
) -> WebhookEndpointOut:
    """A disabled endpoint misses what happens meanwhile; read the history of a dispute to catch up."""
    fields: dict[str, Any] = body.model_dump(exclude_unset=True)
    if body.url is not None:
        check_url(body.url, allow_private=parts.settings.webhook_allow_private)
    if body.topics is not None:
        fields["topics"] = list(_checked(body.topics))
    if body.active is False:
        fields["disabled_reason"] = "Disabled by hand."
    return WebhookEndpointOut(**_told(await _changed(tx, endpoint_id, **fields)))


@router.delete(
    "/{endpoint_id}", operation_id="removeWebhookEndpoint", summary="Remove a webhook endpoint", status_code=204
)
async def remove(endpoint_id: UUID, caller: Administrator, tx: InTx) -> None:
    """Nothing more is sent; what was waiting is suppressed."""
    if not await webhooks.remove(tx, endpoint_id):
        raise NotFound("webhook endpoint", endpoint_id)


@router.post(
    "/{endpoint_id}/rotate",
    operation_id="rotateWebhookSecret",
    summary="Give a webhook endpoint a new secret",
)
async def rotate(endpoint_id: UUID, caller: Administrator, tx: InTx, parts: Parts) -> WebhookEndpointWithSecretOut:
    """Shown this once. Both secrets sign each event until the one before is dropped or the next rotation.

    An `Idempotency-Key` has no effect here, for the reply, which holds the secret, is not kept.
    """
    before = await _existing(tx, endpoint_id)
    secret = _new_secret()
    sealed = parts.sealer.encrypt(SEALED_FOR, secret)
    after = await _changed(tx, endpoint_id, secret=sealed, previous_secret=before.secret)
    return WebhookEndpointWithSecretOut(secret=secret, **_told(after))


@router.post(
    "/{endpoint_id}/ping",
    operation_id="pingWebhookEndpoint",
    summary="Test a webhook endpoint",
    status_code=202,
    responses=problems("conflict"),
)
async def ping(endpoint_id: UUID, caller: Administrator, tx: InTx) -> NotificationOut:
    """Sends `webhook.ping`, signed, in the way of every event: retried by the schedule, and shown among the deliveries.

    One at a time; a disabled endpoint is not tested (409). An `Idempotency-Key` has no effect here.
    """
    made = await webhooks.ping(tx, endpoint_id, traceparent=traces.inject().get("traceparent"))
    return shown(await deliveries_view.get(tx, made))


@router.delete(
    "/{endpoint_id}/previous-secret",
    operation_id="dropPreviousWebhookSecret",
    summary="End a rotation",
    status_code=204,
)
async def drop_previous(endpoint_id: UUID, caller: Administrator, tx: InTx) -> None:
    """From now on the new secret alone signs."""
    await _changed(tx, endpoint_id, previous_secret=None)


@router.get(
    "/{endpoint_id}/deliveries",
    operation_id="listWebhookDeliveries",
    summary="Read what was sent to a webhook endpoint",
    responses=problems("invalid_cursor"),
)
async def deliveries(endpoint_id: UUID, caller: HouseOperator, tx: InTx, paging: Paged) -> PageOut[NotificationOut]:
    """The newest first, each with its attempts."""
    await _existing(tx, endpoint_id)
    listing = f"{_LISTING}/{endpoint_id}"
    before = paging.after(listing)
    found = await deliveries_view.to_endpoint(
        tx, endpoint_id, before=None if before is None else before[1], limit=paging.limit + 1
    )
    return paging.page(listing, found, lambda each: (each.created_at, each.id), shown)


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _checked(topics: list[str]) -> tuple[str, ...]:
    for n, pattern in enumerate(topics):
        if not any(matches(pattern, topic) for topic in TOPICS):
            raise InvalidValue(f"/topics/{n}", f"No event is named so; there are {', '.join(TOPICS)}.")
    return tuple(dict.fromkeys(topics))


async def _existing(tx: Tx, endpoint_id: UUID) -> Endpoint:
    found = (await webhooks.get_many(tx, [endpoint_id])).get(endpoint_id)
    if found is None:
        raise NotFound("webhook endpoint", endpoint_id)
    return found


async def _changed(tx: Tx, endpoint_id: UUID, **fields: Any) -> Endpoint:
    found = await webhooks.change(tx, endpoint_id, **fields)
    if found is None:
        raise NotFound("webhook endpoint", endpoint_id)
    return found


def _told(endpoint: Endpoint) -> dict[str, Any]:
    plain = {name: getattr(endpoint, name) for name in WebhookEndpointOut.model_fields if name != "rotating"}
    return plain | {"topics": list(endpoint.topics), "rotating": endpoint.previous_secret is not None}
