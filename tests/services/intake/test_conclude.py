"""Decisions are given by those who may give them, told once, and stand until the customer or a person opens them again."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.api import conclusions, feedback
from services.intake.commands.conclude import authority_of, judge
from shared.db import messages
from shared.db.engine import Database
from shared.db.keys import Caller
from shared.domain.dispute import Dispute, Remedy
from shared.domain.lifecycle import SETTLED, TRANSITIONS, Outcome, Status, Trigger, allowed
from shared.domain.money import Money
from shared.domain.promising import Allowed
from shared.messages.events import (
    DisputeClosed,
    DisputeConfirmed,
    DisputeReopened,
    DisputeResolved,
    EscalationRequested,
    FeedbackGiven,
    MessageAdded,
)
from shared.policy.matrix import default_body, parse_matrix
from tests.builders import MONDAY_NINE, a_dispute
from tests.services.intake.desk import Desk, a_desk

MATRIX = parse_matrix(default_body(), version=1)
EXPLANATION = "You were charged twice; we are sorry and give it back."


def decision(value: str | None = "49.90", currency: str = "EUR", **fields: Any) -> dict[str, Any]:
    amount = None if value is None else {"value": value, "currency": currency}
    return {"outcome": "upheld", "remedy": "refund", "amount": amount, "explanation": EXPLANATION} | fields


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [conclusions.router, feedback.router]) as opened:
        yield opened


async def resolution_of(desk: Desk, dispute: Dispute) -> str | None:
    async with desk.db.transaction() as tx:
        text: str | None = await tx.raw.fetchval(
            "select resolution from dispute_private where dispute_id = $1", dispute.id
        )
    return text


async def test_a_decision_is_kept_told_and_is_a_response(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.INVESTIGATING, reopen_count=1)
    reply = await desk.post(dispute, "resolve", decision(), await desk.key(name="Grace"))
    assert reply.status_code == 200
    assert reply.json()["remedy"] == {"kind": "refund", "amount": {"value": "49.90", "currency": "EUR"}}
    after = await desk.now(dispute.id)
    assert (after.status, after.outcome) == (Status.RESOLVED, Outcome.UPHELD)
    assert after.remedy == Remedy("refund", Money.of("49.90", "EUR"))
    assert after.resolved_at == after.responded_at == after.informed_at == after.updated_at
    assert await desk.told(dispute.id) == [
        DisputeResolved(outcome="upheld", remedy="refund", amount="49.90", currency="EUR", occasion=1)
    ]
    assert await resolution_of(desk, dispute) == EXPLANATION
    async with desk.db.transaction() as tx:
        (said,) = await messages.page(tx, dispute.id)
    assert (said.body, said.direction, said.author_name, said.internal) == (EXPLANATION, "out", "Grace", False)


@pytest.mark.parametrize("fields", [{"remedy": None}, {"remedy": "apology"}, {"outcome": "not_upheld", "remedy": None}])
async def test_a_decision_that_moves_no_money_needs_no_amount(desk: Desk, fields: dict[str, Any]) -> None:
    dispute = await desk.dispute()
    reply = await desk.post(dispute, "resolve", decision(None, **fields), await desk.key("integration", tier=None))
    assert reply.status_code == 200


async def test_above_the_limit_the_proposal_escalates_at_once_and_decides_nothing(desk: Desk) -> None:
    agent = await desk.key(name="Grace", tier=1)
    dispute = await desk.dispute(status=Status.INVESTIGATING, tier=1)
    reply = await desk.post(dispute, "resolve", decision("300.00"), agent)
    problem = reply.json()
    assert (reply.status_code, problem["code"]) == (403, "authority_exceeded")
    assert reply.headers["content-type"] == "application/problem+json"
    assert (problem["limit"], problem["tier"]) == ("150.00 EUR", 2)
    assert "150.00 EUR" in problem["detail"]
    after = await desk.now(dispute.id)
    assert (after.status, after.outcome, after.resolved_at, after.tier) == (Status.INVESTIGATING, None, None, 1)
    noted, asked = await desk.told(dispute.id)
    assert asked == EscalationRequested(reason_code="authority", message_id=noted.message_id, to_tier=2)
    assert await resolution_of(desk, dispute) is None
    async with desk.db.transaction() as tx:
        (note,) = await messages.page(tx, dispute.id)
    assert note.internal
    assert "Grace proposed upheld with refund of 300.00 EUR" in note.body


async def test_the_same_refused_proposal_sent_again_escalates_once(desk: Desk) -> None:
    agent = {**await desk.key(tier=1), "idempotency-key": "r1"}
    dispute = await desk.dispute(tier=1)
    first, second = [await desk.post(dispute, "resolve", decision("300.00"), agent) for _ in range(2)]
    assert (first.status_code, second.status_code) == (403, 403)
    assert second.content == first.content
    assert second.headers["content-type"] == "application/problem+json"
    assert second.headers["idempotent-replayed"] == "true"
    assert len(await desk.told(dispute.id)) == 2


async def test_a_proposal_for_a_dispute_that_is_high_enough_is_noted_and_climbs_no_further(desk: Desk) -> None:
    dispute = await desk.dispute(tier=3)
    reply = await desk.post(dispute, "resolve", decision("300.00"), await desk.key(tier=1))
    assert (reply.status_code, reply.json()["tier"]) == (403, 2)
    assert [type(event) for event in await desk.told(dispute.id)] == [MessageAdded]


async def test_what_no_limit_covers_goes_to_those_who_have_none(desk: Desk) -> None:
    dispute = await desk.dispute(tier=1, amount=None)
    reply = await desk.post(dispute, "resolve", decision("10.00", "ZMW"), await desk.key(tier=3))
    assert (reply.status_code, reply.json()["limit"], reply.json()["tier"]) == (403, None, 4)


@pytest.mark.parametrize(
    ("role", "tier", "value", "status"),
    [
        ("agent", 1, "150.00", 200),
        ("agent", 1, "150.01", 403),
        ("agent", None, "150.00", 200),
        ("agent", None, "150.01", 403),
        ("lead", 2, "500.00", 200),
        ("lead", 2, "500.01", 403),
        ("integration", 2, "500.00", 200),
        ("integration", None, "0.01", 403),
        ("observer", None, "0.01", 403),
        ("admin", None, "100000.00", 200),
        ("admin", 1, "150.01", 403),
        ("executive", 9, "100000.00", 200),
    ],
)
async def test_who_may_promise_how_much(desk: Desk, role: str, tier: int | None, value: str, status: int) -> None:
    dispute = await desk.dispute(tier=1)
    reply = await desk.post(dispute, "resolve", decision(value), await desk.key(role, tier=tier))
    assert reply.status_code == status, reply.text
    if role in {"integration", "observer"} and status == 403:
        assert (reply.json()["limit"], reply.json()["tier"]) == ("0.00 EUR", 1)


@given(
    cents=st.integers(1, 10_000_00),
    tier=st.one_of(st.none(), st.integers(0, 30)),
    role=st.sampled_from(["admin", "agent", "lead", "manager", "executive", "integration", "observer"]),
)
def test_what_one_tier_may_promise_so_may_the_next(cents: int, tier: int | None, role: str) -> None:
    dispute, remedy = a_dispute(), Remedy("refund", Money(Decimal(cents) / 100, "EUR"))

    def may(caller: Caller) -> bool:
        return isinstance(judge(MATRIX, dispute, remedy, caller), Allowed)

    caller = Caller(uuid4(), uuid4(), "x", role, tier, frozenset())
    bound = authority_of(caller, MATRIX)
    assert 0 <= bound <= MATRIX.top
    higher = Caller(uuid4(), uuid4(), "y", "agent", bound + 1, frozenset())
    assert may(higher) or not may(caller)
    if bound == 0:
        assert not may(caller)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (decision(None), "/amount"),
        (decision("0.00"), "/amount/value"),
        (decision("-5.00"), "/amount/value"),
        (decision("5.001"), "/amount/value"),
        (decision("49.90", "USD"), "/amount/currency"),
        (decision("49.90", "XYZ"), "/amount/currency"),
        (decision(remedy="bribe"), "/remedy"),
        (decision(remedy=None), ""),
        (decision(outcome="won"), "/outcome"),
        (decision(explanation=" "), "/explanation"),
        (decision(amount={"value": 49.9, "currency": "EUR"}), "/amount/value"),
    ],
)
async def test_a_decision_that_does_not_hold_together_is_refused(
    desk: Desk, body: dict[str, Any], pointer: str
) -> None:
    dispute = await desk.dispute()
    reply = await desk.post(dispute, "resolve", body, await desk.key())
    assert reply.status_code == 422, reply.text
    assert reply.json()["errors"][0]["pointer"] == pointer
    assert await desk.now(dispute.id) == dispute


ACTIONS: dict[str, tuple[Trigger, Any]] = {
    "resolve": (Trigger.RESOLVE, decision()),
    "confirm": (Trigger.CONFIRM, None),
    "close": (Trigger.CLOSE, {"because": "decided", "reason": "Done."}),
    "reopen": (Trigger.REOPEN, {"reason": "New facts."}),
    "withdraw": (Trigger.WITHDRAW, {"reason": "They changed their mind."}),
}


@pytest.mark.parametrize("verb", ACTIONS)
async def test_each_conclusion_is_possible_exactly_where_the_lifecycle_has_it(desk: Desk, verb: str) -> None:
    agent = await desk.key()
    trigger, body = ACTIONS[verb]
    for status in Status:
        dispute = await desk.dispute(status=status)
        reply = await desk.post(dispute, verb, body, agent)
        if (status, trigger) in TRANSITIONS:
            assert reply.status_code == 200, (status, reply.text)
        else:
            assert (reply.status_code, reply.json()["allowed"]) == (409, sorted(allowed(status))), status
            assert await desk.now(dispute.id) == dispute
            assert await desk.told(dispute.id) == []


async def test_an_illegal_decision_above_the_limit_is_illegal_and_escalates_nothing(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.CLOSED, tier=1)
    reply = await desk.post(dispute, "resolve", decision("300.00"), await desk.key())
    assert reply.status_code == 409
    assert await desk.told(dispute.id) == []


async def test_confirming_after_the_follow_up_closes_as_well(desk: Desk) -> None:
    agent = await desk.key()
    early, late = await desk.dispute(status=Status.RESOLVED), await desk.dispute(status=Status.FOLLOW_UP)
    assert (await desk.post(early, "confirm", None, agent)).json()["status"] == "confirmed"
    assert await desk.told(early.id) == [DisputeConfirmed(by="agent")]
    assert (await desk.post(late, "confirm", None, agent)).json()["status"] == "closed"
    assert await desk.told(late.id) == [DisputeConfirmed(by="agent"), DisputeClosed(because="confirmed")]
    after = await desk.now(late.id)
    assert (after.version, after.closed_at) == (late.version + 1, after.updated_at)


async def test_opening_again_keeps_name_and_receipt_and_forgets_the_decision(desk: Desk) -> None:
    dispute = await desk.dispute(
        status=Status.CLOSED,
        outcome=Outcome.NOT_UPHELD,
        remedy=Remedy("apology"),
        resolved_at=MONDAY_NINE,
        closed_at=MONDAY_NINE,
    )
    await desk.post(dispute, "reopen", {"reason": "A receipt turned up.", "because": "new_facts"}, await desk.key())
    after = await desk.now(dispute.id)
    assert (after.id, after.reference, after.received_at) == (dispute.id, dispute.reference, dispute.received_at)
    assert (after.outcome, after.remedy, after.resolved_at, after.closed_at) == (None, None, None, None)
    assert (await desk.told(dispute.id))[0] == DisputeReopened(because="new_facts", occasion=1)


async def test_a_person_may_open_a_dispute_more_often_than_a_message_may(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.CLOSED, reopen_count=9)
    assert (await desk.post(dispute, "reopen", {"reason": "x"}, await desk.key())).json()["reopen_count"] == 10


async def test_withdrawing_ends_the_dispute(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.AWAITING_CUSTOMER)
    await desk.post(dispute, "withdraw", None, await desk.key())
    after = await desk.now(dispute.id)
    assert (after.status, after.closed_at) == (Status.WITHDRAWN, after.updated_at)
    assert await desk.told(dispute.id) == [DisputeClosed(because="withdrawn")]


async def test_not_solved_opens_the_dispute_and_what_was_said_joins_it(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    body = {"solved": False, "rating": 2, "effort": 3, "comment": "Nothing arrived."}
    reply = await desk.post(dispute, "feedback", body, await desk.key())
    assert (reply.status_code, reply.json()["status"]) == (200, "investigating")
    told = await desk.told(dispute.id)
    assert told[:2] == [
        FeedbackGiven(rating=2, effort=3, solved=False),
        DisputeReopened(because="not_solved", occasion=1),
    ]
    async with desk.db.transaction() as tx:
        (said,) = await messages.page(tx, dispute.id)
    assert (said.body, said.author) == ("Nothing arrived.", "customer")


@pytest.mark.parametrize(
    ("status", "then"),
    [
        (Status.RESOLVED, Status.CONFIRMED),
        (Status.FOLLOW_UP, Status.CLOSED),
        (Status.CONFIRMED, Status.CONFIRMED),
        (Status.CLOSED, Status.CLOSED),
    ],
)
async def test_solved_confirms_what_can_be_confirmed(desk: Desk, status: Status, then: Status) -> None:
    dispute = await desk.dispute(status=status)
    await desk.post(dispute, "feedback", {"solved": True}, await desk.key())
    assert (await desk.now(dispute.id)).status is then


async def test_a_rating_alone_is_kept_and_moves_nothing(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    reply = await desk.post(dispute, "feedback", {"rating": 5}, agent)
    assert reply.json()["status"] == "follow_up"
    listed = await desk.client.get(f"/v1/disputes/{dispute.id}/feedback", headers=agent)
    (item,) = listed.json()["items"]
    assert (item["rating"], item["effort"], item["solved"], item["occasion"]) == (5, None, None, 0)


async def test_one_decision_is_rated_once_and_the_next_again(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    assert (await desk.post(dispute, "feedback", {"rating": 5}, agent)).status_code == 200
    again = await desk.post(dispute, "feedback", {"rating": 1}, agent)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert (await desk.now(dispute.id)).status is Status.FOLLOW_UP
    await desk.post(dispute, "reopen", {"reason": "x"}, agent)
    await desk.post(dispute, "resolve", decision(), agent)
    assert (await desk.post(dispute, "feedback", {"rating": 4}, agent)).status_code == 200


async def test_a_rating_leaves_the_question_open_and_its_answer_joins_it_once(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    await desk.post(dispute, "feedback", {"rating": 2, "effort": 6, "comment": "Slow."}, agent)
    answered = await desk.post(dispute, "feedback", {"solved": True, "rating": 4, "comment": "But it came."}, agent)
    assert (answered.status_code, answered.json()["status"]) == (200, "closed")
    for second in ({"solved": False}, {"rating": 1}):
        assert (await desk.post(dispute, "feedback", second, agent)).status_code == 409
    listed = await desk.client.get(f"/v1/disputes/{dispute.id}/feedback", headers=agent)
    (item,) = listed.json()["items"]
    assert (item["rating"], item["effort"], item["solved"]) == (4, 6, True)
    assert item["comment"] == "Slow.\n\nBut it came."
    assert (await desk.told(dispute.id))[:2] == [
        FeedbackGiven(rating=2, effort=6, solved=None),
        FeedbackGiven(rating=4, effort=None, solved=True),
    ]


@pytest.mark.parametrize("status", sorted(set(Status) - SETTLED - {Status.CLOSED}))
async def test_without_a_decision_there_is_nothing_to_rate(desk: Desk, status: Status) -> None:
    dispute = await desk.dispute(status=status)
    reply = await desk.post(dispute, "feedback", {"rating": 5}, await desk.key())
    assert (reply.status_code, reply.json()["code"]) == (409, "illegal_transition")


@pytest.mark.parametrize(
    "body", [{}, {"rating": None}, {"rating": 0}, {"rating": 6}, {"effort": 8}, {"rating": 4.5}, {"solved": "no"}]
)
async def test_feedback_that_says_nothing_or_too_much_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    assert (await desk.post(dispute, "feedback", body, await desk.key())).status_code == 422


@pytest.mark.parametrize(
    ("verb", "scope"),
    [
        ("resolve", "cases:work"),
        ("close", "cases:work"),
        ("reopen", "cases:work"),
        ("confirm", "disputes:write"),
        ("withdraw", "disputes:write"),
        ("feedback", "disputes:write"),
    ],
)
async def test_each_conclusion_needs_its_scope_and_a_dispute_of_ones_own(desk: Desk, verb: str, scope: str) -> None:
    dispute = await desk.dispute(status=Status.RESOLVED)
    body = {"feedback": {"rating": 5}}.get(verb) or (ACTIONS[verb][1] if verb in ACTIONS else None)
    others = [each for each in ("disputes:read", "disputes:write", "cases:work") if each != scope]
    denied = await desk.post(dispute, verb, body, await desk.key(scopes=others))
    assert (denied.status_code, denied.json()["scope"]) == (403, scope)
    hidden = await desk.post(dispute, verb, body, await desk.key("integration", scopes=(scope, "disputes:own")))
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
    assert await desk.now(dispute.id) == dispute
