"""The rate limit per key."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.intake import limits
from services.intake.limits import Buckets
from services.intake.problems import Problem
from shared.db.engine import Database
from tests.services.intake.counter import Counter, a_counter


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db, rate_limit=3, rate_window_seconds=3600) as opened:
        yield opened


def test_a_key_may_make_its_quota_at_once_and_then_one_by_one() -> None:
    clock, key = Clock(), uuid4()
    buckets = Buckets(10, 10, clock)
    for _ in range(10):
        buckets.take(key)
    with pytest.raises(Problem, match="rate_limited") as refused:
        buckets.take(key)
    assert refused.value.headers["retry-after"] == "1"
    clock.now += 1
    buckets.take(key)
    with pytest.raises(Problem, match="rate_limited"):
        buckets.take(key)


def test_a_rest_never_saves_more_than_the_quota() -> None:
    clock, key = Clock(), uuid4()
    buckets = Buckets(2, 1, clock)
    clock.now += 1_000_000
    buckets.take(key)
    buckets.take(key)
    with pytest.raises(Problem, match="rate_limited"):
        buckets.take(key)


def test_keys_have_buckets_of_their_own_and_the_number_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUCKETS_MAX", 5)
    buckets = Buckets(1, 10, Clock())
    for _ in range(100):
        buckets.take(uuid4())
    assert len(buckets._buckets) == 5


def test_no_quota_is_no_limit_and_no_header() -> None:
    assert Buckets(0, 10).take(uuid4()) == ()


async def test_replies_tell_what_is_left_and_the_refusal_when_to_come_back(counter: Counter) -> None:
    replies = [await counter.file() for _ in range(3)] + [await counter.client.get("/v1/disputes")]
    assert [reply.status_code for reply in replies] == [201, 201, 201, 429]
    assert replies[0].headers["ratelimit-policy"] == '"default";q=3;w=3600'
    assert [reply.headers["ratelimit"] for reply in replies[:3]] == [f'"default";r={n};t=3600' for n in (2, 1, 0)]
    assert replies[3].json()["code"] == "rate_limited"
    assert 0 < int(replies[3].headers["retry-after"]) <= 1200
    assert await counter.count() == 3


async def test_a_problem_tells_what_is_left_too(counter: Counter) -> None:
    reply = await counter.file(subject="")
    assert reply.status_code == 422
    assert reply.headers["ratelimit"] == '"default";r=2;t=3600'


async def test_another_key_is_not_held_back(counter: Counter) -> None:
    for _ in range(4):
        await counter.file()
    assert (await counter.file(await counter.key("disputes:write"))).status_code == 201
