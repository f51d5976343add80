"""A migration is asked for with a reason, listed with how far it is, and carried out by the engine."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.escalation.migrator import Migrator
from services.intake.api import history, policies, policy_migrations
from shared.db.engine import Database
from tests.domain.matrices import CALENDARS, a_body
from tests.services.escalation.room import Room
from tests.services.intake.desk import Desk, a_desk

URL = "/v1/policies/escalation/migrations"
EDITOR = ("policies:write",)


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [policies.router, policy_migrations.router, history.router]) as opened:
        yield opened


async def ask(desk: Desk, headers: dict[str, str] | None = None, **body: Any) -> Any:
    given = {"to_version": 1, "reason": "The ombudsman wants it."} | body
    return await desk.client.post(URL, json=given, headers=headers or await desk.key(scopes=EDITOR))


async def test_asking_is_accepted_and_says_where_to_look(desk: Desk) -> None:
    editor = await desk.key(scopes=EDITOR)
    reply = await ask(desk, editor, filter={"tiers": [1, 2], "severities": ["high"], "jurisdictions": ["GB"]})
    assert reply.status_code == 202
    made = reply.json()
    assert (made["state"], made["to_version"], made["allow_later"]) == ("queued", 1, False)
    assert made["requested_by"] == f"principal:{desk.who(editor).id}"
    read = await desk.client.get(reply.headers["location"], headers=editor)
    assert read.json() == made
    assert made["filter"]["tiers"] == [1, 2]
    listed = (await desk.client.get(URL, headers=editor)).json()["items"]
    assert [each["id"] for each in listed] == [made["id"]]


async def test_the_engine_carries_it_out_and_the_history_names_it(desk: Desk, database: str) -> None:
    room = Room(database)
    tiers = a_body()["tiers"]
    await room.put_policy()
    (dispute_id,) = await room.taken_up()
    tiers[0]["deadline"] = "2 hours"
    await room.put_policy(tiers=tiers)
    made = (await ask(desk, to_version=3)).json()
    while await Migrator(room.database, room.matrices, CALENDARS, room.figures).round():
        pass
    await room.database.dispose()
    editor = await desk.key(scopes=(*EDITOR, "disputes:read"))
    done = (await desk.client.get(f"{URL}/{made['id']}", headers=editor)).json()
    assert (done["state"], done["counts"]["migrated"], done["counts"]["earlier"]) == ("done", 1, 1)
    told = (await desk.client.get(f"/v1/disputes/{dispute_id}/history", headers=editor)).json()["items"][-1]
    assert (told["type"], told["data"]["migration_id"]) == ("dispute.policy_migrated", made["id"])


async def test_asking_twice_with_one_key_asks_once(desk: Desk) -> None:
    editor = await desk.key(scopes=EDITOR) | {"idempotency-key": "once"}
    first, second = await ask(desk, editor), await ask(desk, editor)
    assert first.json()["id"] == second.json()["id"]
    assert len((await desk.client.get(URL, headers=editor)).json()["items"]) == 1


async def test_one_that_waits_can_be_stopped_and_only_once(desk: Desk) -> None:
    made = (await ask(desk)).json()
    editor = await desk.key(scopes=EDITOR)
    reply = await desk.client.post(f"{URL}/{made['id']}/cancel", headers=editor)
    assert (reply.status_code, reply.json()["state"]) == (200, "cancelled")
    again = await desk.client.post(f"{URL}/{made['id']}/cancel", headers=editor)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"to_version": 9}, 404),
        ({"to_version": 0}, 422),
        ({"reason": " "}, 422),
        ({"filter": {"tiers": []}}, 422),
        ({"filter": {"categories": ["cheese"]}}, 422),
        ({"filter": {"colour": ["red"]}}, 422),
        ({"allow_later": "yes"}, 422),
    ],
)
async def test_what_cannot_be_migrated_is_refused(desk: Desk, body: Any, status: int) -> None:
    assert (await ask(desk, **body)).status_code == status


async def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    editor = await desk.key(scopes=EDITOR)
    nowhere = "018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0f"
    for method, path in (
        ("GET", f"{URL}/{nowhere}"),
        ("POST", f"{URL}/{nowhere}/cancel"),
        ("GET", "/v1/policies/warranty/migrations"),
    ):
        assert (await desk.client.request(method, path, headers=editor)).status_code == 404


async def test_only_editors_migrate_and_the_house_may_look(desk: Desk) -> None:
    agent = await desk.key()
    assert (await ask(desk, agent)).status_code == 403
    assert (await desk.client.get(URL, headers=agent)).status_code == 200
    assert (await desk.client.get(URL)).status_code == 401
