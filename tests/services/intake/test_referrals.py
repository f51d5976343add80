"""Outside bodies: to whom a dispute went, what they decided, and by when the house has to carry it out."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.api import referrals as api
from shared.db import referrals
from shared.db.engine import Database
from shared.domain.dispute import Dispute
from shared.domain.errors import InvalidValue
from shared.domain.lifecycle import Stage, Status
from shared.domain.referral import comply_by
from shared.messages.events import StatusChanged
from shared.messages.referral_events import AnswerExpected, ExternallyDecided, Referred
from tests.services.intake.desk import Desk, a_desk

TO = {"body": "Financial Ombudsman Service", "reference": "F-77", "reason": "The customer asked them."}
MADE = "2026-03-02T10:00:00Z"


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [api.router]) as opened:
        yield opened


async def shown(desk: Desk, dispute: Dispute, key: dict[str, str]) -> list[dict[str, Any]]:
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/referrals", headers=key)
    assert reply.status_code == 200
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def referred(desk: Desk, key: dict[str, str]) -> Dispute:
    dispute = await desk.dispute(tier=1, status=Status.INVESTIGATING)
    assert (await desk.post(dispute, "refer", TO, key)).status_code == 200
    return dispute


async def test_a_referral_keeps_to_whom_it_went_and_tells_ids_alone(desk: Desk) -> None:
    key = await desk.key()
    dispute = await referred(desk, key)
    after = await desk.now(dispute.id)
    assert (after.status, after.stage) == (Status.REFERRED_EXTERNAL, Stage.EXTERNAL)
    (found,) = await shown(desk, dispute, key)
    assert (found["body"], found["reference"], found["state"]) == (TO["body"], "F-77", "referred")
    moved, _note, told = await desk.told(dispute.id)
    assert isinstance(moved, StatusChanged)
    assert told == Referred(referral_id=found["id"], expected_at=None)


@pytest.mark.parametrize(
    ("more", "due"),
    [
        ({}, "2026-03-30"),
        ({"comply_within": "2 weeks"}, "2026-03-16"),
        ({"comply_by": "2026-04-01T09:00:00Z"}, "2026-04-01"),
    ],
)
async def test_a_decision_that_asks_for_something_has_a_time_of_its_own(
    desk: Desk, more: dict[str, str], due: str
) -> None:
    key = await desk.key()
    dispute = await referred(desk, key)
    amount = {"value": "120.00", "currency": "EUR"}
    body = {"outcome": "upheld", "decided_at": MADE, "remedy": "refund", "amount": amount, **more}
    reply = await desk.post(dispute, "external-decision", body, key)
    assert (reply.status_code, reply.json()["status"]) == (200, "external_decided")
    (found,) = await shown(desk, dispute, key)
    assert (found["state"], found["outcome"], found["amount"]) == ("decided", "upheld", amount)
    assert found["comply_by"].startswith(due)
    told = (await desk.told(dispute.id))[-1]
    assert isinstance(told, ExternallyDecided)
    assert (told.outcome, told.decided_at) == ("upheld", MADE)


@pytest.mark.parametrize("body", [None, {}, {"outcome": "not_upheld"}, {"outcome": "declined"}])
async def test_a_decision_that_asks_for_nothing_is_over_at_once(desk: Desk, body: dict[str, str] | None) -> None:
    key = await desk.key()
    dispute = await referred(desk, key)
    assert (await desk.post(dispute, "external-decision", body, key)).status_code == 200
    (found,) = await shown(desk, dispute, key)
    assert (found["state"], found["comply_by"]) == ("closed", None)


@pytest.mark.parametrize(
    "body",
    [
        {"decided_at": "2199-01-01T00:00:00Z"},
        {"decided_at": MADE, "comply_by": "2026-03-01T00:00:00Z"},
        {"comply_by": MADE, "comply_within": "2 weeks"},
        {"comply_within": "5 business days"},
        {"comply_within": "soon"},
        {"outcome": "magic"},
        {"amount": {"value": "1.00", "currency": "EUR"}},
    ],
)
async def test_a_decision_that_does_not_hold_together_changes_nothing(desk: Desk, body: dict[str, Any]) -> None:
    key = await desk.key()
    dispute = await referred(desk, key)
    before = await desk.told(dispute.id)
    assert (await desk.post(dispute, "external-decision", body, key)).status_code == 422
    assert await desk.told(dispute.id) == before
    assert (await desk.now(dispute.id)).status is Status.REFERRED_EXTERNAL


async def test_a_decision_without_a_referral_by_name_has_a_referral_of_its_own(desk: Desk) -> None:
    dispute = await desk.dispute(tier=1, status=Status.REFERRED_EXTERNAL, stage=Stage.EXTERNAL)
    key = await desk.key()
    assert (await desk.post(dispute, "external-decision", {"outcome": "settled"}, key)).status_code == 200
    (found,) = await shown(desk, dispute, key)
    assert (found["body"], found["state"]) == (None, "decided")


async def test_a_second_referral_closes_the_first(desk: Desk) -> None:
    key = await desk.key()
    dispute = await referred(desk, key)
    await desk.post(dispute, "external-decision", {"outcome": "upheld"}, key)
    assert (await desk.post(dispute, "refer", {"body": "The court"}, key)).status_code == 200
    assert [(each["body"], each["state"]) for each in await shown(desk, dispute, key)] == [
        ("The court", "referred"),
        (TO["body"], "closed"),
    ]
    async with desk.db.transaction() as tx:
        newest = await referrals.newest(tx, dispute.id)
    assert newest is not None
    assert newest.body == "The court"


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.REFERRED_EXTERNAL}))
async def test_only_what_lies_with_a_body_can_come_back_from_one(desk: Desk, status: Status) -> None:
    dispute = await desk.dispute(tier=1, status=status)
    reply = await desk.post(dispute, "external-decision", {"outcome": "upheld"}, await desk.key())
    assert (reply.status_code, reply.json()["code"]) == (409, "illegal_transition")
    async with desk.db.transaction() as tx:
        assert await referrals.listed(tx, dispute.id) == []


def test_28_calendar_days_are_the_usual_time_and_working_time_is_nobodys_outside() -> None:
    made = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert timedelta(days=28) <= comply_by(made) - made <= timedelta(days=29)
    with pytest.raises(InvalidValue, match="calendar days"):
        comply_by(made, "3 business days")


async def test_the_day_that_was_announced_is_kept_and_may_be_announced_anew(desk: Desk, db: Database) -> None:
    key = await desk.key()
    async with db.transaction() as tx:
        first, second = (tx.now + timedelta(days=days) for days in (30, 60))
    dispute = await desk.dispute(tier=1, status=Status.INVESTIGATING)
    assert (await desk.post(dispute, "refer", TO | {"expected_at": first.isoformat()}, key)).status_code == 200
    body = {"expected_at": second.isoformat()}
    for _ in range(2):
        assert (await desk.post(dispute, "expected-answer", body, key)).status_code == 200
    (found,) = await shown(desk, dispute, key)
    assert datetime.fromisoformat(found["expected_at"]) == second
    (told,) = [each for each in await desk.told(dispute.id) if isinstance(each, AnswerExpected)]
    assert (told.referral_id, datetime.fromisoformat(told.expected_at)) == (found["id"], second)


async def test_an_answer_is_not_expected_in_the_past_nor_of_nobody(desk: Desk) -> None:
    key = await desk.key()
    dispute = await desk.dispute(tier=1, status=Status.INVESTIGATING)
    refused = await desk.post(dispute, "refer", TO | {"expected_at": MADE}, key)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/expected_at")
    later = {"expected_at": "2099-01-01T00:00:00Z"}
    assert (await desk.post(dispute, "expected-answer", later, key)).status_code == 409
    assert (await desk.post(dispute, "refer", TO, key)).status_code == 200
    assert (await desk.post(dispute, "expected-answer", {"expected_at": MADE}, key)).status_code == 422
    assert (await desk.post(dispute, "expected-answer", later, key)).status_code == 200
