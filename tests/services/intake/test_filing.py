"""POST /v1/disputes: what a caller sends, what stands in the 201, and what is stored."""

from collections.abc import AsyncIterator

import pytest

from shared.db import disputes, history, privates, search
from shared.db.engine import Database
from tests.services.intake.counter import Counter, a_complaint, a_counter


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


async def test_a_customer_a_subject_and_a_description_are_enough(counter: Counter) -> None:
    body = {"customer": {"phone": "+442079460958"}, "subject": "No answer", "description": "Nobody calls me back."}
    reply = await counter.client.post("/v1/disputes", json=body)
    assert reply.status_code == 201
    told = reply.json()
    assert told["status"] == "received"
    assert told["stage"] == "internal_1"
    assert told["tier"] is None
    assert told["version"] == 1
    assert reply.headers["location"] == told["links"]["self"] == f"/v1/disputes/{told['id']}"
    assert reply.headers["etag"] == '"1"'


async def test_the_reply_says_what_was_read_and_in_which_words(counter: Counter) -> None:
    told = (await counter.file()).json()
    assert told["category"]["name"] == "billing_error"
    assert "Charged twice" in told["category"]["reasons"]
    assert told["signals"][0]["name"] in {"calm", "worried", "frustrated", "angry", "distressed"}
    assert told["severity"] in {"low", "normal", "high", "critical"}


async def test_references_count_up_within_the_year_of_the_database(counter: Counter) -> None:
    first, second = (await counter.file()).json(), (await counter.file()).json()
    year = first["created_at"][:4]
    assert first["reference"] == f"D-{year}-000001"
    assert second["reference"] == f"D-{year}-000002"


async def test_everything_that_was_sent_is_kept_and_read_again(counter: Counter) -> None:
    body = a_complaint(
        customer={
            "name": "Ada Jones",
            "email": "Ada@Example.org",
            "phone": "020 7946 0958",
            "reference": "C-1881",
            "language": "en-GB",
            "customer_class": "premium",
            "jurisdiction": "GB",
            "time_zone": "Europe/London",
        },
        channel="telephone",
        order_reference="SO-7",
        product="kettle",
        purchased_on="2026-05-01",
        remedy_sought="refund",
        parties=[{"role": "carrier", "name": "Parcel Post"}],
        metadata={"ticket": "88"},
    )
    filed = (await counter.client.post("/v1/disputes", json=body)).json()
    told = (await counter.client.get(filed["links"]["self"])).json()
    assert told["customer"] | {"id": None} == {
        "id": None,
        "name": "Ada Jones",
        "email": "ada@example.org",
        "phone": "+442079460958",
        "reference": "C-1881",
        "language": "en-GB",
        "customer_class": "premium",
        "jurisdiction": "GB",
        "time_zone": "Europe/London",
    }
    for name in ("subject", "description", "channel", "order_reference", "product", "purchased_on", "remedy_sought"):
        assert told[name] == body[name]
    assert told["amount"] == {"value": "49.90", "currency": "EUR"}
    assert told["metadata"] == {"ticket": "88"}
    assert told["parties"][0]["name"] == "Parcel Post"
    assert told["category"] == filed["category"]
    assert told["signals"] == filed["signals"]


async def test_the_history_begins_with_the_filing_and_names_nobody(counter: Counter) -> None:
    filed = (await counter.file()).json()
    async with counter.db.transaction() as tx:
        (entry,) = await history.entries(tx, filed["id"])
        stored = await disputes.get(tx, entry.envelope.subject)
        waiting = await tx.raw.fetch("select topic, body from outbox")
    assert entry.envelope.event.type == "dispute.filed"
    assert entry.envelope.actor == f"principal:{stored.filed_by}"
    assert history.first_break([entry]) is None
    assert entry.hash == stored.head
    assert [row["topic"] for row in waiting] == ["dispute.filed"]
    for private in (b"Ada", b"example.org", b"Charged", b"answers"):
        assert private not in entry.data
        assert private not in waiting[0]["body"]


