"""Probes tell the truth, cost the database next to nothing, and reveal no secret."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from shared.runtime.health import CheckFailedError, Health, operations_app
from shared.runtime.metrics import Metrics
from shared.runtime.pulse import Pulse, Watchdog
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]


@pytest.fixture
def health() -> Health:
    health = Health()
    health.started = True
    return health


@pytest.fixture
async def probe(health: Health) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(operations_app(health, Metrics()))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client
    health.close()


async def passes() -> None:
    return None


async def test_a_service_with_all_its_parts_is_ready(health: Health, probe: httpx.AsyncClient) -> None:
    health.add("database", passes)
    reply = await probe.get("/readyz")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/health+json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json()["status"] == "pass"
    assert reply.json()["checks"]["database"][0]["status"] == "pass"


async def test_a_failing_part_makes_it_unready_but_not_dead_and_shows_no_secret(
    health: Health, probe: httpx.AsyncClient
) -> None:
    async def fails() -> None:
        raise ConnectionRefusedError("postgresql://user:hunter2@host")

    async def explains() -> None:
        raise CheckFailedError("migration 7 of 9")

    health.add("database", fails)
    health.add("migrations", explains)
    reply = await probe.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["checks"]["database"][0]["output"] == "ConnectionRefusedError"
    assert reply.json()["checks"]["migrations"][0]["output"] == "migration 7 of 9"
    assert "hunter2" not in reply.text
    assert (await probe.get("/livez")).status_code == 200


async def test_an_excluded_part_is_not_asked(health: Health, probe: httpx.AsyncClient) -> None:
    asked = []

    async def fails() -> None:
        asked.append(1)
        raise ConnectionRefusedError

    health.add("queue", fails)
    health.add("database", passes)
    assert (await probe.get("/readyz?exclude=queue")).status_code == 200
    assert (await probe.get("/readyz?exclude=queue,database")).status_code == 200
    assert asked == []


async def test_a_storm_of_probes_asks_each_part_once(health: Health, probe: httpx.AsyncClient) -> None:
    asked = []

    async def counted() -> str:
        asked.append(1)
        await asyncio.sleep(0)
        return "well"

    health.add("database", counted, keep_seconds=60)
    replies = await asyncio.gather(*(probe.get("/readyz") for _ in range(50)))
    assert {reply.status_code for reply in replies} == {200}
    assert len(asked) == 1


async def test_a_recovery_is_seen_long_before_a_good_result_would_be_asked_again(
    health: Health, probe: httpx.AsyncClient
) -> None:
    down = [True]

    async def recovers() -> None:
        if down:
            raise ConnectionRefusedError

    health.add("database", recovers, keep_seconds=600)
    assert (await probe.get("/readyz")).status_code == 503
    down.clear()
    await eventually(_status_is(probe, "/readyz", 200), within=5)


async def test_a_part_that_hangs_counts_as_failed_and_is_not_asked_again_meanwhile(
    health: Health, probe: httpx.AsyncClient
) -> None:
    asked, release = [], asyncio.Event()

    async def hangs() -> None:
        asked.append(1)
        await release.wait()

    health.add("database", hangs, timeout_seconds=0.05, keep_seconds=0)
    assert (await probe.get("/readyz")).json()["checks"]["database"][0]["output"] == "timed out"
    assert (await probe.get("/readyz")).status_code == 503
    assert len(asked) == 1
    release.set()
    await eventually(_status_is(probe, "/readyz", 200))


async def test_a_part_that_never_answers_is_given_up_and_asked_anew(health: Health, probe: httpx.AsyncClient) -> None:
    asked = []

    async def hangs() -> None:
        asked.append(1)
        await asyncio.Event().wait()

    health.add("database", hangs, timeout_seconds=0.01, keep_seconds=0)

    async def probed_twice_over() -> bool:
        await probe.get("/readyz")
        return len(asked) >= 2

    check: Callable[[], bool | Awaitable[bool]] = probed_twice_over
    await eventually(check)


async def test_a_cancellation_by_a_library_fails_the_part_and_not_the_probe(
    health: Health, probe: httpx.AsyncClient
) -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    health.add("queue", cancelled)
    reply = await probe.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["checks"]["queue"][0]["output"] == "CancelledError"


async def test_a_draining_service_is_not_ready(health: Health, probe: httpx.AsyncClient) -> None:
    health.drain()
    assert (await probe.get("/readyz")).status_code == 503
    assert (await probe.get("/livez")).status_code == 200


async def test_a_service_that_is_still_starting_says_so(health: Health, probe: httpx.AsyncClient) -> None:
    health.started = False
    assert (await probe.get("/startupz")).status_code == 503
    assert (await probe.get("/readyz")).status_code == 503
    health.started = True
    assert (await probe.get("/startupz")).status_code == 200


async def test_a_silent_loop_makes_the_service_not_alive(health: Health, probe: httpx.AsyncClient) -> None:
    health.watchdog = Watchdog(limit_seconds=60)
    assert (await probe.get("/livez")).status_code == 200
    health.watchdog.add(Pulse("escalation", limit_seconds=-1))
    reply = await probe.get("/livez")
    assert reply.status_code == 503
    assert reply.json()["output"] == "stuck: escalation"


async def test_the_watchdog_reports_a_loop_that_fell_silent_and_leaves_a_beating_one_alone() -> None:
    stuck: list[str] = []
    watchdog = Watchdog(limit_seconds=0.2, on_stuck=lambda pulse: stuck.append(pulse.name))
    watchdog.add(Pulse("silent", limit_seconds=0.1))
    watchdog.start()
    try:
        await eventually(lambda: "silent" in stuck)
        assert watchdog.stuck == ("silent",)
    finally:
        watchdog.stop()
    assert set(stuck) == {"silent"}


def _status_is(client: httpx.AsyncClient, path: str, status: int) -> Callable[[], bool | Awaitable[bool]]:
    async def asks() -> bool:
        return (await client.get(path)).status_code == status

    return asks


def test_two_services_in_one_process_do_not_clash() -> None:
    first, second = Metrics(), Metrics()
    first.timers_fired.labels("next_update").inc()
    assert b'recourse_timers_fired_total{kind="next_update"} 1.0' in first.render()[0]
    assert b"recourse_timers_fired_total{" not in second.render()[0]


async def test_metrics_are_served_in_the_exposition_format(probe: httpx.AsyncClient) -> None:
    reply = await probe.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = {family.name for family in text_string_to_metric_families(reply.text)}
    assert {"recourse_outbox_oldest_seconds", "process_resident_memory_bytes", "recourse_timers_fired"} <= names


def test_every_metric_is_prefixed_named_with_its_unit_and_free_of_identities() -> None:
    for family in _own_families():
        assert family.documentation
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert labels.isdisjoint({"id", "dispute_id", "email", "address", "path", "recipient"})
        if family.type == "histogram":
            assert family.name.endswith("_seconds")


def test_every_metric_is_on_the_operations_page() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    missing = [family.name for family in _own_families() if f"`{_published(family)}`" not in page]
    assert missing == []


def test_lateness_is_told_from_five_milliseconds_to_an_hour() -> None:
    metrics = Metrics()
    metrics.timer_lateness_seconds.observe(0.004)
    text = metrics.render()[0].decode()
    assert 'recourse_timer_lateness_seconds_bucket{le="0.005"} 1.0' in text
    assert 'recourse_timer_lateness_seconds_bucket{le="3600.0"} 1.0' in text


def _own_families() -> list[Metric]:
    return [family for family in Metrics().registry.collect() if family.name.startswith("recourse_")]


def _published(family: Metric) -> str:
    suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
    return f"{family.name}{suffix}"
