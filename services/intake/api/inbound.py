"""POST /v1/webhooks/{sender}/{id}: a delivery is verified, stored, and answered at once."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from services.intake.api.deps import ALWAYS, Parts, StrictRoute, problems
from services.intake.api.schemas_inbound import TakenOut
from services.intake.commands.arrive import arrive
from services.intake.inbound.ports import Arrived, Sender, Verdict
from services.intake.inbound.senders import SENDERS
from services.intake.parts import IntakeParts, parts_of
from services.intake.problems import Problem
from shared.db import inbound
from shared.runtime.logs import logger
from shared.runtime.sealing import BrokenSeal

log = logger(__name__)

SEAL: Final = "inbound-endpoint"
"""The purpose for which an endpoint's secrets are sealed."""
_CHALLENGES: Final = {"postmark": 'Basic realm="recourse"', "mime": 'Bearer realm="recourse"'}
_STATE: Final = "inbound"


@dataclass(frozen=True, slots=True)
class Expected:
    """The endpoint that a request is for, found before its body is read."""

    endpoint: inbound.Endpoint
    sender: Sender
    secrets: tuple[str, ...]
    found_at: datetime
    mark: float

    def now(self) -> datetime:
        """The database's time, as long after the look-up as it is by now."""
        return self.found_at + timedelta(seconds=time.monotonic() - self.mark)


class WebhookRoute(StrictRoute):
    """Finds the endpoint before the body is read, and refuses there what needs no body to be refused."""

    async def before_body(self, request: Request) -> None:
        """Raises Problem: `not_found`, `gone`, `unauthenticated`, `body_too_large`, `busy`."""
        parts = parts_of(request)
        expected = await _expected(parts, request.path_params)
        if not expected.sender.signs_body:
            _demand(parts, expected, Arrived(_headers(request), b""))
        request.scope["state"][_STATE] = expected


router = APIRouter(
    prefix="/v1/webhooks",
    tags=["inbound"],
    route_class=WebhookRoute,
    responses={
        **ALWAYS,
        **problems(
            "malformed_request",
            "unauthenticated",
            "not_found",
            "gone",
            "body_too_large",
            "busy",
            "database_unavailable",
        ),
    },
)


@router.post(
    "/{sender}/{endpoint_id}",
    operation_id="receiveWebhook",
    summary="Deliver a mail or a chat message",
    response_model=TakenOut,
    response_description="The delivery is stored, now or before; it is understood a moment later.",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {}, "message/rfc822": {}}}},
)
async def receive(request: Request, sender: str, endpoint_id: UUID, parts: Parts) -> Response:
    """Takes a delivery of `slack`, `postmark`, `mime` (a raw mail) or `generic` (see the documentation of its JSON).

    Authentic deliveries are always answered with 200 once they are stored, also when they come again or cannot be
    understood; those are listed under `/v1/inbound-deliveries`. A refused signature is 401.
    """
    expected: Expected = request.scope["state"][_STATE]
    arrived = Arrived(_headers(request), await request.body())
    _demand(parts, expected, arrived)
    answer = expected.sender.handshake(arrived)
    if answer is not None:
        _count(parts, expected, "handshake")
        return Response(orjson.dumps(dict(answer)), media_type="application/json")
    key = expected.sender.dedup_key(arrived)
    async with parts.database.transaction() as tx:
        taken = await arrive(tx, expected.endpoint, dedup_key=key, headers=arrived.headers, body=arrived.body)
    status = "stored" if taken.new else "duplicate"
    _count(parts, expected, status)
    return Response(orjson.dumps({"id": str(taken.delivery_id), "status": status}), media_type="application/json")


async def _expected(parts: IntakeParts, path: dict[str, str]) -> Expected:
    sender = SENDERS.get(path["sender"])
    try:
        endpoint_id = UUID(path["endpoint_id"])
    except ValueError:
        endpoint_id = None
    if sender is None or endpoint_id is None:
        raise _unknown()
    async with parts.database.transaction() as tx:
        endpoint = await inbound.find_endpoint(tx, endpoint_id)
        found_at, mark = tx.now, time.monotonic()
    if endpoint is None or endpoint.sender != sender.name:
        raise _unknown()
    if not endpoint.active:
        parts.metrics.webhook_received.labels(sender=sender.name, outcome="disabled").inc()
        raise Problem("gone", "This endpoint is disabled.")
    return Expected(endpoint, sender, _secrets(parts, endpoint), found_at, mark)


def _unknown() -> Problem:
    return Problem("not_found", "There is no such endpoint.")


def _secrets(parts: IntakeParts, endpoint: inbound.Endpoint) -> tuple[str, ...]:
    """The secrets that are valid now. One that cannot be read is our fault: the sender should try again later."""
    sealed = [each for each in (endpoint.secret, endpoint.previous_secret) if each is not None]
    try:
        return tuple(parts.sealer.decrypt(SEAL, each) for each in sealed)
    except BrokenSeal as error:
        log.warning("endpoint_secret_unreadable", endpoint_id=str(endpoint.id))
        raise Problem("busy", "This endpoint cannot verify anything now.", headers={"retry-after": "60"}) from error


def _demand(parts: IntakeParts, expected: Expected, arrived: Arrived) -> None:
    verdict: Verdict = expected.sender.verify(arrived, expected.secrets, expected.now())
    if verdict.authentic:
        return
    name = expected.sender.name
    parts.metrics.signature_failures.labels(sender=name).inc()
    _count(parts, expected, "refused")
    log.warning("webhook_refused", source=name, endpoint_id=str(expected.endpoint.id), reason=verdict.reason)
    challenge = _CHALLENGES.get(name, 'Signature realm="recourse"')
    raise Problem(
        "unauthenticated", "The delivery is not signed as it should be.", headers={"www-authenticate": challenge}
    )


def _count(parts: IntakeParts, expected: Expected, outcome: str) -> None:
    parts.metrics.webhook_received.labels(sender=expected.sender.name, outcome=outcome).inc()


def _headers(request: Request) -> dict[str, str]:
    """The first value of each header."""
    told: dict[str, str] = {}
    for name, value in request.scope["headers"]:
        told.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return told
