"""Idempotency-Key: the same request twice has one effect and one answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.intake.idempotency import read_key
from services.intake.problems import Problem
from services.intake.upkeep import Upkeep
from shared.db import idempotency, keys
from shared.db.engine import Database
from tests.services.intake.counter import Counter, a_counter

KEY = {"idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


async def test_the_same_request_again_gets_the_same_reply_and_files_nothing(counter: Counter) -> None:
    first, again = await counter.file(KEY), await counter.file(KEY)
    assert again.status_code == first.status_code == 201
    assert again.content == first.content
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert await counter.count() == 1


async def test_another_body_with_the_same_key_is_refused(counter: Counter) -> None:
    await counter.file(KEY)
    reply = await counter.file(KEY, subject="Something else")
    assert reply.status_code == 422
    assert reply.json()["code"] == "idempotency_key_reused"
    assert await counter.count() == 1


async def test_requests_at_the_same_moment_file_once(counter: Counter) -> None:
    replies = await asyncio.gather(*(counter.file(KEY) for _ in range(20)))
    assert {reply.status_code for reply in replies} <= {201, 409}
    assert await counter.count() == 1
    assert (await counter.file(KEY)).status_code == 201


async def test_two_processes_with_one_key_file_once(db: Database) -> None:
    async with a_counter(db) as one, a_counter(db) as two:
        replies = await asyncio.gather(*(each.file(KEY) for each in (one, two) * 10))
        assert {reply.status_code for reply in replies} <= {201, 409}
        assert {reply.json()["code"] for reply in replies if reply.status_code == 409} <= {"request_in_flight"}
        assert await one.count() == 1


async def test_a_key_under_way_in_another_transaction_is_told_to_wait(counter: Counter) -> None:
    async with counter.db.transaction() as tx:
        admin = await keys.find_caller(tx, "the administrator of the tests")
        assert admin is not None
        key = idempotency.Key(admin.principal_id, KEY["idempotency-key"], "POST /v1/disputes")
        assert await idempotency.hold(tx, key)
        reply = await counter.file(KEY)
    assert reply.status_code == 409
    assert reply.json()["code"] == "request_in_flight"
    assert reply.headers["retry-after"] == "1"
    assert (await counter.file(KEY)).status_code == 201


async def test_a_request_that_was_refused_may_be_mended_and_sent_with_its_key(counter: Counter) -> None:
    assert (await counter.file(KEY, purchased_on="2199-01-01")).status_code == 422
    assert await counter.count("idempotency") == 0
    assert (await counter.file(KEY)).status_code == 201


async def test_keys_of_two_callers_do_not_meet(counter: Counter) -> None:
    one, two = await counter.key("disputes:write"), await counter.key("disputes:write")
    first, second = await counter.file(KEY | one), await counter.file(KEY | two)
    assert first.json()["id"] != second.json()["id"]


async def test_a_key_on_another_route_is_another_key(counter: Counter) -> None:
    await counter.file(KEY)
    made = await counter.client.post("/v1/principals", json={"name": "Bo", "role": "agent"}, headers=KEY)
    again = await counter.client.post("/v1/principals", json={"name": "Bo", "role": "agent"}, headers=KEY)
    assert made.status_code == again.status_code == 201
    assert made.content == again.content
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("text", ["abc", '"abc"', "a" * 255, "x:y/z=", '"'])
def test_a_key_is_visible_ascii_quoted_or_not(text: str) -> None:
    assert read_key(text) == (text.strip('"') or text)


@pytest.mark.parametrize("text", ["", '""', "a" * 256, "a b", "é", "a\x7f"])
def test_another_key_is_malformed(text: str) -> None:
    with pytest.raises(Problem, match="malformed_request"):
        read_key(text)


async def test_a_malformed_key_is_told_to_the_caller(counter: Counter) -> None:
    reply = await counter.file({"idempotency-key": "a b"})
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["parameter"] == "Idempotency-Key"


async def test_replies_are_kept_a_day_and_then_cleared_away(counter: Counter) -> None:
    await counter.file(KEY)
    later = Database(counter.db.engine, offset=lambda: timedelta(hours=23))
    await Upkeep(later, counter.parts.settings).prune()
    assert await counter.count("idempotency") == 1
    later = Database(counter.db.engine, offset=lambda: timedelta(hours=25))
    await Upkeep(later, counter.parts.settings).prune()
    assert await counter.count("idempotency") == 0


async def test_a_key_older_than_a_day_begins_anew(counter: Counter) -> None:
    first = await counter.file(KEY)
    async with a_counter(
        Database(counter.db.engine, offset=lambda: timedelta(hours=25)), outbox_age_seconds_max=0
    ) as tomorrow:
        second = await tomorrow.file(KEY)
        third = await tomorrow.file(KEY)
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]
    assert third.json()["id"] == second.json()["id"]
