"""Every exception that may leave a route, and the reply it becomes."""

import re
from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.intake.idempotency import Replay, in_flight
from services.intake.problems import Fault, Problem, invalid, problem_of, respond
from services.intake.storage_faults import storage_problem
from services.intake.strict_json import escape
from shared.db.faults import RAISED_BY_DATABASE
from shared.db.idempotency import KeptByAnother
from shared.domain.errors import RecourseError
from shared.runtime.logs import logger

log = logger(__name__)

ERRORS_MAX: Final = 20
_BY_STATUS: Final = {
    400: "malformed_request",
    401: "unauthenticated",
    403: "not_permitted",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_value",
    429: "rate_limited",
    503: "busy",
}
_ENUM: Final = re.compile(r"<\w+\.\w+: ('[^'>]*')>")
"""How pydantic shows a member of one of our enumerations; only its word is anybody's business."""
_DETAILS: Final = {"not_found": "There is nothing at this address.", "method_not_allowed": "Not with this method."}


def install(app: FastAPI) -> None:
    """Makes every exception a problem; what nobody expected tells nothing of the inside and is raised on to the log."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Replay, _replay)
    app.add_exception_handler(KeptByAnother, _kept_by_another)
    app.add_exception_handler(RecourseError, _rule)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    for error in RAISED_BY_DATABASE:
        app.add_exception_handler(error, _storage)
    app.add_exception_handler(Exception, _unexpected)


def finish(request: Request, response: Response) -> Response:
    """The response with the headers that admission left for it."""
    limits = request.scope["state"].pop("limits", ())
    response.raw_headers.extend(limits)
    return response


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return finish(request, respond(request, error))


async def _replay(request: Request, error: Exception) -> Response:
    assert isinstance(error, Replay)
    return finish(request, error.response)


async def _kept_by_another(request: Request, _error: Exception) -> Response:
    return finish(request, respond(request, in_flight()))


async def _rule(request: Request, error: Exception) -> Response:
    assert isinstance(error, RecourseError)
    return finish(request, respond(request, problem_of(error)))


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return finish(request, respond(request, invalid(faults(error.errors()))))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, "malformed_request" if error.status_code < 500 else "internal_error")
    detail = _DETAILS.get(code) or str(error.detail)
    return finish(request, respond(request, Problem(code, detail, headers=dict(error.headers or {}))))


async def _storage(request: Request, error: Exception) -> Response:
    problem = storage_problem(error)
    if problem is None:
        raise error
    log.warning("storage_refused", code=problem.code, reason=type(error).__name__)
    return finish(request, respond(request, problem))


async def _unexpected(request: Request, _error: Exception) -> Response:
    detail = "The request could not be completed. Nothing can be told about it here; quote the trace id."
    return respond(request, Problem("internal_error", detail))


def faults(errors: Sequence[Any], *, at_body: bool = False) -> list[Fault]:
    """What pydantic found wrong, each named by a JSON pointer or a parameter; at most twenty.

    With `at_body` the places begin inside the body, as when no framework has read it.
    """
    return [_fault(each, ("body", *each["loc"]) if at_body else each["loc"]) for each in errors[:ERRORS_MAX]]


def _fault(error: Any, place: Sequence[str | int]) -> Fault:
    where, *path = place or ("body",)
    detail = _detail(error)
    if where == "body":
        return Fault(detail, pointer="".join(f"/{escape(str(step))}" for step in path))
    return Fault(detail, parameter=str(path[0]) if path else str(where))


def _detail(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "This field is not known here."
    if error["type"] == "missing":
        return "This field is required."
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return _ENUM.sub(r"\1", f"{error['msg']}.").replace(" after validation", "")
