"""POST /v1/disputes/batch: many disputes in one request, each with an answer of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.db.engine import Database
from tests.services.intake.counter import Counter, a_complaint, a_counter

PATH = "/v1/disputes/batch"


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


async def send(counter: Counter, items: list[Any], headers: dict[str, str] | None = None) -> Any:
    reply = await counter.client.post(PATH, json={"disputes": items}, headers=headers)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_each_dispute_is_answered_in_its_place(counter: Counter) -> None:
    items = [
        a_complaint(subject="First"),
        a_complaint(subject=7),
        a_complaint(amount={"value": "1", "currency": "XXX"}),
        a_complaint(purchased_on="2199-01-01"),
        "no object",
        a_complaint(customer={"phone": "call me"}),
        a_complaint(subject="Last"),
    ]
    told = await send(counter, items)
    assert [each["status"] for each in told["items"]] == [201, 422, 422, 422, 422, 422, 201]
    assert (told["filed"], told["refused"]) == (2, 5)
    pointers = [each["problem"]["errors"][0]["pointer"] for each in told["items"][1:6]]
    assert pointers == ["/subject", "/amount/currency", "/purchased_on", "", "/customer/phone"]
    assert all(each["problem"]["code"] == "invalid_value" for each in told["items"][1:6])
    last = told["items"][-1]["dispute"]
    read = (await counter.client.get(last["links"]["self"])).json()
    assert read["subject"] == "Last"
    assert await counter.count() == await counter.count("outbox") == 2


async def test_a_thousand_are_taken_and_one_more_is_not(counter: Counter) -> None:
    told = await send(counter, [a_complaint(subject=f"Complaint {n}") for n in range(1000)])
    assert told["filed"] == await counter.count() == 1000
    assert len({each["dispute"]["reference"] for each in told["items"]}) == 1000
    reply = await counter.client.post(PATH, json={"disputes": [a_complaint()] * 1001})
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "/disputes"


@pytest.mark.parametrize("body", [{}, {"disputes": []}, {"disputes": {}}, {"disputes": [{}], "more": 1}, []])
async def test_a_batch_that_is_none_is_refused_whole(counter: Counter, body: Any) -> None:
    assert (await counter.client.post(PATH, json=body)).status_code == 422


async def test_a_dispute_with_a_key_of_its_own_is_filed_once_in_whatever_batch(counter: Counter) -> None:
    first = await send(counter, [a_complaint(key="import-1"), a_complaint(key="import-2")])
    again = await send(
        counter, [a_complaint(key="import-3"), a_complaint(key="import-1"), a_complaint(subject="x", key="import-2")]
    )
    assert [each["status"] for each in again["items"]] == [201, 201, 422]
    assert [each["replayed"] for each in again["items"][:2]] == [False, True]
    assert again["items"][1]["dispute"] == first["items"][0]["dispute"]
    assert again["items"][2]["problem"]["code"] == "idempotency_key_reused"
    assert await counter.count() == 3


async def test_a_key_twice_in_one_batch_is_refused_the_second_time(counter: Counter) -> None:
    told = await send(counter, [a_complaint(key="k"), a_complaint(key="k")])
    assert [each["status"] for each in told["items"]] == [201, 409]


async def test_the_whole_batch_has_a_key_too(counter: Counter) -> None:
    header = {"idempotency-key": "batch-1"}
    first = await counter.client.post(PATH, json={"disputes": [a_complaint()] * 3}, headers=header)
    again = await counter.client.post(PATH, json={"disputes": [a_complaint()] * 3}, headers=header)
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert await counter.count() == 3


async def test_only_an_administrator_says_when_a_dispute_was_received(counter: Counter) -> None:
    old = a_complaint(received_at="2024-05-04T11:00:00+02:00")
    told = await send(counter, [old])
    read = (await counter.client.get(told["items"][0]["dispute"]["links"]["self"])).json()
    assert read["received_at"] == "2024-05-04T09:00:00Z"
    refused = await send(counter, [old, a_complaint()], await counter.key("disputes:write"))
    assert [each["status"] for each in refused["items"]] == [403, 201]
    assert refused["items"][0]["problem"]["scope"] == "admin"
    for instant in ("2199-01-01T00:00:00Z", "1960-01-01T00:00:00Z", "2024-05-04T11:00:00", "2024-05-04"):
        told = await send(counter, [a_complaint(received_at=instant)])
        assert told["items"][0]["problem"]["errors"][0]["pointer"] == "/received_at", instant
    single = await counter.file(received_at="2024-05-04T09:00:00Z")
    assert single.json()["errors"][0]["pointer"] == "/received_at"
