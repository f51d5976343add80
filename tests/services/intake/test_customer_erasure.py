"""A customer's erasure takes the texts of all their disputes that are over, and says which stay and why."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.commands.erase import AT_ONCE_MAX, REST
from services.intake.upkeep import Upkeep
from shared.db import disputes, erasure, history
from shared.db.engine import Database, Tx
from shared.domain.lifecycle import Status
from shared.messages.casework_events import DisputeErased
from tests.builders import a_dispute, a_filing
from tests.services.intake.counter import Counter, a_counter
from tests.services.intake.told_case import a_told_case, told_of

WORD = "quokka"
ADA = "ada@example.org"
ASKED: dict[str, Any] = {"because": "customer_asked"}


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


async def customer_of(counter: Counter, dispute_id: UUID | str) -> str:
    shown = (await counter.client.get(f"/v1/disputes/{dispute_id}")).json()
    return str(shown["customer"]["id"])


async def asked(counter: Counter, customer_id: str, **more: Any) -> Any:
    reply = await counter.client.post(f"/v1/customers/{customer_id}/erase", json={**ASKED, **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


async def an_open_one(counter: Counter, word: str = "bandicoot") -> str:
    """A dispute of Ada's that goes on."""
    filed = await counter.file(customer={"email": ADA}, subject=f"The {word} never came")
    return str(filed.json()["id"])


async def closed(counter: Counter, dispute_id: str) -> None:
    reply = await counter.client.post(f"/v1/disputes/{dispute_id}/withdraw", json={"reason": "It came after all."})
    assert reply.status_code == 200, reply.text


async def pruned(counter: Counter, after: timedelta) -> None:
    """One round of intake's upkeep, so much later."""
    later = Database(counter.db.engine, offset=lambda: after)
    await Upkeep(later, counter.parts.settings).prune()


async def erasures(counter: Counter, dispute_id: UUID | str) -> list[tuple[str, str]]:
    """Who erased a dispute and why, by its history."""
    async with counter.db.transaction() as tx:
        entries = await history.entries(tx, UUID(str(dispute_id)))
    told = [(each.envelope.actor, each.envelope.event) for each in entries]
    return [(actor, event.because) for actor, event in told if isinstance(event, DisputeErased)]


async def test_all_disputes_of_the_customer_that_are_over_lose_their_texts_and_nobody_elses_do(
    counter: Counter,
) -> None:
    await counter.file(customer={"email": "bob@example.org"})
    first, second = [await a_told_case(counter, f"{WORD}{n}", email=ADA) for n in (1, 2)]
    kept = await a_told_case(counter, "wombat")
    async with counter.db.transaction() as tx:
        before = await told_of(tx, "wombat")
    answer = await asked(counter, await customer_of(counter, first))
    assert [each["id"] for each in answer["erased"]] == [str(first), str(second)]
    assert (answer["still_open"], answer["still_open_total"], answer["has_more"]) == ([], 0, False)
    async with counter.db.transaction() as tx:
        assert await told_of(tx, WORD) == {"idempotency.key"}, "the caller's own name for the request"
        assert await told_of(tx, ADA) == set()
        assert await told_of(tx, "wombat") == before
    assert await erasures(counter, kept) == []


async def test_what_is_not_over_stays_and_is_named_with_the_reason(counter: Counter) -> None:
    over, handled = await a_told_case(counter, WORD, email=ADA), await an_open_one(counter)
    decided = await an_open_one(counter)
    body = {"outcome": "not_upheld", "explanation": "There was no bandicoot."}
    assert (await counter.client.post(f"/v1/disputes/{decided}/resolve", json=body)).status_code == 200
    answer = await asked(counter, await customer_of(counter, over))
    assert [each["id"] for each in answer["erased"]] == [str(over)]
    told = [(each["id"], each["status"], each["why"], each["erased_when_over"]) for each in answer["still_open"]]
    assert told == [
        (handled, "received", "being_handled", False),
        (decided, "resolved", "follow_up_owed", False),
    ]
    assert (await counter.client.get(f"/v1/disputes/{handled}")).json()["subject"] == "The bandicoot never came"


async def test_one_that_goes_on_is_erased_by_itself_a_day_after_it_is_over_when_the_caller_said_so(
    counter: Counter,
) -> None:
    goes_on = await an_open_one(counter)
    customer = await customer_of(counter, goes_on)
    answer = await asked(counter, customer, when_over=True)
    assert [each["erased_when_over"] for each in answer["still_open"]] == [True]
    await pruned(counter, 400 * REST)
    assert await erasures(counter, goes_on) == [], "it is not over"
    await closed(counter, goes_on)
    await pruned(counter, REST - timedelta(minutes=1))
    assert await erasures(counter, goes_on) == [], "an objection may come, and a letter has to be sent"
    await pruned(counter, REST + timedelta(minutes=1))
    async with counter.db.transaction() as tx:
        assert await told_of(tx, "bandicoot") == set()
        (asker,) = await tx.raw.fetchrow("select 'principal:' || id from principal where role = 'admin'")
    assert await erasures(counter, goes_on) == [(asker, "customer_asked")]
    assert await counter.count("erasure_due") == 0