async def test_one_customer_is_known_again_and_their_earlier_disputes_counted(counter: Counter) -> None:
    first = (await counter.file(customer={"email": "ada@example.org"})).json()
    again = (await counter.file(customer={"email": "ADA@example.org", "name": "A. Jones"})).json()
    other = (await counter.file(customer={"email": "bo@example.org"})).json()
    assert first["customer_id"] == again["customer_id"] != other["customer_id"]
    assert [each["prior_disputes"] for each in (first, again, other)] == [0, 1, 0]


async def test_a_trace_given_goes_with_the_event(counter: Counter) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    filed = (await counter.file({"traceparent": f"00-{trace}-b7ad6b7169203331-01"})).json()
    async with counter.db.transaction() as tx:
        (entry,) = await history.entries(tx, filed["id"])
    assert entry.envelope.traceparent is not None
    assert trace in entry.envelope.traceparent


async def test_what_was_filed_is_counted_by_channel_and_category(counter: Counter) -> None:
    await counter.file(channel="chat")
    counted = counter.parts.metrics.render()[0].decode()
    assert 'recourse_disputes_filed_total{category="billing_error",channel="chat"} 1.0' in counted


async def test_filing_is_refused_while_messages_pile_up(db: Database) -> None:
    async with a_counter(db, outbox_age_seconds_max=60) as counter:
        assert (await counter.file()).status_code == 201
        async with db.transaction() as tx:
            await tx.raw.execute("update outbox set created_at = created_at - interval '2 minutes'")
    async with a_counter(db, outbox_age_seconds_max=60) as counter:
        reply = await counter.file()
        assert reply.status_code == 503
        assert reply.json()["code"] == "overloaded"
        assert int(reply.headers["retry-after"]) > 0
        assert await counter.count() == 1


@pytest.mark.parametrize("path", ["/v1/disputes", "/v1/disputes/batch"])
async def test_between_two_looks_at_the_messages_filing_goes_by_the_one_before(db: Database, path: str) -> None:
    async with a_counter(db) as counter:
        assert (await counter.file()).status_code == 201
        async with db.transaction() as tx:
            await tx.raw.execute("update outbox set created_at = created_at - interval '2 minutes'")
    async with a_counter(db, outbox_age_seconds_max=60) as counter:
        async with db.transaction() as tx:
            await counter.parts.matrix.get(tx)  # so that nothing but the messages is to be looked up
        body = a_complaint() if path == "/v1/disputes" else {"disputes": [a_complaint()]}
        for _ in range(3):
            reply = await counter.client.post(path, json=body)
            assert (reply.status_code, reply.json()["code"]) == (503, "overloaded")
        assert await counter.count() == 1


async def test_the_private_side_is_apart_from_the_dispute(counter: Counter) -> None:
    filed = (await counter.file()).json()
    async with counter.db.transaction() as tx:
        page = await search.page(tx, search.Wanted(q=filed["reference"]))
        private = await privates.get(tx, page.items[0].dispute.id)
    assert private.email == "ada@example.org"
    assert "Jones" not in repr(page.items[0].dispute)
    assert "example.org" not in repr(page.items[0].dispute)


async def test_a_fault_of_our_own_is_a_500_that_tells_nothing_of_the_inside(counter: Counter) -> None:
    async with counter.db.transaction() as tx:
        await tx.raw.execute("drop table dispute_private cascade")
    reply = await counter.file()
    assert reply.status_code == 500
    assert reply.headers["content-type"] == "application/problem+json"
    assert "dispute_private" not in reply.text
    assert reply.json()["trace_id"]


async def test_a_browser_of_an_allowed_origin_may_file_and_read_the_answer(db: Database) -> None:
    async with a_counter(db, cors_origins=["https://desk.example.org"]) as counter:
        reply = await counter.file({"origin": "https://desk.example.org"})
        assert reply.status_code == 201
        assert reply.headers["access-control-allow-origin"] == "https://desk.example.org"
    async with a_counter(db) as counter:
        assert "access-control-allow-origin" not in (await counter.file({"origin": "https://desk.example.org"})).headers
