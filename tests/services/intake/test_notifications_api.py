"""What was sent can be read: planned, sent, suppressed and given up, to whom, by which way, at which attempt."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from services.intake.api import notifications
from shared.db.engine import Database
from shared.db.tables import delivery, delivery_attempt
from shared.domain.dispute import Dispute
from shared.runtime.ids import new_id
from tests.services.intake.desk import Desk, a_desk


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [notifications.router]) as opened:
        yield opened


async def planned(desk: Desk, dispute: Dispute, **fields: Any) -> UUID:
    made = new_id()
    async with desk.db.transaction() as tx:
        row: dict[str, Any] = {
            "id": made,
            "dispute_id": dispute.id,
            "kind": "acknowledgement",
            "occasion": "once",
            "audience": "customer",
            "channel": "email",
            "recipient": "customer",
            "facts": {},
            "state": "pending",
            "due_at": tx.now,
            "created_at": tx.now,
        }
        await tx.conn.execute(insert(delivery).values(**(row | fields)))
    return made


async def test_each_notification_tells_its_whole_story(desk: Desk) -> None:
    dispute = await desk.dispute()
    sent = await planned(desk, dispute, attempts=2)
    async with desk.db.transaction() as tx:
        tries = [
            {
                "delivery_id": sent,
                "number": 1,
                "began_at": tx.now,
                "ended_at": tx.now,
                "outcome": "deferred",
                "detail": "421",
            },
            {"delivery_id": sent, "number": 2, "began_at": tx.now, "ended_at": None, "outcome": None, "detail": None},
        ]
        await tx.conn.execute(insert(delivery_attempt), tries)
    await planned(
        desk, dispute, kind="update", state="suppressed", reason="overtaken", due_at=None, occasion="2026-05-04"
    )
    await planned(desk, dispute, kind="escalated", audience="tier", recipient="Team lead", state="dead", due_at=None)
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/notifications", headers=await desk.key())
    first, second, third = reply.json()["items"]
    assert (first["kind"], first["state"], first["recipient"]) == ("acknowledgement", "pending", "customer")
    assert [(each["number"], each["outcome"], each["detail"]) for each in first["attempts"]] == [
        (1, "deferred", "421"),
        (2, None, None),
    ]
    assert (second["state"], second["reason"], second["due_at"]) == ("suppressed", "overtaken", None)
    assert (third["audience"], third["recipient"], third["state"]) == ("tier", "Team lead", "dead")


async def test_notifications_are_read_a_page_at_a_time_and_only_of_their_dispute(desk: Desk) -> None:
    agent = await desk.key()
    dispute, other = await desk.dispute(), await desk.dispute()
    await planned(desk, other)
    made = [str(await planned(desk, dispute, occasion=str(n))) for n in range(3)]
    url, read = f"/v1/disputes/{dispute.id}/notifications?limit=2", []
    while url:
        page = await desk.client.get(url, headers=agent)
        read += [item["id"] for item in page.json()["items"]]
        url = page.links.get("next", {}).get("url", "")
    assert read == made


async def test_an_own_only_key_sees_what_its_customer_was_sent(desk: Desk) -> None:
    own = await desk.key("integration", scopes=("disputes:read", "disputes:own"))
    dispute = await desk.dispute(filed_by=desk.who(own).id)
    mine = await planned(desk, dispute)
    await planned(desk, dispute, kind="escalated", audience="tier", recipient="Team lead")
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/notifications", headers=own)
    assert [item["id"] for item in reply.json()["items"]] == [str(mine)]
    other = await desk.dispute(filed_by=uuid4())
    assert (await desk.client.get(f"/v1/disputes/{other.id}/notifications", headers=own)).status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=abc"])
async def test_a_page_that_cannot_be_is_refused(desk: Desk, query: str) -> None:
    dispute = await desk.dispute()
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/notifications?{query}", headers=await desk.key())
    assert reply.status_code in {400, 422}
    assert reply.headers["content-type"] == "application/problem+json"


async def test_notifications_need_the_right_to_read(desk: Desk) -> None:
    dispute = await desk.dispute()
    url = f"/v1/disputes/{dispute.id}/notifications"
    assert (await desk.client.get(url)).status_code == 401
    assert (await desk.client.get(url, headers=await desk.key(scopes=("disputes:write",)))).status_code == 403
    assert (await desk.client.get(url, headers=await desk.key())).json()["items"] == []
