"""Moves by hand follow the lifecycle, say why, and leave a record; everything else is refused and changes nothing."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.intake.api import moves, referrals
from services.intake.commands.move import BY_HAND
from shared.db import messages
from shared.db.engine import Database
from shared.domain.lifecycle import TRANSITIONS, Stage, Status, Trigger, allowed
from shared.messages.events import DisputeClosed, DisputeReopened, MessageAdded, StatusChanged
from tests.services.intake.desk import Desk, a_desk

LEGAL = sorted((s, t) for s, t in TRANSITIONS if t in BY_HAND)
ILLEGAL = sorted((s, t) for s in Status for t in BY_HAND if (s, t) not in TRANSITIONS)


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [moves.router, referrals.router]) as opened:
        yield opened


async def test_every_legal_move_arrives_where_the_lifecycle_says(desk: Desk) -> None:
    agent = await desk.key()
    for status, trigger in LEGAL:
        dispute = await desk.dispute(status=status)
        reply = await desk.post(dispute, "move", {"trigger": trigger}, agent)
        assert reply.status_code == 200, (status, trigger, reply.text)
        told = reply.json()
        assert told["status"] == TRANSITIONS[status, trigger]
        assert told["allowed"] == sorted(allowed(TRANSITIONS[status, trigger]))
        assert reply.headers["etag"] == f'"{dispute.version + 1}.{dispute.sequence + 1}"'
        assert len(await desk.told(dispute.id)) == 1


async def test_every_illegal_move_is_refused_with_the_moves_that_are_allowed(desk: Desk) -> None:
    agent = await desk.key()
    for status, trigger in ILLEGAL:
        dispute = await desk.dispute(status=status)
        reply = await desk.post(dispute, "move", {"trigger": trigger, "reason": "Please."}, agent)
        assert reply.status_code == 409, (status, trigger)
        assert reply.json()["code"] == "illegal_transition"
        assert reply.json()["allowed"] == sorted(allowed(status))
        assert await desk.now(dispute.id) == dispute
        assert await desk.told(dispute.id) == []


@pytest.mark.parametrize("trigger", sorted(set(Trigger) - set(BY_HAND)))
async def test_moves_with_a_verb_of_their_own_are_not_made_here(desk: Desk, trigger: str) -> None:
    dispute = await desk.dispute(status=Status.RESOLVED)
    reply = await desk.post(dispute, "move", {"trigger": trigger}, await desk.key())
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "/trigger"


async def test_the_reason_is_an_internal_note_and_no_event_carries_it(desk: Desk) -> None:
    agent = await desk.key(name="Grace")
    dispute = await desk.dispute()
    await desk.post(dispute, "move", {"trigger": "forward", "reason": "It is about the carrier."}, agent)
    changed, noted = await desk.told(dispute.id)
    assert changed == StatusChanged(before="received", after="forwarded", trigger="forward")
    assert isinstance(noted, MessageAdded)
    assert noted.internal
    async with desk.db.transaction() as tx:
        (note,) = await messages.page(tx, dispute.id)
    assert (note.body, note.author_name, note.internal) == ("It is about the carrier.", "Grace", True)
    assert str(note.id) == noted.message_id


async def test_rejecting_ends_the_dispute_and_says_so(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.TRIAGED)
    await desk.post(dispute, "move", {"trigger": "reject_as_no_dispute"}, await desk.key())
    after = await desk.now(dispute.id)
    assert after.status is Status.NOT_A_DISPUTE
    assert after.closed_at is not None
    assert await desk.told(dispute.id) == [DisputeClosed(because="not_a_dispute")]


async def test_a_second_review_opens_the_dispute_again_at_stage_two(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.CLOSED)
    await desk.post(dispute, "move", {"trigger": "request_stage_2"}, await desk.key())
    after = await desk.now(dispute.id)
    assert (after.status, after.stage, after.reopen_count) == (Status.STAGE_2_REVIEW, Stage.INTERNAL_2, 1)
    assert await desk.told(dispute.id) == [DisputeReopened(because="stage_2", occasion=1)]


async def test_an_outside_body_gets_the_dispute_and_gives_its_decision_back(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute(status=Status.RESOLVED)
    referred = await desk.post(dispute, "refer", {"reason": "The customer went to the ombudsman."}, agent)
    assert (referred.json()["status"], referred.json()["stage"]) == ("referred_external", "external")
    decided = await desk.post(dispute, "external-decision", None, agent)
    assert decided.json()["status"] == "external_decided"
    again = await desk.post(dispute, "external-decision", {}, agent)
    assert again.status_code == 409


async def test_a_move_decided_on_an_old_version_is_refused(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute()
    stale = await desk.post(dispute, "move", {"trigger": "triage"}, {**agent, "if-match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    fresh = await desk.post(dispute, "move", {"trigger": "triage"}, {**agent, "if-match": '"1"'})
    assert fresh.status_code == 200


async def test_the_same_key_moves_once_and_gets_the_same_reply(desk: Desk) -> None:
    agent = {**await desk.key(), "idempotency-key": "k1"}
    dispute = await desk.dispute()
    first = await desk.post(dispute, "move", {"trigger": "triage", "reason": "Read."}, agent)
    second = await desk.post(dispute, "move", {"trigger": "triage", "reason": "Read."}, agent)
    assert (second.status_code, second.content) == (200, first.content)
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["etag"] == first.headers["etag"]
    assert len(await desk.told(dispute.id)) == 2


@pytest.mark.parametrize("verb", ["move", "wait", "resume", "refer", "external-decision", "escalate"])
async def test_only_case_workers_move_disputes(desk: Desk, verb: str) -> None:
    dispute = await desk.dispute()
    helpdesk = await desk.key("integration", scopes=("disputes:read", "disputes:write"))
    denied = await desk.post(dispute, verb, {}, helpdesk)
    assert (denied.status_code, denied.json()["scope"]) == (403, "cases:work")
    assert (await desk.post(dispute, verb, {}, {})).status_code == 401
    assert await desk.now(dispute.id) == dispute


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("move", {"trigger": "triage"}),
        ("wait", {"for": "customer", "reason": "x"}),
        ("resume", {}),
        ("refer", {}),
        ("external-decision", {}),
        ("escalate", {"reason": "x"}),
    ],
)
async def test_a_key_for_its_own_disputes_does_not_find_those_of_others(
    desk: Desk, verb: str, body: dict[str, str]
) -> None:
    own_only = await desk.key("integration", scopes=("cases:work", "disputes:own"))
    dispute = await desk.dispute(filed_by=uuid4())
    reply = await desk.post(dispute, verb, body, own_only)
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
    mine = await desk.dispute(filed_by=desk.who(own_only).id)
    assert (await desk.post(mine, verb, body, own_only)).status_code != 404


async def test_a_dispute_that_does_not_exist_is_not_found(desk: Desk) -> None:
    reply = await desk.client.post(f"/v1/disputes/{uuid4()}/move", json={"trigger": "triage"}, headers=await desk.key())
    assert reply.status_code == 404
