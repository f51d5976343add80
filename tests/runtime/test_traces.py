"""A trace follows a dispute across the queue, whether or not anybody records it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.runtime import traces
from shared.runtime.serve import HttpServer
from shared.runtime.stop import Stop
from shared.runtime.trace_context import TraceContext

ROOT = Path(__file__).parents[2]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADERS = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "tracestate": "vendor=1"}


@pytest.fixture
async def recorded() -> AsyncIterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    traces.configure("recourse-test", None, exporter=exporter)
    yield exporter
    await traces.shutdown()


def test_a_trace_is_continued_and_passed_on_even_when_nobody_records() -> None:
    with traces.span_from(HEADERS, "handle", "consumer"):
        assert traces.current_trace_id() == TRACE
        onward = traces.inject()
    parent, child = traces.parse(HEADERS["traceparent"]), traces.parse(onward["traceparent"])
    assert parent is not None
    assert child is not None
    assert child.trace_id == TRACE
    assert child.span_id != parent.span_id
    assert onward["tracestate"] == "vendor=1"
    assert traces.current_trace_id() is None
    assert traces.inject() == {}


def test_without_headers_a_trace_begins_and_inner_work_stays_in_it() -> None:
    with traces.span_from(None, "sweep", "internal"):
        outer = traces.current_trace_id()
        with traces.span_from({}, "publish", "producer"):
            assert traces.current_trace_id() == outer
    assert outer is not None
    assert len(outer) == 32


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7-01-more",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7-01\n",
    ],
)
def test_a_header_that_is_not_valid_is_ignored(header: str | None) -> None:
    assert traces.parse(header) is None


def test_a_later_version_with_more_fields_is_understood() -> None:
    assert traces.parse(f"01-{TRACE}-00f067aa0ba902b7-01-more") is not None


@given(st.text(max_size=80))
def test_no_header_is_an_error(text: str) -> None:
    traces.parse(text)


@given(st.builds(traces.new))
def test_what_is_made_can_be_read(context: TraceContext) -> None:
    assert traces.parse(context.traceparent) == context


def test_nothing_of_opentelemetry_is_imported_while_traces_are_off() -> None:
    program = (
        "import sys; from shared.runtime import traces, asgi, process; traces.configure('x', None);"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


async def test_spans_of_producer_and_consumer_are_one_trace(recorded: InMemorySpanExporter) -> None:
    with traces.span_from(HEADERS, "file", "server"), traces.span_from(None, "publish", "producer"):
        kept = traces.inject()
    with traces.span_from(kept, "acknowledge", "consumer", attributes={"messaging.system": "rabbitmq"}) as span:
        span.set("outcome", "done")
    await traces.shutdown()
    spans = {span.name: span for span in recorded.get_finished_spans()}
    assert {f"{span.context.trace_id:032x}" for span in spans.values() if span.context} == {TRACE}
    assert spans["publish"].kind is SpanKind.PRODUCER
    assert spans["acknowledge"].kind is SpanKind.CONSUMER
    publish, acknowledge = spans["publish"].context, spans["acknowledge"].parent
    assert publish is not None
    assert acknowledge is not None
    assert acknowledge.span_id == publish.span_id
    assert dict(spans["acknowledge"].attributes or {}) == {"messaging.system": "rabbitmq", "outcome": "done"}


async def test_a_batch_is_linked_to_its_causes(recorded: InMemorySpanExporter) -> None:
    with traces.span_from(None, "relay", "producer", links=[HEADERS, {}]):
        pass
    await traces.shutdown()
    [span] = recorded.get_finished_spans()
    assert span.parent is None
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [TRACE]


async def test_a_failure_is_recorded_by_its_class_and_not_its_text(recorded: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="Ada"), traces.span_from(None, "handle", "consumer"):
        raise ValueError("Ada Jones wrote this")
    await traces.shutdown()
    [span] = recorded.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert "Ada" not in span.to_json()


async def test_spans_reach_a_collector() -> None:
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def collect(request: Request) -> Response:
        await received.put(await request.body())
        return Response(b"", media_type="application/x-protobuf")

    server, stop = HttpServer(Starlette(routes=[Route("/v1/traces", collect, methods=["POST"])])), Stop()
    serving = asyncio.create_task(server.run(stop))
    await server.ready()
    traces.configure("recourse-test", f"http://127.0.0.1:{server.port}/")
    with traces.span_from(HEADERS, "handle", "consumer"):
        pass
    await traces.shutdown()
    async with asyncio.timeout(5):
        body = await received.get()
    stop.request("done")
    await serving
    request = ExportTraceServiceRequest.FromString(body)
    [span] = request.resource_spans[0].scope_spans[0].spans
    assert span.name == "handle"
    assert span.trace_id.hex() == TRACE
