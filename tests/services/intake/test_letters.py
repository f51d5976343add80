"""Which letters the regimes of a dispute demand, which were sent, and how those sent otherwise are recorded."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.api import clocks as clocks_api
from services.intake.api import letters as api
from services.intake.api import messages
from services.intake.commands import letters as room
from shared.db import decisions, disputes
from shared.db.clocks import Kept
from shared.db.decisions import Decisions
from shared.db.disputes import Change
from shared.db.engine import Database
from shared.domain.clock_record import Clock, ClockState, Kind, OnBreach, Promise
from shared.domain.clock_spec import ClockSpec
from shared.domain.clock_terms import Watch
from shared.domain.dispute import Dispute
from shared.domain.duration import parse_term
from shared.messages.casework_events import LetterRecorded
from shared.messages.events import CustomerNotified, MessageAdded
from tests.services.intake.desk import Desk, a_desk

RECEIVED = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
REPLY = "regime:uk.fca.disp.payments/final_response"
FINAL: dict[str, Any] = {"letter": "final_response_sent", "channel": "post", "sent_at": "2026-05-06T12:00:00+02:00"}


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [api.router, clocks_api.router, messages.router]) as opened:
        yield opened


async def a_case(desk: Desk, **fields: Any) -> Dispute:
    """A dispute whose final response is owed."""
    dispute = await desk.dispute(received_at=RECEIVED, **fields)
    watch = Watch(
        "Final response",
        duty=True,
        met_by=("resolved", "final_response_sent"),
        sends=("final response",),
        letters=("final_response_sent", "summary_resolution_sent"),
    )
    spec = ClockSpec(REPLY, parse_term("15 business days"), "uk")
    clock = Clock(
        kind=Kind(REPLY),
        generation=1,
        phase=0,
        state=ClockState.RUNNING,
        tier=None,
        promise=Promise(spec, OnBreach.ESCALATE, watch=watch),
        policy_version=1,
        started_at=RECEIVED,
        opened_at=RECEIVED,
        due_at=RECEIVED + timedelta(days=22),
    )
    async with desk.db.transaction() as tx:
        await decisions.save(tx, Decisions(clocks=[Kept(dispute.id, clock, new=True)]))
    return dispute


async def letters_of(desk: Desk, dispute: Dispute) -> Any:
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/letters", headers=await desk.key())
    assert reply.status_code == 200
    return reply.json()


async def explained(desk: Desk, dispute: Dispute) -> list[str]:
    path = f"/v1/disputes/{dispute.id}/clocks/{REPLY}/explain"
    lines: list[str] = (await desk.client.get(path, headers=await desk.key())).json()["lines"]
    return lines


async def test_a_letter_that_is_owed_is_named_with_its_clock_and_what_must_stand_in_it(desk: Desk) -> None:
    dispute = await a_case(desk)
    (owed,) = (await letters_of(desk, dispute))["owed"]
    assert (owed["clock"], owed["letters"]) == (REPLY, ["final_response_sent", "summary_resolution_sent"])
    assert (owed["must_send"], owed["done_at"], owed["state"]) == (["final response"], None, "running")
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/clocks", headers=await desk.key())
    (clock,) = reply.json()["items"]
    assert (clock["letter_owed"], clock["letters"]) == (True, owed["letters"])
    told = await explained(desk, dispute)
    assert "It is met only once its letter was sent: final response or summary resolution." in told
    assert "To be sent: final response." in told


async def test_a_decision_whose_letter_is_missing_says_so(desk: Desk) -> None:
    decided = RECEIVED + timedelta(days=2)
    dispute = await a_case(desk, status="resolved", resolved_at=decided)
    (owed,) = (await letters_of(desk, dispute))["owed"]
    assert owed["done_at"] == "2026-05-06T09:00:00Z"
    assert any(line.startswith("What it asks for was done at 2026-05-06") for line in await explained(desk, dispute))


async def test_a_letter_recorded_with_channel_and_day_is_in_the_history_and_owed_no_more(desk: Desk) -> None:
    dispute, key = await a_case(desk), await desk.key()
    reply = await desk.post(dispute, "letters", FINAL | {"reason": "posting number 4711"}, key)
    assert reply.status_code == 200
    told = await desk.told(dispute.id)
    assert told[0] == LetterRecorded(letter="final_response_sent", channel="post", sent_at="2026-05-06T10:00:00Z")
    assert isinstance(told[1], MessageAdded)
    assert told[1].internal
    found = await letters_of(desk, dispute)
    assert found["owed"] == []
    (sent,) = found["sent"]
    assert (sent["letter"], sent["channel"], sent["sent_at"]) == ("final_response_sent", "post", "2026-05-06T10:00:00Z")
    assert (sent["actor"], sent["delivery_id"]) == (f"principal:{desk.who(key).id}", None)
    after = await desk.now(dispute.id)
    assert after.responded_at == after.informed_at == datetime(2026, 5, 6, 10, 0, tzinfo=UTC)
    assert any(line.startswith("The letter it demands (final response") for line in await explained(desk, dispute))


async def test_recorded_twice_it_is_there_once(desk: Desk) -> None:
    dispute = await a_case(desk)
    for _ in range(2):
        assert (await desk.post(dispute, "letters", FINAL, await desk.key())).status_code == 200
    assert len(await desk.told(dispute.id)) == 1


async def test_no_more_letters_are_recorded_than_any_case_has(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "RECORDED_MAX", 2)
    dispute, key = await a_case(desk), await desk.key()
    days = ("2026-05-06T12:00:00Z", "2026-05-07T12:00:00Z", "2026-05-08T12:00:00Z")
    replies = [await desk.post(dispute, "letters", FINAL | {"sent_at": day}, key) for day in days]
    assert [reply.status_code for reply in replies] == [200, 200, 409]
    assert len((await letters_of(desk, dispute))["sent"]) == 2


async def test_an_acknowledgement_by_post_is_the_acknowledgement_if_there_was_none(desk: Desk) -> None:
    dispute = await a_case(desk)
    at = "2026-05-05T09:00:00Z"
    await desk.post(dispute, "letters", {"letter": "acknowledged", "channel": "post", "sent_at": at}, await desk.key())
    first = datetime(2026, 5, 5, 9, 0, tzinfo=UTC)
    assert (await desk.now(dispute.id)).acknowledged_at == first
    later = {"letter": "acknowledged", "channel": "telephone", "sent_at": "2026-05-06T09:00:00Z"}
    assert (await desk.post(dispute, "letters", later, await desk.key())).status_code == 200
    assert (await desk.now(dispute.id)).acknowledged_at == first


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (FINAL | {"sent_at": "2026-05-04T08:59:59Z"}, "/sent_at"),
        (FINAL | {"sent_at": "2099-01-01T00:00:00Z"}, "/sent_at"),
        (FINAL | {"channel": "telephone"}, "/channel"),
        (FINAL | {"channel": "pigeon"}, "/channel"),
        (FINAL | {"letter": "finding_made"}, "/letter"),
    ],
)
async def test_what_cannot_be_a_letter_sent_is_refused_at_its_place(desk: Desk, body: Any, pointer: str) -> None:
    dispute = await a_case(desk)
    reply = await desk.post(dispute, "letters", body, await desk.key())
    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await desk.told(dispute.id) == []


async def test_who_may_not_work_on_cases_records_no_letter(desk: Desk) -> None:
    dispute = await a_case(desk)
    reply = await desk.post(dispute, "letters", FINAL, await desk.key(scopes=("disputes:read", "disputes:write")))
    assert reply.status_code == 403


async def test_a_message_says_which_letter_it_is(desk: Desk) -> None:
    dispute = await a_case(desk)
    body = {"direction": "out", "body": "Our final response: ...", "letter": "final_response_sent"}
    assert (await desk.post(dispute, "messages", body, await desk.key())).status_code == 201
    (told, *_) = await desk.told(dispute.id)
    assert told.letter == "final_response_sent"
    assert (await letters_of(desk, dispute))["owed"], "written is not handed over"


@pytest.mark.parametrize("wrong", [{"direction": "in"}, {"internal": True}, {"channel": "telephone"}])
async def test_only_what_is_written_to_the_customer_is_a_letter(desk: Desk, wrong: Any) -> None:
    dispute = await a_case(desk)
    body = {"direction": "out", "body": "words", "letter": "final_response_sent"} | wrong
    assert (await desk.post(dispute, "messages", body, await desk.key())).status_code == 422


async def test_a_letter_that_was_handed_over_is_owed_no_more_and_one_that_was_not_is(desk: Desk) -> None:
    dispute = await a_case(desk)
    given: dict[str, Any] = {"kind": "message", "channel": "email", "delivery_id": "d", "occasion": "m"}
    lost = CustomerNotified(outcome="failed", reason="refused", **given)
    sent = CustomerNotified(outcome="sent", letter="final_response_sent", **given)
    async with desk.db.transaction() as tx:
        before = await disputes.lock(tx, dispute.id)
        await disputes.save(tx, Change(before, before, (lost,), "system:notify"))
    assert len((await letters_of(desk, dispute))["owed"]) == 1
    async with desk.db.transaction() as tx:
        before = await disputes.lock(tx, dispute.id)
        await disputes.save(tx, Change(before, before, (sent,), "system:notify"))
    found = await letters_of(desk, dispute)
    assert (found["owed"], found["sent"][0]["delivery_id"]) == ([], "d")
