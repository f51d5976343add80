"""Experts asked by hand: the question with its deadline, the answer in time or late, and what is refused."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from services.intake.api import experts as api
from shared.db import experts, messages, policies
from shared.db.engine import Database
from shared.domain.experts import RequestState
from shared.domain.frozen import altered
from shared.domain.lifecycle import Status
from shared.messages.expert_events import ExpertAnswered, ExpertAsked, ExpertWithdrawn
from shared.policy.matrix import matrix_body
from tests.domain.matrices import a_body
from tests.services.intake.desk import Desk, a_desk

FRAUD = {"title": "Fraud desk", "email": "fraud@house.example", "deadline": "8 hours", "calendar": "always"}
HANDS = {name: FRAUD | {"title": name, "skill": "handwriting"} for name in ("ink", "paper")}
ASK = {"desk": "fraud", "question": "Is this signature genuine?"}


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [api.router]) as opened:
        async with db.transaction() as tx:
            body = matrix_body(a_body(experts={"fraud": FRAUD} | HANDS))
            await policies.put(tx, "escalation", body, author="principal:test", reason="a test")
        yield opened


async def test_a_question_has_its_deadline_and_is_kept_as_a_note(desk: Desk) -> None:
    dispute, key = await desk.dispute(tier=1), await desk.key(name="Grace")
    reply = await desk.post(dispute, "expert-requests", ASK, key)
    assert reply.status_code == 201
    made = reply.json()
    assert (made["state"], made["question"], made["answer"]) == ("open", ASK["question"], None)
    shown = await desk.client.get(reply.headers["location"], headers=key)
    assert shown.json() == made
    noted, asked = await desk.told(dispute.id)
    assert isinstance(asked, ExpertAsked)
    assert (asked.request_id, asked.desk, asked.message_id) == (made["id"], "fraud", noted.message_id)
    async with desk.db.transaction() as tx:
        found = (await experts.listed(tx, dispute.id))[0].request
        (note,) = await messages.page(tx, dispute.id)
    assert found.due_at - found.asked_at == timedelta(hours=8)
    assert found.next_at - found.asked_at == timedelta(hours=4)
    assert (note.internal, note.author_name) == (True, "Grace")


async def test_an_answer_is_shown_and_told_and_taken_once(desk: Desk) -> None:
    dispute, key = await desk.dispute(tier=1), await desk.key()
    made = (await desk.post(dispute, "expert-requests", ASK, key)).json()
    place = f"expert-requests/{made['id']}/answer"
    reply = await desk.post(dispute, place, {"answer": "It is forged."}, key)
    assert (reply.status_code, reply.json()["state"], reply.json()["answer"]) == (200, "answered", "It is forged.")
    answered = (await desk.told(dispute.id))[-1]
    assert isinstance(answered, ExpertAnswered)
    assert not answered.late
    again = await desk.post(dispute, place, {"answer": "No."}, key)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    withdrawn = await desk.post(dispute, f"expert-requests/{made['id']}/withdraw", None, key)
    assert withdrawn.status_code == 409


async def test_an_overdue_question_may_still_be_answered_and_is_told_as_late(desk: Desk) -> None:
    dispute, key = await desk.dispute(tier=1), await desk.key()
    made = (await desk.post(dispute, "expert-requests", ASK, key)).json()
    async with desk.db.transaction() as tx:
        found = (await experts.listed(tx, dispute.id))[0].request
        await tx.raw.execute("update expert_request set due_at = now() - interval '1 hour'")
        await experts.keep(tx, altered(found, state=RequestState.OVERDUE, overdue_at=tx.now))
    reply = await desk.post(dispute, f"expert-requests/{made['id']}/answer", {"answer": "Genuine."}, key)
    assert reply.json()["state"] == "answered"
    assert reply.json()["overdue_at"] is not None
    assert (await desk.told(dispute.id))[-1].late


async def test_a_question_is_withdrawn_with_a_reason(desk: Desk) -> None:
    dispute, key = await desk.dispute(tier=1), await desk.key()
    made = (await desk.post(dispute, "expert-requests", ASK, key)).json()
    reply = await desk.post(dispute, f"expert-requests/{made['id']}/withdraw", {"reason": "Settled."}, key)
    assert reply.json()["state"] == "withdrawn"
    told = (await desk.told(dispute.id))[-1]
    assert told == ExpertWithdrawn(request_id=made["id"], desk="fraud", because="by_hand")


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({**ASK, "desk": "magic"}, Status.RECEIVED, 422),
        ({"desk": "fraud"}, Status.RECEIVED, 422),
        ({"question": "Is it?"}, Status.RECEIVED, 422),
        ({**ASK, "skill": "handwriting"}, Status.RECEIVED, 422),
        ({"skill": "alchemy", "question": "Is it?"}, Status.RECEIVED, 422),
        (ASK, Status.CLOSED, 409),
    ],
)
async def test_a_question_nobody_can_be_asked_is_refused(
    desk: Desk, body: dict[str, str], status: Status, expected: int
) -> None:
    dispute = await desk.dispute(tier=1, status=status)
    reply = await desk.post(dispute, "expert-requests", body, await desk.key())
    assert reply.status_code == expected
    assert await desk.told(dispute.id) == []


async def test_a_skill_finds_the_desk_that_has_it_and_the_fewest_questions_waiting(desk: Desk) -> None:
    dispute, key = await desk.dispute(tier=1), await desk.key()
    asked = {"skill": "handwriting", "question": "Is this signature genuine?"}
    made = [(await desk.post(dispute, "expert-requests", asked, key)).json() for _ in range(3)]
    assert [each["desk"] for each in made] == ["ink", "paper", "ink"]
    for number in (0, 2):
        place = f"expert-requests/{made[number]['id']}/answer"
        assert (await desk.post(dispute, place, {"answer": "It is."}, key)).status_code == 200
    assert (await desk.post(dispute, "expert-requests", asked, key)).json()["desk"] == "ink"


async def test_a_question_of_another_dispute_is_not_found(desk: Desk) -> None:
    one, other, key = await desk.dispute(tier=1), await desk.dispute(tier=1), await desk.key()
    made = (await desk.post(one, "expert-requests", ASK, key)).json()
    for request_id in (made["id"], uuid4()):
        reply = await desk.post(other, f"expert-requests/{request_id}/answer", {"answer": "x"}, key)
        assert reply.status_code == 404


async def test_questions_are_limited(desk: Desk) -> None:
    dispute, key = await desk.dispute(tier=1), await desk.key()
    replies = [(await desk.post(dispute, "expert-requests", ASK, key)).status_code for _ in range(experts.OPEN_MAX + 1)]
    assert replies == [201] * experts.OPEN_MAX + [409]


async def test_whoever_may_not_work_on_cases_sees_no_questions(desk: Desk) -> None:
    dispute = await desk.dispute(tier=1)
    key = await desk.key(scopes=["disputes:read"])
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/expert-requests", headers=key)
    assert reply.status_code == 403
