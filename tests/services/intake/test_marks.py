"""Facts that a dispute does not carry itself are reported once, with their instant, and are in its history."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.intake.api import marks
from shared.db.engine import Database
from shared.messages.events import MilestoneMarked
from tests.services.intake.desk import Desk, a_desk

CREDIT = {"name": "provisional_credit_given", "at": "2026-05-04T12:00:00+02:00", "note": "as agreed"}


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [marks.router]) as opened:
        yield opened


async def test_a_fact_is_kept_with_its_instant_and_told_without_the_note(desk: Desk) -> None:
    dispute = await desk.dispute()
    key = await desk.key()
    assert (await desk.post(dispute, "marks", CREDIT, key)).status_code == 200
    assert await desk.told(dispute.id) == [MilestoneMarked(name="provisional_credit_given", at="2026-05-04T10:00:00Z")]
    (kept,) = (await desk.client.get(f"/v1/disputes/{dispute.id}/marks", headers=key)).json()["items"]
    assert (kept["name"], kept["at"], kept["note"]) == (CREDIT["name"], "2026-05-04T10:00:00Z", "as agreed")
    assert kept["actor"] == f"principal:{desk.who(key).id}"


async def test_reported_twice_it_is_there_once_and_another_instant_is_another_fact(desk: Desk) -> None:
    dispute = await desk.dispute()
    for at in (CREDIT["at"], CREDIT["at"], "2026-05-05T12:00:00Z"):
        await desk.post(dispute, "marks", CREDIT | {"at": at}, await desk.key())
    assert len(await desk.told(dispute.id)) == 2


async def test_without_an_instant_it_is_so_now(desk: Desk) -> None:
    dispute = await desk.dispute()
    await desk.post(dispute, "marks", {"name": "finding_made"}, await desk.key())
    assert (await desk.told(dispute.id))[0].name == "finding_made"


async def test_what_is_not_so_yet_is_not_reported(desk: Desk, db: Database) -> None:
    dispute = await desk.dispute()
    async with db.transaction() as tx:
        later = (tx.now + timedelta(hours=1)).isoformat()
    reply = await desk.post(dispute, "marks", CREDIT | {"at": later}, await desk.key())
    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/at")
    assert await desk.told(dispute.id) == []


@pytest.mark.parametrize("name", ["received", "resolved", "nonsense", ""])
async def test_what_the_dispute_knows_itself_is_not_reported(desk: Desk, name: str) -> None:
    dispute = await desk.dispute()
    assert (await desk.post(dispute, "marks", {"name": name}, await desk.key())).status_code == 422
