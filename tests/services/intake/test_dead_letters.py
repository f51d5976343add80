"""Dead letters are seen by operators, and tried again or given up by administrators."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from services.intake.api import dead_letters
from shared.db import parked
from shared.db.engine import Database
from shared.db.parked import Arrived, Failure
from tests.services.intake.desk import Desk, a_desk

URL = "/v1/dead-letters"


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [dead_letters.router]) as opened:
        yield opened


async def dead(desk: Desk, consumer: str = "notify", body: bytes = b"{}", **fields: Any) -> UUID:
    message_id = uuid4()
    async with desk.db.transaction() as tx:
        given: dict[str, Any] = {"reason": "ValueError", "attempts": 8, "due_at": None}
        await parked.park(tx, Arrived(consumer, message_id, "dispute.filed", body), Failure(**(given | fields)))
    return message_id


async def test_a_dead_letter_tells_what_it_is_about_and_why_it_died(desk: Desk) -> None:
    about = uuid4()
    message_id = await dead(desk, body=orjson.dumps({"subject": str(about), "data": {"reference": "D-1"}}))
    reply = await desk.client.get(URL, headers=await desk.key(scopes=("ops:read",)))
    (item,) = reply.json()["items"]
    assert (item["message_id"], item["subject"], item["consumer"]) == (str(message_id), str(about), "notify")
    assert (item["reason"], item["attempts"], item["state"]) == ("ValueError", 8, "dead")
    assert "D-1" not in reply.text


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[1]", b'{"subject": 5}', b"not json"])
async def test_a_message_that_cannot_be_read_is_listed_all_the_same(desk: Desk, body: bytes) -> None:
    await dead(desk, body=body)
    (item,) = (await desk.client.get(URL, headers=await desk.key(scopes=("ops:read",)))).json()["items"]
    assert item["subject"] is None


async def test_the_list_is_by_consumer_and_state_a_page_at_a_time(desk: Desk) -> None:
    operator = await desk.key(scopes=("ops:read",))
    made = [str(await dead(desk)) for _ in range(3)]
    await dead(desk, "escalation")
    async with desk.db.transaction() as tx:
        due = tx.now + timedelta(minutes=5)
    waiting = await dead(desk, due_at=due)
    url, read = f"{URL}?consumer=notify&limit=2", []
    while url:
        page = await desk.client.get(url, headers=operator)
        read += [item["message_id"] for item in page.json()["items"]]
        url = page.links.get("next", {}).get("url", "")
    assert read == made[::-1]
    (item,) = (await desk.client.get(f"{URL}?state=retry", headers=operator)).json()["items"]
    assert item["message_id"] == str(waiting)


async def test_a_replayed_letter_is_due_now_with_all_its_attempts_before_it(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    message_id = await dead(desk)
    reply = await desk.client.post(f"{URL}/notify/{message_id}/replay", headers=admin)
    assert reply.status_code == 202
    async with desk.db.transaction() as tx:
        assert await parked.due(tx, "notify", 10) == [message_id]
    again = await desk.client.post(f"{URL}/notify/{message_id}/replay", headers=admin)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_all_letters_of_a_consumer_are_tried_again_at_once(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    mine = {await dead(desk) for _ in range(3)}
    elsewhere = await desk.client.post(f"{URL}/replay?consumer=escalation", headers=admin)
    assert (elsewhere.status_code, elsewhere.json()["replayed"]) == (202, 0)
    reply = await desk.client.post(f"{URL}/replay?consumer=notify", headers=admin)
    assert (reply.status_code, reply.json()) == (202, {"replayed": 3, "limit": parked.REPLAY_MAX})
    async with desk.db.transaction() as tx:
        assert set(await parked.due(tx, "notify", 10)) == mine
    reader = await desk.key(scopes=("ops:read",))
    assert (await desk.client.post(f"{URL}/replay", headers=reader)).status_code == 403


async def test_a_replay_repeated_with_its_key_gets_the_same_answer(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",)) | {"idempotency-key": "d1"}
    message_id = await dead(desk)
    replies = [await desk.client.post(f"{URL}/notify/{message_id}/replay", headers=admin) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [202, 202]


async def test_a_discarded_letter_is_gone(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    message_id = await dead(desk)
    url = f"{URL}/notify/{message_id}/discard"
    assert (await desk.client.post(url, json={}, headers=admin)).status_code == 422
    assert (await desk.client.post(url, json={"reason": "Handled by hand."}, headers=admin)).status_code == 204
    assert (await desk.client.get(URL, headers=admin)).json()["items"] == []
    assert (await desk.client.post(url, json={"reason": "x"}, headers=admin)).status_code == 404


async def test_what_will_be_tried_again_by_itself_is_neither_replayed_nor_discarded(desk: Desk) -> None:
    admin = await desk.key(scopes=("admin",))
    async with desk.db.transaction() as tx:
        due = tx.now
    message_id = await dead(desk, due_at=due)
    for verb, body in (("replay", None), ("discard", {"reason": "x"})):
        reply = await desk.client.post(f"{URL}/notify/{message_id}/{verb}", json=body, headers=admin)
        assert reply.status_code == 404


async def test_operators_look_and_administrators_act(desk: Desk) -> None:
    message_id = await dead(desk)
    operator, agent = await desk.key(scopes=("ops:read",)), await desk.key()
    assert (await desk.client.get(URL)).status_code == 401
    assert (await desk.client.get(URL, headers=agent)).json()["scope"] == "ops:read"
    for verb, body in (("replay", None), ("discard", {"reason": "x"})):
        denied = await desk.client.post(f"{URL}/notify/{message_id}/{verb}", json=body, headers=operator)
        assert (denied.status_code, denied.json()["scope"]) == (403, "admin")


@pytest.mark.parametrize(
    "path", [f"/%00/{UUID(int=7)}/replay", f"/{'x' * 51}/{UUID(int=7)}/replay", "/notify/x/replay"]
)
async def test_a_letter_that_cannot_be_named_is_refused(desk: Desk, path: str) -> None:
    reply = await desk.client.post(URL + path, headers=await desk.key(scopes=("admin",)))
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_value")


@pytest.mark.parametrize("query", ["state=lost", "limit=0", "limit=101", "cursor=x", "consumer=%00"])
async def test_a_list_that_cannot_be_is_refused(desk: Desk, query: str) -> None:
    reply = await desk.client.get(f"{URL}?{query}", headers=await desk.key(scopes=("ops:read",)))
    assert reply.status_code in {400, 422}
