"""The regimes are read with their sources, chosen by a policy of their own, and a dispute's are told with reasons."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.intake.api import policies, policy_trials, regimes
from shared.db.engine import Database
from shared.db.regimes import RegimeBooks
from shared.domain.errors import NotFound
from shared.policy.regime_policy import default_body
from shared.policy.regimes import shipped
from tests.services.intake.desk import Desk, a_desk

URL = "/v1/policies/regimes"
EDITOR = ("policies:write",)
BANK = {
    "default_jurisdiction": "GB",
    "default_product_line": "payment_service",
    "enabled": ["uk.fca.disp.payments"],
    "overrides": [
        {
            "regime": "uk.fca.disp.payments",
            "milestone": "final_response",
            "term": "10 business days",
            "reason": "our own promise",
        }
    ],
}


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    rooms = [policies.router, policy_trials.router, regimes.router, regimes.of_a_dispute]
    async with a_desk(db, rooms) as opened:
        yield opened


async def put(desk: Desk, body: Any, if_match: str = '"1"') -> Any:
    headers = await desk.key(scopes=EDITOR) | {"if-match": if_match}
    return await desk.client.put(URL, json={"policy": body, "reason": "we are a bank"}, headers=headers)


async def test_every_pack_is_listed_with_its_source_and_why_it_is_off(desk: Desk) -> None:
    reply = await desk.client.get("/v1/regimes", headers=await desk.key())
    assert reply.status_code == 200
    told = reply.json()
    assert [each["id"] for each in told["items"]] == [regime.id for regime in shipped()]
    assert all(each["source"] and each["as_of"] for each in told["items"])
    assert (told["policy_version"], told["default_product_line"]) == (1, None)
    assert told["notice"].startswith("Not legal advice")
    off = await desk.client.get("/v1/regimes?enabled=false", headers=await desk.key())
    [unconfirmed] = off.json()["items"]
    assert unconfirmed["id"] == "us.magnuson_moss.703"
    assert unconfirmed["note"].startswith("Not confirmed")


async def test_a_pack_is_read_with_every_milestone(desk: Desk) -> None:
    reply = await desk.client.get("/v1/regimes/eu.psd2.art101", headers=await desk.key())
    assert reply.status_code == 200
    [milestone] = reply.json()["milestones"]
    assert milestone["term"] == "15 business days"
    assert milestone["clock"] == "regime:eu.psd2.art101/reply"
    assert (milestone["starts_on"], milestone["met_by"]) == ("received", ["resolved", "final_response_sent"])
    assert milestone["extension"]["max_total"] == "35 business days"
    assert milestone["source"].startswith("S4 ")


async def test_every_pack_can_be_read(desk: Desk) -> None:
    reader = await desk.key()
    for regime in shipped():
        reply = await desk.client.get(f"/v1/regimes/{regime.id}", headers=reader)
        assert reply.status_code == 200
        assert len(reply.json()["milestones"]) == len(regime.milestones)


async def test_a_pack_that_is_not_there_is_not_found(desk: Desk) -> None:
    reply = await desk.client.get("/v1/regimes/atlantis", headers=await desk.key())
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


async def test_regimes_are_read_by_whoever_reads_policies_and_by_nobody_else(desk: Desk) -> None:
    for scope in ("cases:work", "policies:write", "ops:read"):
        assert (await desk.client.get("/v1/regimes", headers=await desk.key(scopes=(scope,)))).status_code == 200
    reply = await desk.client.get("/v1/regimes", headers=await desk.key(scopes=("disputes:read",)))
    assert reply.status_code == 403
    assert (await desk.client.get("/v1/regimes")).status_code == 401


async def test_as_shipped_a_dispute_is_under_no_regime_and_is_told_why(desk: Desk) -> None:
    dispute = await desk.dispute(jurisdiction="GB", product="Coffee mug")
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/regimes", headers=await desk.key())
    assert reply.status_code == 200
    told = reply.json()
    assert told["owed"] == []
    assert {each["regime"]: each["because"] for each in told["verdicts"]}["uk.fca.disp.std"] == (
        "not for product line unknown"
    )


async def test_the_policy_of_regimes_ships_as_version_one_and_names_no_product_line(desk: Desk) -> None:
    reply = await desk.client.get(URL, headers=await desk.key())
    assert (reply.status_code, reply.headers["etag"]) == (200, '"1"')
    assert reply.json()["policy"] == default_body()


async def test_a_business_that_names_its_product_line_is_under_its_regimes_at_once(desk: Desk) -> None:
    assert (await put(desk, BANK)).status_code == 200
    dispute = await desk.dispute(jurisdiction=None)
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/regimes", headers=await desk.key())
    [owed] = reply.json()["owed"]
    assert owed["clock"] == "regime:uk.fca.disp.payments/final_response"
    assert (owed["starts_on"], owed["term"], owed["nature"]) == ("received", "10 business days", "duty")
    assert owed["must_send"] == ["final response"]
    assert owed["source"].startswith("S3 FCA Handbook")
    shown = await desk.client.get("/v1/regimes/uk.fca.disp.payments", headers=await desk.key())
    assert shown.json()["changes"] == ["final_response: term 10 business days; our own promise"]
    assert shown.json()["policy_version"] == 2


async def test_a_dispute_says_its_own_product_line(desk: Desk) -> None:
    dispute = await desk.dispute(jurisdiction="GB", metadata={"product_line": "housing"})
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/regimes", headers=await desk.key())
    assert [each["regime"] for each in reply.json()["verdicts"] if each["chosen"]] == ["uk.housing"]
    assert [each["milestone"] for each in reply.json()["owed"]] == [
        "stage_1_acknowledgement",
        "stage_1_reply",
        "stage_2_acknowledgement",
        "stage_2_reply",
    ]


async def test_another_partys_dispute_has_no_regimes_to_show(desk: Desk) -> None:
    dispute = await desk.dispute(jurisdiction="GB")
    reply = await desk.client.get(
        f"/v1/disputes/{dispute.id}/regimes",
        headers=await desk.key("integration", scopes=("disputes:read", "disputes:own")),
    )
    assert reply.status_code == 404


async def test_a_policy_of_regimes_that_does_not_hold_is_refused_with_its_place(desk: Desk) -> None:
    reply = await put(desk, {"default_product_line": "spaceships"})
    assert (reply.status_code, reply.json()["code"]) == (422, "policy_fault")
    assert "default_product_line" in reply.text


async def test_the_policy_of_regimes_is_rolled_back_like_any_other(desk: Desk) -> None:
    await put(desk, BANK)
    headers = await desk.key(scopes=EDITOR) | {"if-match": '"2"'}
    reply = await desk.client.put(URL, json={"rollback_to": 1, "reason": "not a bank"}, headers=headers)
    assert (reply.status_code, reply.json()["version"], reply.json()["policy"]) == (200, 3, default_body())


async def test_the_policy_of_regimes_has_a_schema_and_no_dry_run(desk: Desk) -> None:
    editor = await desk.key(scopes=EDITOR)
    schema = (await desk.client.get(f"{URL}/schema", headers=editor)).json()
    assert "overrides" in schema["properties"]
    tried = await desk.client.post(f"{URL}/dry-run", json={"policy": dict(default_body())}, headers=editor)
    assert tried.status_code == 404


async def test_a_book_is_read_by_version_and_before_the_first_is_what_is_shipped(db: Database) -> None:
    books = RegimeBooks()
    async with db.transaction() as tx:
        assert (await books.current(tx)).version == 0
        with pytest.raises(NotFound):
            await books.version(tx, 7)
