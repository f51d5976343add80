"""POST /v1/disputes: a dispute is filed."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response
from msgspec.structs import asdict
from pydantic import ValidationError

from services.intake import idempotency, links, security
from services.intake.api import deps
from services.intake.api.direct import DirectRoute, handled_by
from services.intake.api.schemas_filing import DISPUTE_IN, DisputeIn, FiledOut
from services.intake.commands import file
from services.intake.commands.batcher import Asked
from services.intake.commands.new_dispute import NewDispute, customer_id
from services.intake.errors import faults
from services.intake.parts import IntakeParts, parts_of
from services.intake.problems import invalid
from services.intake.security import Caller
from services.intake.strict_json import loads
from shared.db import idempotency as kept
from shared.runtime import traces

ROUTE: Final = "POST /v1/disputes"

router = APIRouter(
    prefix="/v1/disputes",
    tags=["disputes"],
    route_class=DirectRoute,
    responses={
        **deps.ALWAYS,
        **deps.SECURED,
        **deps.problems(
            "malformed_json",
            "malformed_request",
            "request_in_flight",
            "body_too_large",
            "unsupported_media_type",
            "invalid_value",
            "idempotency_key_reused",
            "busy",
            "database_unavailable",
            "overloaded",
        ),
    },
)


async def handle(request: Request) -> Response:
    """Answers a request to file one dispute; raises Problem, InvalidValue and what the database raises."""
    parts = parts_of(request)
    caller = await deps.admit(request)
    security.demand(caller, "disputes:write")
    deps.refuse_unknown(request)
    deps.require_json(request)
    body = await request.body()
    bring = partial(brought, parts, caller, read(loads(body)).to_new(), traceparent=traceparent())
    asked = Asked(bring, shaper(parts))
    key = request.headers.get(idempotency.HEADER)
    if key is None:
        return _response((await parts.batcher.file(asked)).reply)
    mark = idempotency.fingerprint("POST", request.url.path, body)
    asked.key, asked.shape = kept.Key(caller.principal_id, idempotency.read_key(key), ROUTE), shaper(parts, mark)
    answer = await parts.batcher.file(asked)
    return idempotency.replay(answer.reply, mark) if answer.before else _response(answer.reply)


@router.post(
    "",
    operation_id="fileDispute",
    summary="File a dispute",
    status_code=201,
    response_model=FiledOut,
    response_description="The dispute is stored and categorised; its first event is on the way.",
)
@handled_by(handle)
async def file_dispute(
    body: DisputeIn, caller: Annotated[Caller, Depends(deps.require("disputes:write"))], once: deps.OnceOnly
) -> Any:
    """Files a dispute for a customer. Only a customer with one way to reach them, subject and description are required.

    Send an `Idempotency-Key`, so that a repeated request files nothing twice: the same body gives the same reply again.
    Disputes told by telephone, in person or by letter are filed by an agent for the customer, with that `channel`.
    """


def read(value: object) -> DisputeIn:
    """The body as checked; raises Problem, naming every field that is wrong."""
    try:
        return DISPUTE_IN.validate_python(value)
    except ValidationError as error:
        raise invalid(faults(error.errors(include_url=False, include_input=False), at_body=True)) from None


def traceparent() -> str | None:
    """What continues the trace of this request."""
    return traces.inject().get("traceparent")


def brought(parts: IntakeParts, caller: Caller, new: NewDispute, *, traceparent: str | None) -> file.Brought:
    """The dispute with its text read, as this caller brings it."""
    customer = new.customer
    return file.read(
        parts.in_use,
        new,
        customer_id=customer_id(parts.sealer, email=customer.email, phone=customer.phone, reference=customer.reference),
        actor=caller.actor,
        filed_by=caller.principal_id,
        traceparent=traceparent,
    )


def shaper(parts: IntakeParts, mark: bytes = b"") -> Callable[[file.Filed], kept.Reply]:
    """Makes the 201 of a dispute just filed."""

    def shape(filed: file.Filed) -> kept.Reply:
        told = document(parts, filed)
        headers = {
            "location": told["links"]["self"],
            "etag": deps.etag(filed.dispute.version),
            "content-type": "application/json",
        }
        return kept.Reply(mark, 201, headers, orjson.dumps(told, option=orjson.OPT_UTC_Z))

    return shape


def document(parts: IntakeParts, filed: file.Filed) -> dict[str, Any]:
    """What is told of a dispute just filed."""
    dispute = filed.dispute
    return {
        "id": dispute.id,
        "reference": dispute.reference,
        "status": dispute.status,
        "stage": dispute.stage,
        "tier": dispute.tier,
        "version": dispute.version,
        "category": asdict(filed.category),
        "signals": filed.signals,
        "severity": dispute.severity,
        "customer_id": dispute.customer_id,
        "prior_disputes": dispute.prior_disputes,
        "created_at": filed.created_at,
        "links": links.links(parts, dispute.id),
    }


def _response(reply: kept.Reply) -> Response:
    return Response(reply.body, reply.status, reply.headers)
