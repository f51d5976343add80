"""An erasure leaves no text and nothing personal of a dispute in any table, and everybody else's as it was."""

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from shared.db import clocks, experts, history
from shared.db.engine import Database
from shared.domain.clock_record import Kind
from shared.messages.casework_events import DisputeErased
from tests.services.intake.counter import Counter, a_counter
from tests.services.intake.told_case import a_told_case, told_of

WORD = "quokka"
"""In everything the customer and the house say of the one dispute, and in nothing else."""
ASKED = {"because": "customer_asked"}


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


PLACES = {
    "category_correction.description",
    "category_correction.subject",
    "clock.extensions",
    "dispute.metadata",
    "dispute.order_reference",
    "dispute.product",
    "dispute_private.customer_reference",
    "dispute_private.description",
    "dispute_private.email",
    "dispute_private.name",
    "dispute_private.parties",
    "dispute_private.resolution",
    "dispute_private.subject",
    "feedback.comment",
    "inbound_delivery.body",
    "inbound_delivery.headers",
    "mark.note",
    "message.body",
    "referral.body",
    "referral.reference",
    "thread.key",
    "delivery.facts",
    "delivery.reason",
    "delivery_attempt.detail",
    "dispute_link.end_reason",
    "dispute_link.reason",
    "precedent.words",
}


async def test_after_an_erasure_nothing_that_was_said_stands_in_any_table(counter: Counter) -> None:
    await counter.file()
    dispute_id = await a_told_case(counter, WORD)
    async with counter.db.transaction() as tx:
        assert await told_of(tx, WORD) >= PLACES
        assert await told_of(tx, "my lawyer") >= {"dispute_private.evidence", "idempotency.body"}
    reply = await counter.client.post(f"/v1/disputes/{dispute_id}/erase", json=ASKED)
    assert (reply.status_code, reply.json()["status"]) == (200, "closed")
    async with counter.db.transaction() as tx:
        assert await told_of(tx, WORD) == {"idempotency.key"}, "the caller's own name for the request"
        assert await told_of(tx, "my lawyer") == set()
        entries = await history.entries(tx, dispute_id)
        (request,) = await experts.listed(tx, dispute_id)
        extended = (await clocks.newest(tx, [dispute_id]))[dispute_id][Kind.RESOLUTION].extensions
    assert [(each.reason, each.request) for each in extended] == [("", "w1")]
    assert (request.question, request.answer) == (None, None)
    assert all(after.follows(one.hash) for one, after in pairwise(entries)), "the chain of the history holds"


async def test_what_others_said_stays(counter: Counter) -> None:
    await counter.file()
    kept, gone = await a_told_case(counter, "wombat"), await a_told_case(counter, WORD)
    async with counter.db.transaction() as tx:
        before = await told_of(tx, "wombat")
    await counter.client.post(f"/v1/disputes/{gone}/erase", json=ASKED)
    async with counter.db.transaction() as tx:
        assert await told_of(tx, "wombat") == before
    assert (await counter.client.get(f"/v1/disputes/{kept}")).json()["erased_at"] is None


async def test_an_erased_dispute_says_so_and_is_erased_once(counter: Counter) -> None:
    dispute_id = await a_told_case(counter, WORD)
    for _ in range(2):
        reply = await counter.client.post(f"/v1/disputes/{dispute_id}/erase", json=ASKED)
        assert reply.status_code == 200
    shown = (await counter.client.get(f"/v1/disputes/{dispute_id}")).json()
    assert shown["erased_at"] is not None
    async with counter.db.transaction() as tx:
        events = [entry.envelope.event for entry in await history.entries(tx, dispute_id)]
    assert [each for each in events if isinstance(each, DisputeErased)] == [DisputeErased(because="customer_asked")]


async def test_a_dispute_that_goes_on_is_not_erased(counter: Counter) -> None:
    dispute_id = (await counter.file()).json()["id"]
    reply = await counter.client.post(f"/v1/disputes/{dispute_id}/erase", json=ASKED)
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    assert (await counter.client.get(f"/v1/disputes/{dispute_id}")).json()["subject"] == "Charged twice"


async def test_only_an_administrator_erases(counter: Counter) -> None:
    dispute_id = await a_told_case(counter, WORD)
    key = await counter.key("disputes:read", "disputes:write", "cases:work", "ops:read")
    reply = await counter.client.post(f"/v1/disputes/{dispute_id}/erase", json=ASKED, headers=key)
    assert reply.status_code == 403


async def test_what_was_said_after_an_erasure_is_erased_with_the_next(counter: Counter) -> None:
    dispute_id = await a_told_case(counter, WORD)

    async def erased() -> int:
        reply = await counter.client.post(f"/v1/disputes/{dispute_id}/erase", json=ASKED)
        return reply.status_code

    assert await erased() == 200
    said = {"direction": "in", "body": "The numbat came after all."}
    assert (await counter.client.post(f"/v1/disputes/{dispute_id}/messages", json=said)).status_code < 300
    resolved = {"outcome": "not_upheld", "explanation": "There was no numbat."}
    assert (await counter.client.post(f"/v1/disputes/{dispute_id}/resolve", json=resolved)).status_code == 200
    assert (await counter.client.post(f"/v1/disputes/{dispute_id}/close", json={})).status_code == 200
    async with counter.db.transaction() as tx:
        assert await told_of(tx, "numbat") >= {"message.body", "dispute_private.resolution"}
    assert await erased() == 200
    async with counter.db.transaction() as tx:
        assert await told_of(tx, "numbat") == set()
        events = [entry.envelope.event for entry in await history.entries(tx, dispute_id)]
    assert sum(isinstance(each, DisputeErased) for each in events) == 2
