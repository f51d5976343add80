"""OpenTelemetry behind our trace context; imported only when traces are on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from shared.runtime.trace_context import Attribute, Kind, Span, TraceContext, Tracer

_EXPORT_TIMEOUT_SECONDS: Final = 5
_KINDS: Final[Mapping[Kind, SpanKind]] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}


def make_tracer(service_name: str, endpoint: str | None, *, exporter: SpanExporter | None = None) -> Tracer:
    """A tracer of its own provider, so that nothing is set for the whole process."""
    if exporter is None:
        target = f"{(endpoint or '').rstrip('/')}/v1/traces"
        exporter = OTLPSpanExporter(endpoint=target, timeout=_EXPORT_TIMEOUT_SECONDS)
    provider = TracerProvider(resource=Resource.create({"service.name": service_name}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return _Tracer(provider)


class _Span:
    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def set(self, key: str, value: Attribute) -> None:
        self._span.set_attribute(key, value)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, reason: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, reason))


class _Tracer:
    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("recourse")

    @contextmanager
    def span(
        self,
        parent: TraceContext | None,
        name: str,
        kind: Kind,
        links: Sequence[TraceContext],
        attributes: Mapping[str, Attribute],
    ) -> Iterator[tuple[TraceContext, Span]]:
        span = self._tracer.start_span(
            name,
            context=None if parent is None else set_span_in_context(NonRecordingSpan(_foreign(parent))),
            kind=_KINDS[kind],
            links=[Link(_foreign(each)) for each in links],
            attributes=dict(attributes),
        )
        try:
            yield _ours(span), _Span(span)
        except BaseException as error:
            # The class only: an error's text may quote what a customer wrote.
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.end()

    def shutdown(self) -> None:
        self._provider.shutdown()


def _foreign(context: TraceContext) -> SpanContext:
    return SpanContext(
        trace_id=int(context.trace_id, 16),
        span_id=int(context.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(context.flags, 16)),
        trace_state=TraceState.from_header([context.state]) if context.state else None,
    )


def _ours(span: OtelSpan) -> TraceContext:
    context = span.get_span_context()
    return TraceContext(
        format_trace_id(context.trace_id),
        format_span_id(context.span_id),
        f"{context.trace_flags:02x}",
        context.trace_state.to_header() or None,
    )
