"""The matrix is read, replaced and rolled back in versions, and a fault in it is named by its place."""

import asyncio
import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.intake.api import conclusions, policies
from shared.db.engine import Database
from shared.policy.matrix import default_body
from tests.services.intake.desk import Desk, a_desk

URL = "/v1/policies/escalation"
EDITOR = ("policies:write",)


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [policies.router, conclusions.router]) as opened:
        yield opened


def a_matrix(limit: str = "150") -> dict[str, Any]:
    body = copy.deepcopy(dict(default_body()))
    body["tiers"][0]["authority"]["amount"] = limit
    return body


async def put(desk: Desk, body: Any, headers: dict[str, str], if_match: str | None = '"1"') -> Any:
    return await desk.client.put(URL, json=body, headers=headers | ({"if-match": if_match} if if_match else {}))


async def test_the_policy_the_product_ships_with_is_version_one(desk: Desk) -> None:
    reply = await desk.client.get(URL, headers=await desk.key())
    assert (reply.status_code, reply.headers["etag"]) == (200, '"1"')
    assert reply.json()["policy"] == default_body()


async def test_a_new_version_is_stored_with_who_and_why_and_the_old_one_stays(desk: Desk) -> None:
    editor = await desk.key(scopes=EDITOR)
    reply = await put(desk, {"policy": a_matrix("200"), "reason": "Front line may do more."}, editor)
    assert (reply.status_code, reply.headers["etag"]) == (200, '"2"')
    assert reply.json()["policy"]["tiers"][0]["authority"]["amount"] == "200"
    listed = (await desk.client.get(f"{URL}/versions", headers=editor)).json()["items"]
    assert [(each["version"], each["reason"]) for each in listed] == [
        (2, "Front line may do more."),
        (1, "shipped with the product"),
    ]
    assert listed[0]["author"] == f"principal:{desk.who(editor).id}"
    first = await desk.client.get(f"{URL}?version=1", headers=editor)
    assert first.json()["policy"] == default_body()


async def test_a_new_limit_counts_at_once(desk: Desk) -> None:
    agent = await desk.key(tier=1)
    body = {
        "outcome": "upheld",
        "remedy": "refund",
        "amount": {"value": "180.00", "currency": "EUR"},
        "explanation": "x",
    }
    dispute = await desk.dispute(tier=1)
    assert (await desk.post(dispute, "resolve", body, agent)).status_code == 403
    await put(desk, {"policy": a_matrix("200"), "reason": "x"}, await desk.key(scopes=EDITOR))
    assert (await desk.post(dispute, "resolve", body, agent)).status_code == 200


async def test_rolling_back_makes_a_new_version_of_the_old_text(desk: Desk) -> None:
    editor = await desk.key(scopes=EDITOR)
    await put(desk, {"policy": a_matrix("200"), "reason": "x"}, editor)
    reply = await put(desk, {"rollback_to": 1, "reason": "Too much."}, editor, '"2"')
    assert (reply.status_code, reply.json()["version"]) == (200, 3)
    assert reply.json()["policy"] == default_body()
    gone = await put(desk, {"rollback_to": 9, "reason": "x"}, editor, '"3"')
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [(None, 428, "precondition_required"), ('"7"', 412, "stale_version"), ("x", 400, "malformed_request")],
)
async def test_a_version_that_was_not_read_is_not_replaced(
    desk: Desk, if_match: str | None, status: int, code: str
) -> None:
    reply = await put(desk, {"policy": a_matrix(), "reason": "x"}, await desk.key(scopes=EDITOR), if_match)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert "dispute" not in reply.json()["detail"]


async def test_of_two_editors_at_once_one_wins_and_the_other_is_told(desk: Desk) -> None:
    editor = await desk.key(scopes=EDITOR)
    replies = await asyncio.gather(*(put(desk, {"policy": a_matrix(str(n)), "reason": "x"}, editor) for n in (1, 2)))
    assert sorted(reply.status_code for reply in replies) == [200, 412]


def _broken(change: Any) -> dict[str, Any]:
    body = a_matrix()
    change(body)
    return body


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "base_currency"),
        (_broken(lambda m: m["tiers"].clear()), "tiers"),
        (_broken(lambda m: m["tiers"][1].update(deadline="soon")), "tiers.1.deadline"),
        (_broken(lambda m: m["tiers"][1].update(calendar="moon")), "tiers.1.calendar"),
        (_broken(lambda m: m["thresholds"][0].update(to_tier=19)), "thresholds.0.to_tier"),
        (_broken(lambda m: m.update(colour="red")), "colour"),
        (_broken(lambda m: m["tiers"][0]["authority"].update(amount=1.5)), "tiers.0.authority.amount"),
    ],
)
async def test_a_policy_that_does_not_hold_is_refused_with_the_place(desk: Desk, body: Any, place: str) -> None:
    editor = await desk.key(scopes=EDITOR)
    reply = await put(desk, {"policy": body, "reason": "x"}, editor)
    assert (reply.status_code, reply.json()["code"]) == (422, "policy_fault"), reply.text
    assert reply.json()["place"].startswith(place)
    assert (await desk.client.get(URL, headers=editor)).headers["etag"] == '"1"'


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "x"},
        {"policy": {}, "rollback_to": 1, "reason": "x"},
        {"policy": {}},
        {"rollback_to": 0, "reason": "x"},
        {"rollback_to": "1", "reason": "x"},
    ],
)
async def test_a_wish_that_names_no_policy_is_refused(desk: Desk, body: Any) -> None:
    reply = await put(desk, body, await desk.key(scopes=EDITOR))
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_value")


async def test_the_schema_describes_the_body(desk: Desk) -> None:
    reply = await desk.client.get(f"{URL}/schema", headers=await desk.key())
    assert {"base_currency", "tiers", "clocks"} <= set(reply.json()["properties"])


@pytest.mark.parametrize("tail", ["", "/versions", "/schema", "?version=2"])
async def test_a_policy_or_version_that_does_not_exist_is_not_found(desk: Desk, tail: str) -> None:
    agent = await desk.key()
    name = "escalation" if tail.startswith("?") else "warranty"
    reply = await desk.client.get(f"/v1/policies/{name}{tail}", headers=agent)
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


async def test_another_policy_cannot_be_put(desk: Desk) -> None:
    headers = await desk.key(scopes=EDITOR) | {"if-match": '"0"'}
    reply = await desk.client.put("/v1/policies/warranty", json={"policy": {}, "reason": "x"}, headers=headers)
    assert reply.status_code == 404


async def test_policies_are_changed_by_editors_and_read_by_the_house(desk: Desk) -> None:
    frontend = await desk.key("integration", scopes=("disputes:read", "disputes:write"))
    assert (await desk.client.get(URL, headers=frontend)).status_code == 403
    assert (await desk.client.get(URL)).status_code == 401
    for scopes in (("cases:work",), ("ops:read",), EDITOR, ("admin",)):
        assert (await desk.client.get(URL, headers=await desk.key(scopes=scopes))).status_code == 200
    denied = await put(desk, {"policy": a_matrix(), "reason": "x"}, await desk.key())
    assert (denied.status_code, denied.json()["scope"]) == (403, "policies:write")
