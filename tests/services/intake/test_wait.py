"""A wait is exact, said aloud to whom it concerns, and ended by hand or by the customer's answer."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.intake.api import messages as messages_api
from services.intake.api import moves
from shared.db import messages
from shared.db.engine import Database, make_engine
from shared.domain.lifecycle import TRANSITIONS, Status, Trigger, allowed
from shared.messages.events import MessageAdded, StatusChanged
from tests.builders import MONDAY_NINE
from tests.services.intake.desk import Desk, a_desk

PARTIES = ("customer", "department", "third_party")


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [moves.router, messages_api.router]) as opened:
        yield opened


@pytest.mark.parametrize("party", PARTIES)
async def test_a_wait_says_for_whom_since_when_and_why(desk: Desk, party: str) -> None:
    dispute = await desk.dispute(status=Status.INVESTIGATING)
    reply = await desk.post(dispute, "wait", {"for": party, "reason": "The receipt is missing."}, await desk.key())
    assert reply.status_code == 200
    after = await desk.now(dispute.id)
    assert reply.json()["status"] == f"awaiting_{party}"
    assert reply.json()["waiting"]["on"] == party
    assert after.waiting is not None
    assert after.waiting.since == after.updated_at
    async with desk.db.transaction() as tx:
        (note,) = await messages.page(tx, dispute.id)
    assert (note.body, note.internal) == ("The receipt is missing.", True)


async def test_what_is_needed_goes_to_the_customer_and_is_a_response(desk: Desk) -> None:
    dispute = await desk.dispute()
    body = {"for": "customer", "reason": "No receipt.", "message": "Please send us the receipt."}
    await desk.post(dispute, "wait", body, await desk.key())
    after = await desk.now(dispute.id)
    assert after.status is Status.AWAITING_CUSTOMER
    assert after.responded_at is not None
    events = await desk.told(dispute.id)
    assert [type(event) for event in events] == [MessageAdded, StatusChanged, StatusChanged, MessageAdded]
    assert [event.internal for event in events if isinstance(event, MessageAdded)] == [False, True]


async def test_waits_and_resumptions_add_up_to_exact_times(desk: Desk, database: str) -> None:
    agent = await desk.key()
    dispute = await desk.dispute(status=Status.INVESTIGATING)
    await desk.post(dispute, "wait", {"for": "customer", "reason": "x"}, agent)
    later = Database(make_engine(database, pool_size=2), offset=lambda: timedelta(days=3))
    try:
        async with a_desk(later, [moves.router]) as three_days_on:
            resumed = await three_days_on.post(dispute, "resume", {"reason": "They called."}, agent)
            assert resumed.json()["status"] == "investigating"
            assert resumed.json()["waiting"] is None
            after = await three_days_on.now(dispute.id)
    finally:
        await later.dispose()
    (wait,) = after.waits
    assert wait.until is not None
    assert timedelta(days=3) <= wait.until - wait.since < timedelta(days=3, minutes=1)


@pytest.mark.parametrize("party", PARTIES)
async def test_where_there_is_nothing_to_wait_for_waiting_is_refused(desk: Desk, party: str) -> None:
    agent = await desk.key()
    trigger = Trigger(f"wait_for_{party}")
    for status in sorted(s for s in Status if (s, trigger) not in TRANSITIONS):
        dispute = await desk.dispute(status=status)
        reply = await desk.post(dispute, "wait", {"for": party, "reason": "x", "message": "y"}, agent)
        assert (reply.status_code, reply.json()["allowed"]) == (409, sorted(allowed(status)))
        assert await desk.now(dispute.id) == dispute  # not even the message was kept
        assert await desk.told(dispute.id) == []


async def test_what_does_not_wait_cannot_be_resumed(desk: Desk) -> None:
    agent = await desk.key()
    for status in sorted(s for s in Status if (s, Trigger.RESUME) not in TRANSITIONS):
        dispute = await desk.dispute(status=status)
        reply = await desk.post(dispute, "resume", None, agent)
        assert (reply.status_code, reply.json()["code"]) == (409, "illegal_transition")


@pytest.mark.parametrize(
    "body", [{"for": "godot", "reason": "x"}, {"for": "customer"}, {"party": "customer", "reason": "x"}]
)
async def test_a_wait_for_nobody_or_for_no_reason_is_refused(desk: Desk, body: dict[str, str]) -> None:
    dispute = await desk.dispute(received_at=MONDAY_NINE)
    assert (await desk.post(dispute, "wait", body, await desk.key())).status_code == 422
