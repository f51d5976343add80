"""What is said joins the dispute and moves what it must: first responses, ended waits, reopenings, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.api import messages as api
from services.intake.commands.converse import REOPENED_BY_MESSAGES_MAX, NewMessage, _moved, add_message
from shared.db import disputes, history
from shared.db.engine import Database
from shared.domain.dispute import Category, Wait
from shared.domain.lifecycle import ENDED, SETTLED, Status
from shared.messages.events import DisputeCorrected, DisputeReopened, MessageAdded, StatusChanged
from tests.builders import MONDAY_NINE, a_dispute
from tests.services.intake.desk import Desk, a_desk

FROM_CUSTOMER = {"direction": "in", "channel": "email", "body": "Any news?"}
TO_CUSTOMER = {"direction": "out", "body": "We are looking at it."}
NOTE = {"direction": "out", "body": "Ask logistics.", "internal": True}


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [api.router]) as opened:
        yield opened


async def test_the_first_answer_is_the_first_response_and_begins_the_investigation(desk: Desk) -> None:
    agent = await desk.key(name="Grace")
    dispute = await desk.dispute()
    reply = await desk.post(dispute, "messages", TO_CUSTOMER, agent)
    assert reply.status_code == 201
    told = reply.json()
    assert told["dispute"]["status"] == "investigating"
    assert reply.headers["etag"] == '"2.3"'
    after = await desk.now(dispute.id)
    assert after.responded_at is not None
    assert after.informed_at == after.responded_at
    assert await desk.told(dispute.id) == [
        MessageAdded(message_id=told["message_id"], direction="out", channel="email", author="agent", internal=False),
        StatusChanged(before="received", after="investigating", trigger="investigate", reason_code="answered"),
    ]


async def test_a_later_answer_is_news_but_not_another_first_response(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute(status=Status.ASSESSED, responded_at=MONDAY_NINE, informed_at=MONDAY_NINE)
    await desk.post(dispute, "messages", TO_CUSTOMER, agent)
    after = await desk.now(dispute.id)
    assert after.status is Status.ASSESSED
    assert after.responded_at == MONDAY_NINE
    assert after.informed_at is not None
    assert after.informed_at > MONDAY_NINE


async def test_a_note_is_recorded_and_moves_nothing(desk: Desk) -> None:
    dispute = await desk.dispute()
    reply = await desk.post(dispute, "messages", NOTE, await desk.key())
    assert reply.status_code == 201
    after = await desk.now(dispute.id)
    assert (after.version, after.status, after.responded_at) == (dispute.version, Status.RECEIVED, None)
    (told,) = await desk.told(dispute.id)
    assert (told.internal, told.channel) == (True, "note")


async def test_a_customer_who_answers_ends_the_wait(desk: Desk) -> None:
    waits = (Wait(MONDAY_NINE, None, "customer"),)
    dispute = await desk.dispute(status=Status.AWAITING_CUSTOMER, waits=waits)
    await desk.post(dispute, "messages", FROM_CUSTOMER, await desk.key())
    after = await desk.now(dispute.id)
    assert after.status is Status.INVESTIGATING
    assert after.waits[0].until == after.updated_at
    assert after.contact_count == dispute.contact_count + 1
    assert (await desk.told(dispute.id))[1] == StatusChanged(
        before="awaiting_customer", after="investigating", trigger="resume", reason_code="customer_message"
    )


@pytest.mark.parametrize("status", [Status.AWAITING_DEPARTMENT, Status.AWAITING_THIRD_PARTY, Status.ASSESSED])
async def test_a_customer_who_writes_does_not_end_a_wait_for_others(desk: Desk, status: Status) -> None:
    dispute = await desk.dispute(status=status)
    await desk.post(dispute, "messages", FROM_CUSTOMER, await desk.key())
    assert (await desk.now(dispute.id)).status is status


@pytest.mark.parametrize("status", sorted(SETTLED | ENDED))
async def test_a_customer_who_writes_about_a_settled_or_ended_dispute_opens_it_again(
    desk: Desk, status: Status
) -> None:
    dispute = await desk.dispute(status=status, resolved_at=MONDAY_NINE, closed_at=MONDAY_NINE)
    reply = await desk.post(dispute, "messages", FROM_CUSTOMER, await desk.key())
    assert reply.json()["dispute"]["status"] == "investigating"
    after = await desk.now(dispute.id)
    assert (after.reopen_count, after.resolved_at, after.closed_at) == (1, None, None)
    assert after.version == dispute.version + 1
    assert (await desk.told(dispute.id))[1] == DisputeReopened(because="customer_message", occasion=1)


async def test_after_three_reopenings_a_message_joins_and_a_person_is_asked_to_look(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute(status=Status.CLOSED, reopen_count=REOPENED_BY_MESSAGES_MAX)
    reply = await desk.post(dispute, "messages", FROM_CUSTOMER, agent)
    assert reply.json()["dispute"]["status"] == "closed"
    assert reply.json()["dispute"]["needs_person"] is True
    await desk.post(dispute, "messages", FROM_CUSTOMER, agent)
    after = await desk.now(dispute.id)
    assert (after.reopen_count, after.contact_count) == (REOPENED_BY_MESSAGES_MAX, dispute.contact_count + 2)
    events = [type(event) for event in await desk.told(dispute.id)]
    assert events == [MessageAdded, DisputeCorrected, MessageAdded]


async def test_the_trace_of_a_request_goes_on_with_its_events(desk: Desk) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    dispute = await desk.dispute()
    agent = await desk.key() | {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    await desk.post(dispute, "messages", FROM_CUSTOMER, agent)
    async with desk.db.transaction() as tx:
        (_, entry) = await history.entries(tx, dispute.id)
    assert entry.envelope.traceparent is not None
    assert entry.envelope.traceparent.split("-")[1] == trace


async def test_two_messages_at_once_are_both_counted(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute()
    replies = await asyncio.gather(*(desk.post(dispute, "messages", FROM_CUSTOMER, agent) for _ in range(4)))
    assert [reply.status_code for reply in replies] == [201] * 4
    assert (await desk.now(dispute.id)).contact_count == dispute.contact_count + 4


async def test_a_message_repeated_with_its_key_joins_once(desk: Desk) -> None:
    agent = {**await desk.key(), "idempotency-key": '"m1"'}
    dispute = await desk.dispute()
    first, second = [await desk.post(dispute, "messages", FROM_CUSTOMER, agent) for _ in range(2)]
    assert first.json() == second.json()
    assert len(await desk.told(dispute.id)) == 1


async def test_automatic_mail_of_the_customer_is_kept_but_wakes_nobody(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.CLOSED)
    away = NewMessage(direction="in", channel="email", author="customer", body="I am on holiday.", automatic=True)
    async with desk.db.transaction() as tx:
        locked = await disputes.lock(tx, dispute.id)
        after, _ = await add_message(tx, locked, away, "system:intake")
    assert (after.status, after.contact_count) == (Status.CLOSED, dispute.contact_count)
    (told,) = await desk.told(dispute.id)
    assert told.automatic


async def test_the_conversation_is_read_in_order_a_page_at_a_time(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute()
    for n in range(5):
        await desk.post(dispute, "messages", {**FROM_CUSTOMER, "body": f"Message {n}"}, agent)
    url, read = f"/v1/disputes/{dispute.id}/messages?limit=2", []
    while url:
        page = await desk.client.get(url, headers=agent)
        read += [item["body"] for item in page.json()["items"]]
        assert page.json()["has_more"] is ("next" in page.links)
        url = page.links.get("next", {}).get("url", "")
    assert read == [f"Message {n}" for n in range(5)]


async def test_a_cursor_of_another_conversation_is_refused(desk: Desk) -> None:
    agent = await desk.key()
    one, other = await desk.dispute(), await desk.dispute()
    for _ in range(2):
        await desk.post(one, "messages", FROM_CUSTOMER, agent)
    page = await desk.client.get(f"/v1/disputes/{one.id}/messages?limit=1", headers=agent)
    cursor = page.json()["next_cursor"]
    for wrong in (cursor, "abc", "", "é"):
        reply = await desk.client.get(f"/v1/disputes/{other.id}/messages", params={"cursor": wrong}, headers=agent)
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_cursor")


async def test_an_own_only_key_reads_the_conversation_without_notes(desk: Desk) -> None:
    agent = await desk.key()
    frontend = await desk.key("integration", scopes=("disputes:read", "disputes:write", "disputes:own"))
    mine = await desk.dispute(filed_by=desk.who(frontend).id)
    await desk.post(mine, "messages", NOTE, agent)
    await desk.post(mine, "messages", TO_CUSTOMER, agent)
    seen = await desk.client.get(f"/v1/disputes/{mine.id}/messages", headers=frontend)
    assert [item["body"] for item in seen.json()["items"]] == [TO_CUSTOMER["body"]]
    other = await desk.dispute(filed_by=uuid4())
    assert (await desk.client.get(f"/v1/disputes/{other.id}/messages", headers=frontend)).status_code == 404
    assert (await desk.post(other, "messages", FROM_CUSTOMER, frontend)).status_code == 404


@pytest.mark.parametrize("body", [TO_CUSTOMER, NOTE])
async def test_a_helpdesk_may_bring_what_customers_say_but_not_speak_for_the_house(
    desk: Desk, body: dict[str, object]
) -> None:
    helpdesk = await desk.key("integration", scopes=("disputes:read", "disputes:write"))
    dispute = await desk.dispute()
    denied = await desk.post(dispute, "messages", body, helpdesk)
    assert (denied.status_code, denied.json()["scope"]) == (403, "cases:work")
    assert await desk.now(dispute.id) == dispute
    assert (await desk.post(dispute, "messages", FROM_CUSTOMER, helpdesk)).status_code == 201


@pytest.mark.parametrize("scopes", [("disputes:read",), ("cases:work",), ("ops:read",)])
async def test_a_key_without_the_scope_adds_no_message(desk: Desk, scopes: tuple[str, ...]) -> None:
    dispute = await desk.dispute()
    denied = await desk.post(dispute, "messages", FROM_CUSTOMER, await desk.key(scopes=scopes))
    assert (denied.status_code, denied.json()["scope"]) == (403, "disputes:write")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"direction": "in"}, "/body"),
        ({"direction": "in", "body": "   "}, "/body"),
        ({"direction": "in", "body": "x" * 20_001}, "/body"),
        ({"direction": "in", "body": "bell\u0007"}, "/body"),
        ({"direction": "up", "body": "x"}, "/direction"),
        ({"direction": "in", "body": "x", "channel": "pigeon"}, "/channel"),
        ({"direction": "in", "body": "x", "internal": "yes"}, "/internal"),
        ({"direction": "in", "body": "x", "author": "agent"}, "/author"),
        ({"direction": "in", "body": "x", "internal": True}, ""),
    ],
)
async def test_a_message_that_is_none_is_refused_with_its_place(
    desk: Desk, body: dict[str, object], pointer: str
) -> None:
    dispute = await desk.dispute()
    reply = await desk.post(dispute, "messages", body, await desk.key())
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == pointer
    assert await desk.now(dispute.id) == dispute


NEW_MESSAGES = st.builds(
    NewMessage,
    direction=st.sampled_from(["in", "out"]),
    channel=st.just("email"),
    author=st.sampled_from(["customer", "agent", "system"]),
    body=st.just("x"),
    internal=st.booleans(),
    automatic=st.booleans(),
)


@given(new=NEW_MESSAGES, status=st.sampled_from(Status), reopened=st.integers(0, 5), marked=st.booleans())
def test_whatever_is_said_a_dispute_stays_sound(
    new: NewMessage, status: Status, reopened: int, *, marked: bool
) -> None:
    before = a_dispute(
        status=status,
        reopen_count=reopened,
        category=Category("warranty", 0.9, needs_person=marked),
        waits=(Wait(MONDAY_NINE, None, "customer"),) if status is Status.AWAITING_CUSTOMER else (),
    )
    now = MONDAY_NINE + timedelta(hours=1)
    after, events = _moved(before, new, now)
    assert after.version - before.version in {0, 1}
    assert after.contact_count - before.contact_count == int(new.from_customer)
    assert after.reopen_count <= max(before.reopen_count, REOPENED_BY_MESSAGES_MAX)
    assert (after.responded_at is not None) == new.to_customer
    if after.status is not before.status:
        assert events
        assert new.from_customer or new.to_customer
    if new.internal or new.automatic:
        assert (after.status, after.version, events) == (before.status, before.version, ())
    assert (after.waiting is not None) == (after.status is Status.AWAITING_CUSTOMER)
