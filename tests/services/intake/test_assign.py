"""Another handler by hand: asked for here, refused with the reason where it cannot be; and who has what."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.intake.api import assignments, moves
from shared.db import messages, policies, reassignments
from shared.db.engine import Database
from shared.domain.lifecycle import Status
from shared.messages.assignment_events import AssignmentRequested
from shared.messages.events import MessageAdded
from shared.policy.matrix import matrix_body
from tests.domain.matrices import a_body, a_tier
from tests.services.intake.desk import Desk, a_desk

WHY = {"reason": "Bob knows this customer's contract."}
PEOPLE: list[dict[str, Any]] = [
    {"name": "Bob", "load_max": 1},
    {"name": "Cy", "conflicts": {"products": ["router"]}},
    {"name": "Eve", "absent": [{"from": "2020-01-01", "until": "2099-01-01"}]},
]
FRONT = a_tier("Agent", "4 hours", holders=[{"name": "Ann"}, *({"name": each["name"]} for each in PEOPLE)])


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [moves.router, assignments.router]) as opened:
        body = matrix_body(a_body(tiers=[FRONT, a_tier("Lead", "8 hours")], people=PEOPLE, thresholds=[]))
        async with db.transaction() as tx:
            await policies.put(tx, "escalation", body, author="principal:test", reason="a test")
        yield opened


async def test_a_wish_is_recorded_with_its_reason_and_intake_hands_nothing_over(desk: Desk) -> None:
    dispute = await desk.dispute(tier=1, handler="Ann")
    reply = await desk.post(dispute, "assign", {**WHY, "handler": "Bob"}, await desk.key(name="Grace"))
    assert (reply.status_code, reply.json()["handler"]) == (202, "Ann")
    noted, asked = await desk.told(dispute.id)
    assert isinstance(noted, MessageAdded)
    assert asked == AssignmentRequested(handler="Bob", message_id=noted.message_id, override=False)
    async with desk.db.transaction() as tx:
        (note,) = await messages.page(tx, dispute.id)
    assert (note.body, note.internal, note.author_name) == (WHY["reason"], True, "Grace")


@pytest.mark.parametrize(
    ("handler", "facts", "status", "words"),
    [
        ("Nobody", {}, 422, "knows nobody named 'Nobody'"),
        ("Ann", {"handler": "Ann"}, 409, "handles this dispute already"),
        ("Eve", {}, 409, "is absent"),
        ("Cy", {"product": "router"}, 409, "has a conflict with this product"),
        ("Ann", {"status": Status.CLOSED}, 409, "reopen it first"),
    ],
)
async def test_who_cannot_have_it_is_refused_with_the_reason(
    desk: Desk, handler: str, facts: dict[str, Any], status: int, words: str
) -> None:
    dispute = await desk.dispute(**{"tier": 1, **facts})
    reply = await desk.post(dispute, "assign", {**WHY, "handler": handler}, await desk.key())
    assert reply.status_code == status
    assert words in reply.json()["detail"]
    assert await desk.told(dispute.id) == []


async def test_nobody_is_given_what_they_filed_or_more_than_they_can_have(desk: Desk) -> None:
    key = await desk.key(name="ann")
    filed = await desk.dispute(tier=1, filed_by=desk.who(key).id)
    assert "filed it" in (await desk.post(filed, "assign", {**WHY, "handler": "Ann"}, key)).json()["detail"]
    await desk.dispute(tier=1, handler="Bob")
    other = await desk.dispute(tier=1)
    assert "as many open" in (await desk.post(other, "assign", {**WHY, "handler": "Bob"}, key)).json()["detail"]


async def test_a_lead_may_override_a_conflict_and_an_agent_may_not(desk: Desk) -> None:
    dispute = await desk.dispute(tier=1, product="router")
    wish = {**WHY, "handler": "Cy", "override": True}
    refused = await desk.post(dispute, "assign", wish, await desk.key())
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    assert (await desk.post(dispute, "assign", wish, await desk.key("lead"))).status_code == 202
    assert (await desk.told(dispute.id))[-1].override


async def test_a_reassignment_is_stored_and_shown(desk: Desk) -> None:
    lead = await desk.key("lead")
    wish = {"from": "Gone", "to": "Bob", "reason": "Gone has left.", "filter": {"tiers": [1], "severities": ["high"]}}
    reply = await desk.client.post("/v1/assignments/reassign", json=wish, headers=lead)
    assert reply.status_code == 202
    shown = await desk.client.get(reply.headers["location"], headers=lead)
    assert shown.json() == reply.json()
    told = shown.json()
    assert (told["from"], told["to"], told["state"], told["counts"]["reassigned"]) == ("Gone", "Bob", "queued", 0)
    listed = await desk.client.get("/v1/assignments/reassignments", headers=lead)
    assert [each["id"] for each in listed.json()["items"]] == [told["id"]]
    async with desk.db.transaction() as tx:
        job = await reassignments.take(tx)
    assert job is not None
    assert (job.filter.tiers, job.filter.severities, job.filter.categories) == ((1,), ("high",), None)
    cancelled = await desk.client.post(f"{reply.headers['location']}/cancel", headers=lead)
    assert cancelled.json()["state"] == "cancelled"
    again = await desk.client.post(f"{reply.headers['location']}/cancel", headers=lead)
    assert again.status_code == 409


async def test_a_reassignment_can_be_tried_first_and_then_nothing_is_stored(desk: Desk) -> None:
    lead = await desk.key("lead")
    for _ in range(3):
        await desk.dispute(tier=1, handler="Ann")
    stays = await desk.dispute(tier=1, handler="Ann", status=Status.CLOSED)
    wish = {"from": "Ann", "to": "Bob", "filter": {"tiers": [1]}}
    reply = await desk.client.post("/v1/assignments/reassign/dry-run", json=wish, headers=lead)
    assert reply.status_code == 200
    told = reply.json()
    assert (told["from"], told["to"], told["open_disputes"], told["complete"]) == ("Ann", "Bob", 3, True)
    assert told["receives"] == [{"handler": "Bob", "disputes": 1, "open": 0, "load_max": 1}]
    assert told["counts"] == {"reassigned": 1, "kept": 2, "failed": 0, "escalated": 0}
    assert [each["reason"] for each in told["stays"]] == ["Bob has as many open disputes as they can have (1)."] * 2
    assert str(stays.id) not in {each["dispute_id"] for each in told["stays"]}
    listed = await desk.client.get("/v1/assignments/reassignments", headers=lead)
    assert listed.json()["items"] == []


@pytest.mark.parametrize("path", ["reassign", "reassign/dry-run"])
@pytest.mark.parametrize(
    ("role", "wish", "status"),
    [
        ("agent", {"from": "Ann", "reason": "x"}, 403),
        ("lead", {"from": "Ann", "to": "Nobody", "reason": "x"}, 422),
        ("lead", {"from": "Ann", "to": "Ann", "reason": "x"}, 422),
        ("lead", {"to": "Bob", "reason": "x"}, 422),
    ],
)
async def test_a_reassignment_that_cannot_be_is_refused(
    desk: Desk, role: str, wish: dict[str, str], status: int, path: str
) -> None:
    reply = await desk.client.post(f"/v1/assignments/{path}", json=wish, headers=await desk.key(role))
    assert reply.status_code == status


async def test_the_load_names_everybody_known_and_everybody_who_has_something(desk: Desk) -> None:
    for facts in ({"tier": 1}, {"tier": 2}, {"tier": 1, "status": Status.CLOSED}):
        await desk.dispute(handler="Ann", **facts)
    await desk.dispute(tier=1, handler="Gone")
    reply = await desk.client.get("/v1/assignments/load", headers=await desk.key())
    shown = {each["handler"]: each for each in reply.json()["items"]}
    assert shown["Ann"] == {"handler": "Ann", "open": 2, "by_tier": {"1": 1, "2": 1}, "load_max": None, "known": True}
    assert (shown["Gone"]["open"], shown["Gone"]["known"]) == (1, False)
    assert (shown["Bob"]["open"], shown["Bob"]["load_max"]) == (0, 1)
    assert reply.json()["complete"]
