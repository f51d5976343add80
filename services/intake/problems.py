"""The one table: what went wrong -> an RFC 9457 problem with its status.

Domain errors carry a stable `code`; the table gives each code its status and title. What is no rule of the domain but
of HTTP is raised as `Problem`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import Response

from shared.domain.errors import RecourseError
from shared.runtime.problem import MEDIA_TYPE, TYPE_PREFIX
from shared.runtime.traces import current_trace_id


class Kind(NamedTuple):
    """The status and title of a kind of problem."""

    status: int
    title: str


KINDS: Final[Mapping[str, Kind]] = {
    "malformed_request": Kind(400, "Malformed request"),
    "malformed_json": Kind(400, "Malformed JSON"),
    "invalid_cursor": Kind(400, "Invalid cursor"),
    "unauthenticated": Kind(401, "Not authenticated"),
    "insufficient_scope": Kind(403, "Insufficient scope"),
    "not_permitted": Kind(403, "Not permitted"),
    "authority_exceeded": Kind(403, "Authority exceeded"),
    "not_found": Kind(404, "Not found"),
    "method_not_allowed": Kind(405, "Method not allowed"),
    "conflict": Kind(409, "Conflict"),
    "illegal_transition": Kind(409, "Illegal transition"),
    "request_in_flight": Kind(409, "Request in flight"),
    "gone": Kind(410, "Gone"),
    "stale_version": Kind(412, "Stale version"),
    "body_too_large": Kind(413, "Body too large"),
    "unsupported_media_type": Kind(415, "Unsupported media type"),
    "invalid_value": Kind(422, "Invalid value"),
    "idempotency_key_reused": Kind(422, "Idempotency key reused"),
    "cannot_promise": Kind(422, "Cannot promise"),
    "policy_fault": Kind(422, "Policy fault"),
    "rule_broken": Kind(422, "Rule broken"),
    "precondition_required": Kind(428, "Precondition required"),
    "rate_limited": Kind(429, "Too many requests"),
    "internal_error": Kind(500, "Internal error"),
    "busy": Kind(503, "Busy"),
    "database_unavailable": Kind(503, "Database unavailable"),
    "overloaded": Kind(503, "Overloaded"),
}
"""Every problem of this API by its code. A domain error whose code is not listed is a `rule_broken`."""


class Fault(NamedTuple):
    """One thing wrong in a request: a JSON pointer into the body, or a parameter's name."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def as_dict(self) -> dict[str, str]:
        place = {"pointer": self.pointer} if self.pointer is not None else {"parameter": self.parameter or ""}
        return {**place, "detail": self.detail}


@dataclass(eq=False)
class Problem(Exception):
    """A refusal in the terms of HTTP; `code` names its row in the table."""

    code: str
    detail: str
    errors: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.code

    @property
    def status(self) -> int:
        return KINDS[self.code].status

    def document(self, instance: str) -> dict[str, Any]:
        """The problem as RFC 9457 has it."""
        kind = KINDS[self.code]
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code.replace("_", "-"),
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            "trace_id": current_trace_id(),
        }
        if self.errors:
            document["errors"] = [fault.as_dict() for fault in self.errors]
        return {**document, **self.extra}


_SHOWN: Final = ("allowed", "limit", "tier", "expected", "present", "place", "pointer")
"""Attributes of domain errors that help the caller and identify nobody."""


def problem_of(error: RecourseError) -> Problem:
    """The problem that a broken rule of the domain is to a caller."""
    code = error.code if error.code in KINDS else "rule_broken"
    extra = {name: getattr(error, name) for name in _SHOWN if hasattr(error, name)}
    pointer = getattr(error, "field", None)
    faults = (Fault(str(error), pointer=pointer),) if pointer is not None else ()
    return Problem(code, str(error), faults, extra=extra)


def invalid(faults: Sequence[Fault]) -> Problem:
    """A request whose fields break rules, each named."""
    first = faults[0]
    place = first.pointer if first.pointer is not None else first.parameter
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    return Problem("invalid_value", f"{place or 'body'}: {first.detail}{more}", faults)


def respond(request: Request, problem: Problem) -> Response:
    """The reply that tells a problem."""
    body = orjson.dumps(problem.document(request.url.path), default=str)
    return Response(body, problem.status, dict(problem.headers), MEDIA_TYPE)
