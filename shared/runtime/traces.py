"""W3C trace context that follows a dispute from request to queue to mail, and OpenTelemetry spans when asked for.

Without a collector nothing of OpenTelemetry is imported; trace ids are still accepted, made, logged and passed on.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Final

from shared.runtime.trace_context import Attribute, Kind, Span, TraceContext, Tracer, random_bits

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_TRACESTATE_LENGTH_MAX: Final = 512
_current: Final[ContextVar["TraceContext | None"]] = ContextVar("trace_context", default=None)


class _NoSpan:
    def set(self, key: str, value: Attribute) -> None:
        """Nobody listens."""

    def rename(self, name: str) -> None:
        """Nobody listens."""

    def fail(self, reason: str) -> None:
        """Nobody listens."""


_NO_SPAN: Final = _NoSpan()
_tracers: Final[list[Tracer]] = []


def configure(service_name: str, endpoint: str | None, *, exporter: "SpanExporter | None" = None) -> None:
    """Sends spans to the OTLP/HTTP collector at `endpoint`, or to `exporter`; with neither, traces stay off."""
    _tracers.clear()
    if endpoint is not None or exporter is not None:
        from shared.runtime.spans import make_tracer

        _tracers.append(make_tracer(service_name, endpoint, exporter=exporter))


def enabled() -> bool:
    """Whether spans are recorded."""
    return bool(_tracers)


async def shutdown() -> None:
    """Sends what is buffered, in a thread since the exporter blocks, and turns traces off."""
    while _tracers:
        await asyncio.to_thread(_tracers.pop().shutdown)


def parse(traceparent: str | None, tracestate: str | None = None) -> TraceContext | None:
    """The trace context of a header, or None when there is none or it is not valid."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == "ff" or (version == "00" and more) or not (int(trace_id, 16) and int(span_id, 16)):
        return None
    state = tracestate if tracestate and len(tracestate) <= _TRACESTATE_LENGTH_MAX else None
    return TraceContext(trace_id, span_id, flags, state)


def new() -> TraceContext:
    """The beginning of a trace that nobody records."""
    ids = f"{random_bits(192):048x}"
    return TraceContext(ids[:32], ids[32:])


def enter(context: TraceContext) -> Token["TraceContext | None"]:
    """Makes this the current place, in this task and its logs; the cheap way, for a task that ends with the work."""
    return _current.set(context)


def current() -> TraceContext | None:
    """The place in a trace where this task stands."""
    return _current.get()


def current_trace_id() -> str | None:
    """The trace id to show beside a problem or a log line."""
    context = _current.get()
    return None if context is None else context.trace_id


def inject() -> dict[str, str]:
    """The headers that continue the current trace: keep them with an outbox row, send them with a message."""
    context = _current.get()
    if context is None:
        return {}
    headers = {"traceparent": context.traceparent}
    if context.state is not None:
        headers["tracestate"] = context.state
    return headers


@contextmanager
def span_from(
    headers: Mapping[str, str] | None,
    name: str,
    kind: Kind,
    *,
    links: Sequence[Mapping[str, str]] = (),
    attributes: Mapping[str, Attribute] | None = None,
) -> Iterator[Span]:
    """Does the work of the block inside the trace that `headers` name, else inside the current one, else a new one.

    For a batch pass None and every message's headers as `links`: a batch has many causes and no parent.
    Attributes have their OpenTelemetry names, such as `messaging.system`.
    """
    parent = _from(headers) if headers is not None else None
    parent = parent or _current.get()
    if not _tracers:
        with _inside(parent.child() if parent is not None else new()):
            yield _NO_SPAN
        return
    causes = [cause for cause in map(_from, links) if cause is not None]
    with _tracers[0].span(parent, name, kind, causes, attributes or {}) as (context, span), _inside(context):
        yield span


@contextmanager
def _inside(context: TraceContext) -> Iterator[None]:
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def _from(headers: Mapping[str, str]) -> TraceContext | None:
    return parse(headers.get("traceparent"), headers.get("tracestate"))
