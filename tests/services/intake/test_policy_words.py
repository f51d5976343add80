"""Conditions in words come by API: a fault has its pointer, and severity is judged by them from the first moment."""

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.db import policies
from shared.db.engine import Database
from shared.policy.matrix import default_body
from tests.services.intake.counter import Counter, a_counter

URL = "/v1/policies/escalation"
RULE = {"name": "priority", "severity": "critical", "because": "the contract says so"}


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with db.transaction() as tx:
        await policies.ensure_default(tx)
    async with a_counter(db) as opened:
        yield opened


async def put_rule(counter: Counter, when: str) -> Any:
    body: dict[str, Any] = copy.deepcopy(dict(default_body()))
    body["severity"]["rules"].append(RULE | {"when": when})
    return await counter.client.put(URL, json={"policy": body, "reason": "x"}, headers={"if-match": '"1"'})


async def test_a_fault_in_words_is_refused_with_the_pointer_of_the_condition_and_the_place_in_it(
    counter: Counter,
) -> None:
    reply = await put_rule(counter, 'jurisdiction == "GB" and chanel == "letter"')
    problem = reply.json()
    assert (reply.status_code, problem["code"]) == (422, "policy_fault")
    assert problem["pointer"] == "/severity/rules/7/when"
    assert "at character 26: there is no fact 'chanel'; did you mean 'channel'?" in problem["detail"]


async def test_severity_is_judged_by_words_when_a_dispute_is_filed(counter: Counter) -> None:
    when = 'metadata.contract == "priority" and channel == "letter" and jurisdiction == "GB" and contact_count == 1'
    assert (await put_rule(counter, when)).status_code == 200

    async def severity(**more: Any) -> str:
        return str((await counter.file(**({"channel": "letter"} | more))).json()["severity"])

    assert await severity(metadata={"contract": "priority"}) == "critical"
    assert await severity(metadata={"contract": "basic"}) == "normal"
    assert await severity(metadata={"contract": "priority"}, channel="chat") == "normal"
