"""The OpenAPI 3.1 document: what FastAPI knows of the routes, and one problem schema for everything that goes wrong."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.intake.openapi_examples import BODIES
from services.intake.problems import KINDS
from shared.runtime.problem import MEDIA_TYPE, TYPE_PREFIX

TAGS: Final = (
    {"name": "disputes", "description": "File disputes, read them, find them, correct their facts."},
    {"name": "casework", "description": "What happens to one dispute: messages, moves, decisions, feedback."},
    {"name": "customers", "description": "All disputes of one customer at once."},
    {"name": "assignments", "description": "Who has what, and what somebody has given to others."},
    {"name": "clocks", "description": "Promises of time, and why each deadline is when it is."},
    {"name": "notifications", "description": "What was sent, to whom, and how it went."},
    {"name": "policies", "description": "The escalation matrix and the choice of regulatory regimes, in versions."},
    {"name": "regimes", "description": "Regulatory regimes: their milestones, sources, and who is under them."},
    {"name": "insight", "description": "How well it goes, counted from what is stored."},
    {"name": "webhooks", "description": "Where our events are sent."},
    {"name": "inbound", "description": "Mail and chat that come in by themselves."},
    {"name": "operations", "description": "What could not be handled."},
    {"name": "access", "description": "Principals and their API keys."},
)
_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "code", "trace_id"],
    "properties": {
        "type": {"type": "string", "description": "A stable URI reference of the kind of problem."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path that was asked for."},
        "code": {"type": "string", "description": "A stable word for programs."},
        "trace_id": {"type": ["string", "null"], "description": "Quote it when asking for help."},
        "errors": {
            "type": "array",
            "description": "What is wrong where: a JSON pointer into the body, or a parameter's name.",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "parameter": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_PAGE: Final = re.compile(r"PageOut_(\w+?)Out_")
"""What a page of a list is called by the framework."""
_REFERENCE: Final = "#/components/schemas/{model}"
_RETRY: Final = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"description": "The scheme to use.", "schema": {"type": "string"}}},
    429: _RETRY,
    503: _RETRY,
}

ScopesOf = Callable[[APIRoute], Sequence[str]]


def describe(app: FastAPI, scopes_of: ScopesOf, models: Sequence[type[BaseModel]] = ()) -> None:
    """Gives the application its document, made at the first question.

    `scopes_of` a route are those of which it wants one. `models` are named in the document although no route declares
    them, because it reads them by hand.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, scopes_of, models)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to extend its document


def _document(app: FastAPI, scopes_of: ScopesOf, models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    document = get_openapi(
        title="Recourse",
        version="1",
        summary="Dispute resolution: no dispute goes unaddressed, every promise is kept or visibly broken.",
        description="JSON in UTF-8. Money is a decimal string with its ISO 4217 currency; instants are RFC 3339 in UTC. "
        "Problems are RFC 9457 documents with a stable `code`. An operation names the scope that its key needs, or the scopes of "
        "which one will do.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        tags=list(TAGS),
        servers=[{"url": "/"}],
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    _, more = models_json_schema([(each, "validation") for each in models], ref_template=_REFERENCE)
    schemas.update(more.get("$defs", {}))
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    routes = [each.original_route for each in iter_route_contexts(app.routes)]
    wanted = {each.operation_id: scopes_of(each) for each in routes if isinstance(each, APIRoute)}
    for path in document["paths"].values():
        for operation in path.values():
            _complete(operation, wanted[operation["operationId"]])
    called: dict[str, Any] = _renamed(document)
    return called


def _renamed(node: Any) -> Any:
    """The same with pages of lists under names that read well in the code made from the document."""
    if isinstance(node, dict):
        return {_PAGE.sub(r"\1PageOut", name): _renamed(each) for name, each in node.items()}
    if isinstance(node, list):
        return [_renamed(each) for each in node]
    return _PAGE.sub(r"\1PageOut", node) if isinstance(node, str) else node


def _complete(operation: dict[str, Any], scopes: Sequence[str]) -> None:
    if scopes:
        operation["security"] = [{"apiKey": [scope]} for scope in scopes]
    body: Mapping[str, Any] = operation.get("requestBody", {}).get("content", {})
    if operation["operationId"] in BODIES:
        body["application/json"]["example"] = BODIES[operation["operationId"]]
    for status, response in operation["responses"].items():
        if status.isdigit() and int(status) >= 400:
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, **_example(status)}}
            response.setdefault("headers", {}).update(_HEADERS.get(int(status), {}))
            if not response["headers"]:
                del response["headers"]


def _example(status: str) -> dict[str, Any]:
    code, kind = next((code, kind) for code, kind in KINDS.items() if kind.status == int(status))
    told = {
        "type": TYPE_PREFIX + code.replace("_", "-"),
        "title": kind.title,
        "status": kind.status,
        "detail": "What is wrong here, in a sentence.",
        "instance": "/v1/disputes",
        "code": code,
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
    }
    return {"example": told}
