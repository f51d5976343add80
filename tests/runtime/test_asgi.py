"""Every request passes the edge: it gets ids, is counted by its route, is dressed for safety and bounded in size."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from shared.runtime import traces
from shared.runtime.asgi import guarded
from shared.runtime.metrics import Metrics
from shared.runtime.serve import HttpServer
from shared.runtime.stop import Stop
from tests.runtime.test_traces import HEADERS, TRACE

LIMIT, MAIL_LIMIT = 1000, 300_000


def _app() -> FastAPI:
    app, version, disputes = FastAPI(), APIRouter(prefix="/v1"), APIRouter(prefix="/disputes")

    @disputes.get("/{dispute_id}")
    async def read(dispute_id: str) -> dict[str, str | None]:
        return {"id": dispute_id, "trace": traces.current_trace_id()}

    @disputes.post("")
    async def file(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @disputes.put("/json")
    async def parsed(document: dict[str, str]) -> dict[str, int]:
        return {"keys": len(document)}

    @version.post("/webhooks/mail")
    async def mail(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.get("/portal")
    async def portal() -> HTMLResponse:
        return HTMLResponse("<p>", headers={"Content-Security-Policy": "default-src 'self'"})

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("ada@example.org")

    version.include_router(disputes)
    app.include_router(version)
    return app


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def client(metrics: Metrics) -> AsyncIterator[httpx.AsyncClient]:
    app = guarded(
        _app(),
        metrics,
        body_bytes_max=LIMIT,
        body_bytes_max_by_path={"/v1/webhooks/": 5, "/v1/webhooks/mail": MAIL_LIMIT},
    )
    server, stop = HttpServer(app), Stop()
    serving = asyncio.create_task(server.run(stop))
    await server.ready()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        yield client
    stop.request("done")
    await serving


def _counted(metrics: Metrics, method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return metrics.registry.get_sample_value("recourse_http_requests_total", labels) or 0


async def test_requests_are_counted_by_the_full_route_template_and_never_by_the_path(
    client: httpx.AsyncClient, metrics: Metrics
) -> None:
    for number in range(3):
        await client.get(f"/v1/disputes/{number}")
    await client.get("/guess/what")
    await client.request("PROPFIND", "/v1/disputes/1")
    assert _counted(metrics, "GET", "/v1/disputes/{dispute_id}", 200) == 3
    assert _counted(metrics, "GET", "unmatched", 404) == 1
    assert "guess" not in metrics.render()[0].decode()
    assert "PROPFIND" not in metrics.render()[0].decode()
    assert _counted(metrics, "other", "/v1/disputes/{dispute_id}", 405) == 1
    route = {"route": "/v1/disputes/{dispute_id}"}
    assert metrics.registry.get_sample_value("recourse_http_request_seconds_count", route) == 4


async def test_replies_carry_the_security_headers_and_no_server_name(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/v1/disputes/1")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


async def test_a_route_may_set_its_own_policy(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/portal")).headers
    assert headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_request_id_is_kept_or_made(client: httpx.AsyncClient) -> None:
    kept = await client.get("/v1/disputes/1", headers={"x-request-id": "abc-123"})
    assert kept.headers["x-request-id"] == "abc-123"
    made = [(await client.get("/v1/disputes/1")).headers["x-request-id"] for _ in range(2)]
    assert made[0] != made[1]


@pytest.mark.parametrize("hostile", ["a" * 65, "a b", "<script>", "é", ""])
async def test_a_request_id_that_is_not_plain_is_replaced(client: httpx.AsyncClient, hostile: str) -> None:
    reply = await client.get("/v1/disputes/1", headers=[(b"x-request-id", hostile.encode("latin-1"))])
    assert reply.headers["x-request-id"] != hostile


async def test_a_trace_is_continued_and_each_request_without_one_gets_its_own(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/disputes/1", headers=HEADERS)).json()["trace"] == TRACE
    own = {(await client.get("/v1/disputes/1", headers={"traceparent": "junk"})).json()["trace"] for _ in range(3)}
    assert len(own) == 3
    assert TRACE not in own


@pytest.mark.parametrize("streamed", [False, True], ids=["declared", "streamed"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/disputes"), ("PUT", "/v1/disputes/json")], ids=["raw", "parsed"]
)
async def test_a_body_over_the_limit_is_refused_with_a_problem(
    client: httpx.AsyncClient, method: str, path: str, *, streamed: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    reply = await client.request(method, path, content=chunks() if streamed else b"x" * 1100, headers=HEADERS)
    assert reply.status_code == 413
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json() == {
        "type": "/problems/body-too-large",
        "title": "Body too large",
        "status": 413,
        "detail": "The body may have at most 1000 bytes here.",
        "instance": path,
        "trace_id": TRACE,
        "body_bytes_max": LIMIT,
    }
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_a_body_of_exactly_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/disputes", content=b"x" * LIMIT)).json() == {"bytes": LIMIT}


async def test_a_path_may_have_its_own_limit_and_the_longest_prefix_counts(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/webhooks/mail", content=b"x" * MAIL_LIMIT)).json() == {"bytes": MAIL_LIMIT}
    assert (await client.post("/v1/webhooks/mail", content=b"x" * (MAIL_LIMIT + 1))).status_code == 413


async def test_the_connection_stays_usable_after_ordinary_replies_and_a_refused_body_ends_it(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.post("/v1/disputes", content=b"x" * 5000)).headers["connection"] == "close"
    assert (await client.get("/v1/disputes/1")).status_code == 200


async def test_an_escaped_error_is_a_500_that_tells_nothing(client: httpx.AsyncClient, metrics: Metrics) -> None:
    reply = await client.get("/broken")
    assert reply.status_code == 500
    assert "ada" not in reply.text
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert _counted(metrics, "GET", "/broken", 500) == 1


async def test_an_error_outside_any_framework_is_a_problem_with_the_trace_id(metrics: Metrics) -> None:
    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("ada@example.org")

    transport = httpx.ASGITransport(guarded(bare, metrics), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        reply = await client.get("/anything", headers=HEADERS)
    assert reply.status_code == 500
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["trace_id"] == TRACE
    assert "ada" not in reply.text
