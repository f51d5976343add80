"""The two layers every request passes, pure ASGI because anything heavier costs more than the work behind it.

`Edge` gives the request its ids, counts it and dresses the reply; `BodyLimit` (in its own module) bounds what comes in.
"""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.runtime import traces
from shared.runtime.body_limit import BODY_BYTES_MAX, BodyLimit
from shared.runtime.logs import bind, logger
from shared.runtime.metrics import Metrics
from shared.runtime.problem import problem_messages
from shared.runtime.trace_context import TraceContext

log = logger(__name__)

SLOW_SECONDS: Final = 1.0
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID_LENGTH_MAX: Final = 64
_SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
_SECURITY_NAMES: Final = frozenset(name for name, _ in _SECURITY)


def guarded(
    app: ASGIApp,
    metrics: Metrics,
    *,
    body_bytes_max: int = BODY_BYTES_MAX,
    body_bytes_max_by_path: Mapping[str, int] | None = None,
) -> ASGIApp:
    """The application inside its edge and its body limit; serve this one.

    A path prefix in `body_bytes_max_by_path` has its own limit; the longest prefix counts.
    """
    return Edge(BodyLimit(app, body_bytes_max=body_bytes_max, by_path=body_bytes_max_by_path or {}), metrics)


def route_template(scope: Scope) -> str:
    """The matched route's full template, `/v1/disputes/{id}`, or `unmatched`; call it after the application."""
    matched = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    template = getattr(matched, "path_format", None) or getattr(matched, "path", None)
    return template if isinstance(template, str) else "unmatched"


class Edge:
    """Request id and trace context in, counts and security headers out; what the application sets itself stands.

    An error that escapes before a reply has begun is answered by a problem with status 500 and raised on.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._requests = metrics.http_requests
        self._seconds = metrics.http_request_seconds
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}
        self._process = os.urandom(6).hex()
        self._serial = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, context, traceparent = self._identify(scope)
        reply = _Reply(send, request_id.encode())
        began = time.perf_counter()
        try:
            if traces.enabled():
                await self._traced(scope, receive, reply, traceparent)
            else:
                traces.enter(context)
                await self._app(scope, receive, reply)
        except Exception:
            if not reply.status:
                await _answer_failure(scope, reply)
            raise
        finally:
            self._count(scope, reply.status or 500, time.perf_counter() - began)

    def _identify(self, scope: Scope) -> tuple[str, TraceContext, dict[str, str]]:
        request_id, headers = "", {}
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                request_id = _acceptable(value)
            elif name in (b"traceparent", b"tracestate"):
                headers[name.decode()] = value.decode("latin-1")
        request_id = request_id or f"{self._process}-{next(self._serial):x}"
        bind(request_id=request_id)
        parent = traces.parse(headers.get("traceparent"), headers.get("tracestate")) if headers else None
        scope.setdefault("state", {})["request_id"] = request_id
        return request_id, (parent.child() if parent is not None else traces.new()), headers

    async def _traced(self, scope: Scope, receive: Receive, reply: "_Reply", headers: Mapping[str, str]) -> None:
        with traces.span_from(headers, scope["method"], "server") as span:
            try:
                await self._app(scope, receive, reply)
            finally:
                route = route_template(scope)
                span.rename(f"{scope['method']} {route}")
                span.set("http.request.method", scope["method"])
                span.set("http.route", route)
                span.set("http.response.status_code", reply.status or 500)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_template(scope)
        key = (method, route, status)
        children = self._children.get(key)
        if children is None:  # bounded: methods, templates and statuses are short lists
            children = self._requests.labels(method, route, status), self._seconds.labels(route)
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)
        if status >= 500 or seconds > SLOW_SECONDS:
            log.warning("request_noticed", method=method, route=route, status=status, seconds=round(seconds, 3))


class _Reply:
    """The way out: remembers the status and adds the headers that the application did not set."""

    __slots__ = ("_request_id", "_send", "status")

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = message.get("headers", ())
            message["headers"] = [*own, *_missing(own), (b"x-request-id", self._request_id)]
        await self._send(message)


def _missing(own: Iterable[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes]]:
    for name, _ in own:
        if name in _SECURITY_NAMES:
            present = {name for name, _ in own}
            return [pair for pair in _SECURITY if pair[0] not in present]
    return _SECURITY


def _acceptable(value: bytes) -> str:
    """A caller's request id, if it is short and plain enough to be logged and sent back."""
    text = value.decode("latin-1")
    plain = len(text) <= _REQUEST_ID_LENGTH_MAX and text.replace("-", "").replace("_", "").isalnum() and text.isascii()
    return text if plain else ""


async def _answer_failure(scope: Scope, reply: Send) -> None:
    detail = "The request could not be completed. Nothing can be told about it here; quote the trace id."
    extra = {"trace_id": traces.current_trace_id()}
    for message in problem_messages(
        500, slug="internal-error", title="Internal error", detail=detail, instance=scope["path"], extra=extra
    ):
        await reply(message)


__all__ = ["BODY_BYTES_MAX", "BodyLimit", "Edge", "guarded", "route_template"]