async def test_the_case_says_that_it_is_to_be_erased_once_however_often_that_is_asked(counter: Counter) -> None:
    goes_on = await an_open_one(counter)
    customer = await customer_of(counter, goes_on)

    async def notes() -> list[str]:
        reply = await counter.client.get(f"/v1/disputes/{goes_on}/messages")
        return [each["body"] for each in reply.json()["items"] if each["internal"]]

    for _ in range(2):
        await asked(counter, customer, when_over=True)
    assert len(await notes()) == 1
    assert "erased" in (await notes())[0]
    assert (await asked(counter, customer))["still_open"][0]["erased_when_over"], "left out, it stays as it is"
    for _ in range(2):
        assert not (await asked(counter, customer, when_over=False))["still_open"][0]["erased_when_over"]
    assert len(await notes()) == 2
    await closed(counter, goes_on)
    await pruned(counter, 2 * REST)
    assert await erasures(counter, goes_on) == []


async def test_one_that_was_opened_again_meanwhile_is_not_erased_until_it_is_over_again(counter: Counter) -> None:
    goes_on = await an_open_one(counter)
    await asked(counter, await customer_of(counter, goes_on), when_over=True)
    await closed(counter, goes_on)
    said = {"direction": "in", "body": "No, it did not."}
    assert (await counter.client.post(f"/v1/disputes/{goes_on}/messages", json=said)).status_code == 201
    await pruned(counter, 2 * REST)
    assert await erasures(counter, goes_on) == []
    await closed(counter, goes_on)
    await pruned(counter, 2 * REST)
    assert len(await erasures(counter, goes_on)) == 1


async def test_asked_again_nothing_more_happens(counter: Counter) -> None:
    over = await a_told_case(counter, WORD, email=ADA)
    customer = await customer_of(counter, over)
    once = {"idempotency-key": "erase-ada"}
    first = await counter.client.post(f"/v1/customers/{customer}/erase", json=ASKED, headers=once)
    again = await counter.client.post(f"/v1/customers/{customer}/erase", json=ASKED, headers=once)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert (await asked(counter, customer))["erased"] == []
    assert len(await erasures(counter, over)) == 1


async def test_what_became_over_since_is_erased_by_the_next_call(counter: Counter) -> None:
    goes_on = await an_open_one(counter)
    customer = await customer_of(counter, goes_on)
    assert (await asked(counter, customer))["erased"] == []
    await closed(counter, goes_on)
    assert [each["id"] for each in (await asked(counter, customer))["erased"]] == [goes_on]


async def test_a_call_erases_a_bounded_number_and_says_that_there_is_more(counter: Counter) -> None:
    customer = uuid4()
    filings = [a_filing(a_dispute(customer_id=customer, status=Status.CLOSED)) for _ in range(AT_ONCE_MAX + 1)]
    filings += [a_filing(a_dispute(customer_id=customer)) for _ in range(AT_ONCE_MAX + 2)]
    async with counter.db.transaction() as tx:
        await disputes.insert_many(tx, filings)
    first = await asked(counter, str(customer), when_over=True)
    assert (len(first["erased"]), first["has_more"]) == (AT_ONCE_MAX, True)
    assert (len(first["still_open"]), first["still_open_total"]) == (AT_ONCE_MAX, AT_ONCE_MAX + 2)
    second = await asked(counter, str(customer), when_over=True)
    assert (len(second["erased"]), second["has_more"]) == (1, False)
    assert await counter.count("erasure_due") == AT_ONCE_MAX + 2
    third = await asked(counter, str(customer), when_over=False)
    assert (third["erased"], third["has_more"]) == ([], True)
    assert not (await asked(counter, str(customer), when_over=False))["has_more"]
    assert await counter.count("erasure_due") == 0


async def test_only_an_administrator_erases_a_customer_and_only_one_who_is_known(counter: Counter) -> None:
    customer = await customer_of(counter, await an_open_one(counter))
    for scopes in (("disputes:read", "disputes:write", "cases:work", "ops:read"), ("admin", "disputes:own")):
        key = await counter.key(*scopes)
        reply = await counter.client.post(f"/v1/customers/{customer}/erase", json=ASKED, headers=key)
        assert reply.status_code == 403, scopes
    reply = await counter.client.post(f"/v1/customers/{uuid4()}/erase", json=ASKED)
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
    reply = await counter.client.post(f"/v1/customers/{customer}/erase", json={"because": "Ada asked"})
    assert reply.status_code == 422


async def test_an_erasure_reads_no_table_from_end_to_end(counter: Counter) -> None:
    dispute_id = await a_told_case(counter, WORD)
    async with counter.db.transaction() as tx:
        # The tables are small here: read from end to end is now only what no index answers.
        await tx.raw.execute("set local enable_seqscan = off")
        await disputes.lock(tx, dispute_id)
        before = await read_whole(tx)
        assert await erasure.erase(tx, [dispute_id]) == {dispute_id}
        assert await read_whole(tx) == before


async def read_whole(tx: Tx) -> dict[str, int]:
    """How often each table was read from end to end on this connection."""
    rows = await tx.raw.fetch("select relname, seq_scan from pg_stat_xact_user_tables where seq_scan > 0")
    return {row["relname"]: row["seq_scan"] for row in rows}
