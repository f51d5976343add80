"""Anybody who works on a case may ask for a higher tier; the wish is recorded, and impossible wishes are refused."""

from collections.abc import AsyncIterator

import pytest

from services.intake.api import moves
from shared.db import messages
from shared.db.engine import Database
from shared.domain.lifecycle import ACTIVE, Status
from shared.messages.events import EscalationRequested, MessageAdded
from tests.services.intake.desk import Desk, a_desk

WISH = {"reason": "The customer insists on a manager."}


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [moves.router]) as opened:
        yield opened


async def test_a_wish_is_recorded_with_its_reason_beside_it(desk: Desk) -> None:
    dispute = await desk.dispute(tier=1)
    reply = await desk.post(dispute, "escalate", {**WISH, "to_tier": 3}, await desk.key(name="Grace"))
    assert reply.status_code == 202
    assert reply.headers["location"] == f"/v1/disputes/{dispute.id}"
    noted, asked = await desk.told(dispute.id)
    assert isinstance(noted, MessageAdded)
    assert asked == EscalationRequested(reason_code="requested", message_id=noted.message_id, to_tier=3)
    async with desk.db.transaction() as tx:
        (note,) = await messages.page(tx, dispute.id)
    assert (note.body, note.internal, note.author_name) == (WISH["reason"], True, "Grace")


async def test_intake_asks_and_does_not_climb(desk: Desk) -> None:
    dispute = await desk.dispute(tier=1, handler="Agent A")
    await desk.post(dispute, "escalate", WISH, await desk.key())
    after = await desk.now(dispute.id)
    assert (after.tier, after.handler) == (1, "Agent A")


async def test_a_dispute_not_yet_taken_up_may_be_escalated(desk: Desk) -> None:
    dispute = await desk.dispute(tier=None)
    assert (await desk.post(dispute, "escalate", WISH, await desk.key())).status_code == 202


@pytest.mark.parametrize("status", sorted((set(Status) - ACTIVE) | {Status.REFERRED_EXTERNAL}))
async def test_what_is_settled_ended_or_outside_is_not_escalated(desk: Desk, status: Status) -> None:
    dispute = await desk.dispute(status=status, tier=1)
    reply = await desk.post(dispute, "escalate", WISH, await desk.key())
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    assert await desk.told(dispute.id) == []


@pytest.mark.parametrize(("tier", "to_tier"), [(4, None), (4, 4), (2, 2), (3, 1)])
async def test_a_tier_that_is_not_higher_is_refused(desk: Desk, tier: int, to_tier: int | None) -> None:
    dispute = await desk.dispute(tier=tier)
    reply = await desk.post(dispute, "escalate", {**WISH, "to_tier": to_tier}, await desk.key())
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    assert await desk.now(dispute.id) == dispute


@pytest.mark.parametrize("to_tier", [0, -1, 5, 21, 1.5, "2", True])
async def test_a_tier_that_the_matrix_does_not_have_is_refused(desk: Desk, to_tier: object) -> None:
    dispute = await desk.dispute(tier=1)
    reply = await desk.post(dispute, "escalate", {**WISH, "to_tier": to_tier}, await desk.key())
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "/to_tier"


async def test_a_wish_without_reason_is_refused(desk: Desk) -> None:
    dispute = await desk.dispute(tier=1)
    assert (await desk.post(dispute, "escalate", {}, await desk.key())).status_code == 422
