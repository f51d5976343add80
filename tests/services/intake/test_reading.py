"""Read one dispute, correct its facts, read its history."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.db import disputes, history, policies
from shared.db.disputes import Change
from shared.db.engine import Database
from shared.domain.frozen import altered
from shared.messages.events import CustomerNotified
from tests.services.intake.counter import Counter, a_counter


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with db.transaction() as tx:
        await policies.ensure_default(tx)
    async with a_counter(db) as opened:
        yield opened


async def correct(counter: Counter, path: str, version: int = 1, **fields: Any) -> Any:
    return await counter.client.patch(path, json=fields, headers={"if-match": f'"{version}"'})


async def test_a_dispute_that_is_still_the_same_is_not_sent_again(counter: Counter) -> None:
    path = (await counter.file()).headers["location"]
    whole = await counter.client.get(path)
    assert whole.headers["etag"] == '"1.1"'
    for tags in ('"1.1"', 'W/"1.1"', '"0.1", "1.1"', "*"):
        unchanged = await counter.client.get(path, headers={"if-none-match": tags})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (await counter.client.get(path, headers={"if-none-match": '"2.1"'})).status_code == 200


async def test_a_letter_to_the_customer_is_seen_by_who_polls_and_spoils_no_decision(counter: Counter) -> None:
    filed = await counter.file()
    path = filed.headers["location"]
    before = await counter.client.get(path)
    await acknowledged(counter, UUID(filed.json()["id"]))
    tag = before.headers["etag"]
    after = await counter.client.get(path, headers={"if-none-match": tag})
    assert after.status_code == 200
    assert after.json()["acknowledged_at"] is not None
    assert after.json()["version"] == before.json()["version"]
    corrected = await counter.client.patch(path, json={"language": "fr"}, headers={"if-match": tag})
    assert (corrected.status_code, corrected.headers["etag"]) == (200, '"2.3"')
    assert (await counter.client.get(path, headers={"if-none-match": '"2.3"'})).status_code == 304
    stale = await counter.client.patch(path, json={"language": "de"}, headers={"if-match": after.headers["etag"]})
    assert stale.status_code == 412


async def test_the_tag_of_a_filing_serves_for_the_first_correction(counter: Counter) -> None:
    filed = await counter.file()
    path, tag = filed.headers["location"], filed.headers["etag"]
    corrected = await counter.client.patch(path, json={"language": "fr"}, headers={"if-match": tag})
    assert corrected.status_code == 200


@pytest.mark.parametrize("tag", ["three", '"1."', '".1"', '"1.1.1"', '"1.x"', '"-1"', '"1', '"\u0661"', '"9999999999"'])
async def test_what_is_no_tag_of_ours_is_malformed(counter: Counter, tag: str) -> None:
    path = (await counter.file()).headers["location"]
    headers = {b"if-match": tag.encode()}
    reply = await counter.client.patch(path, json={"language": "de"}, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (400, "malformed_request")


async def acknowledged(counter: Counter, dispute_id: UUID) -> None:
    """What notify records once the acknowledgement is sent: an event, and no new version."""
    async with counter.db.transaction() as tx:
        before = await disputes.lock(tx, dispute_id)
        told = CustomerNotified(
            kind="acknowledgement", channel="email", outcome="sent", delivery_id=str(uuid4()), occasion="1"
        )
        after = altered(before, acknowledged_at=tx.now, informed_at=tx.now)
        await disputes.save(tx, Change(before, after, (told,), "service:notify"))


async def test_what_does_not_exist_is_not_found_and_no_id_is_a_fault(counter: Counter) -> None:
    assert (await counter.client.get(f"/v1/disputes/{uuid4()}")).status_code == 404
    assert (await counter.client.get("/v1/disputes/D-2026-000001")).status_code == 422


async def test_a_corrected_category_is_kept_as_training_data_with_who_corrected_it(counter: Counter) -> None:
    filed = (await counter.file()).json()
    agent = await counter.key("disputes:read", "disputes:write", role="agent")
    path = filed["links"]["self"]
    reply = await counter.client.patch(
        path, json={"category": "warranty", "reason": "misread"}, headers=agent | {"if-match": '"1"'}
    )
    assert reply.status_code == 200
    assert reply.headers["etag"] == '"2.2"'
    told = reply.json()
    assert told["category"] | {"reasons": [], "secondary": []} == {
        "name": "warranty",
        "issue": None,
        "confidence": 1.0,
        "needs_person": False,
        "language": "en",
        "reasons": [],
        "secondary": [],
    }
    async with counter.db.transaction() as tx:
        _, entry = await history.entries(tx, filed["id"])
        who = await tx.raw.fetchval("select id from principal where name like 'agent %'")
    assert entry.envelope.event.type == "dispute.corrected"
    assert entry.envelope.actor == f"principal:{who}"
    assert entry.as_dict()["data"]["changes"]["category"] == ["billing_error", "warranty"]


async def test_an_issue_is_named_within_its_category_and_goes_with_it(counter: Counter) -> None:
    reply = await counter.file()
    path = reply.headers["location"]

    async def said(**fields: str) -> Any:
        whole = await counter.client.get(path)
        return await counter.client.patch(path, json=fields, headers={"if-match": whole.headers["etag"]})

    told = (await said(category="warranty", issue="return_refused")).json()["category"]
    assert (told["name"], told["issue"]) == ("warranty", "return_refused")
    told = (await said(issue="repair_delayed")).json()["category"]
    assert (told["name"], told["issue"]) == ("warranty", "repair_delayed")
    told = (await said(category="billing_error")).json()["category"]
    assert told["issue"] is None
    refused = await said(issue="return_refused")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/issue")


async def test_a_category_that_this_desk_does_not_use_is_refused(counter: Counter) -> None:
    path = (await counter.file()).headers["location"]
    refused = await correct(counter, path, category="debt_collection")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/category")


async def test_the_taxonomy_in_use_is_read_with_its_codes(counter: Counter) -> None:
    told = (await counter.client.get("/v1/taxonomy")).json()
    issues = {issue["name"]: issue for issue in told["categories"][0]["issues"]}
    assert issues["charged_twice"]["codes"]["visa"] == ["12.6"]


async def test_many_facts_are_corrected_at_once(counter: Counter) -> None:
    path = (await counter.file()).headers["location"]
    body: dict[str, Any] = {
        "severity": "low",
        "customer_class": "business",
        "amount": {"value": "1200", "currency": "JPY"},
        "order_reference": "SO-9",
        "product": "toaster",
        "purchased_on": "2026-01-02",
        "remedy_sought": "repair",
        "language": "de",
        "jurisdiction": None,
        "time_zone": "Europe/Berlin",
        "metadata": {"ticket": "9"},
        "needs_person": True,
    }
    told = (await correct(counter, path, **body)).json()
    assert told["customer"]["customer_class"] == "business"
    assert told["customer"]["language"] == "de"
    assert told["customer"]["jurisdiction"] is None
    assert told["customer"]["time_zone"] == "Europe/Berlin"
    assert told["category"]["needs_person"] is True
    for name in ("severity", "amount", "order_reference", "product", "purchased_on", "remedy_sought", "metadata"):
        assert told[name] == body[name]
    assert told["version"] == 2
    assert (await counter.client.get(path)).json() == told


async def test_the_history_tells_codes_but_not_what_was_written(counter: Counter) -> None:
    filed = (await counter.file(order_reference="SO-7")).json()
    await correct(counter, filed["links"]["self"], order_reference="for Mrs Jones", language="fr")
    entry = (await counter.client.get(filed["links"]["history"])).json()["items"][1]
    changes = entry["data"]["changes"]
    assert changes["language"] == ["en", "fr"]
    assert all(each.startswith("sha256:") for each in changes["order_reference"])
    assert "Jones" not in str(entry)


async def test_a_correction_that_changes_nothing_leaves_nothing(counter: Counter) -> None:
    filed = (await counter.file()).json()
    same = await correct(counter, filed["links"]["self"], language="en", amount={"value": "49.90", "currency": "EUR"})
    assert same.status_code == 200
    assert same.headers["etag"] == '"1.1"'
    assert await counter.count("event") == 1


async def test_a_decision_on_an_old_version_is_refused(counter: Counter) -> None:
    path = (await counter.file()).headers["location"]
    assert (await correct(counter, path, language="fr")).status_code == 200
    stale = await correct(counter, path, language="de")
    assert stale.status_code == 412
    assert stale.json()["present"] == 2
    assert (await counter.client.patch(path, json={"language": "de"})).status_code == 428


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, ""),
        ({"reason": "misread"}, ""),
        ({"category": None}, ""),
        ({"category": "weather"}, "/category"),
        ({"status": "closed"}, "/status"),
        ({"tier": 3}, "/tier"),
        ({"amount": {"value": "-1", "currency": "EUR"}}, "/amount/value"),
        ({"purchased_on": "2199-01-01"}, "/purchased_on"),
        ({"needs_person": "yes"}, "/needs_person"),
        ({"reason": "because I say so", "language": "de"}, "/reason"),
    ],
)
async def test_a_correction_that_breaks_a_rule_names_the_field(
    counter: Counter, fields: dict[str, Any], pointer: str
) -> None:
    path = (await counter.file()).headers["location"]
    reply = await correct(counter, path, **fields)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == pointer
    assert await counter.count("event") == 1


async def test_a_correction_that_presses_harder_raises_the_severity_and_none_lowers_it(counter: Counter) -> None:
    filed = (await counter.file(amount={"value": "5.00", "currency": "EUR"})).json()
    path = filed["links"]["self"]
    assert (await correct(counter, path, severity="low")).json()["severity"] == "low"
    raised = (await correct(counter, path, 2, amount={"value": "900000.00", "currency": "EUR"})).json()
    assert raised["severity"] in {"normal", "high", "critical"}
    back = (await correct(counter, path, 3, amount={"value": "5.00", "currency": "EUR"})).json()
    assert back["severity"] == raised["severity"]


async def test_the_history_comes_a_page_at_a_time(counter: Counter) -> None:
    filed = (await counter.file()).json()
    for version, language in enumerate(("fr", "de", "it", "es"), 1):
        await correct(counter, filed["links"]["self"], version, language=language)
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = (await counter.client.get(f"{filed['links']['history']}?limit=2&after={after}")).json()
        assert page["chain"] is None
        seen += [each["sequence"] for each in page["items"]]
        after = page["next_after"]
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("harm", "first"),
    [
        ("update event set data = '{}' where sequence = 2", 2),
        ("update event set type = 'dispute.unheard_of' where sequence = 2", 2),
        ("update event set actor = 'principal:somebody-else' where sequence = 1", 1),
        ("update event set occurred_at = occurred_at + interval '1 second' where sequence = 3", 3),
        ("delete from event where sequence = 2", 3),
        ("delete from event where sequence = 3", 3),
        ("update dispute set head = sha256('x')", 4),
    ],
)
async def test_a_history_that_was_tampered_with_is_seen(counter: Counter, harm: str, first: int) -> None:
    filed = (await counter.file()).json()
    for version, language in enumerate(("fr", "de"), 1):
        await correct(counter, filed["links"]["self"], version, language=language)
    path = f"{filed['links']['history']}?verify=true"
    chain = (await counter.client.get(path)).json()["chain"]
    assert chain["intact"] is True
    assert chain["first_break"] is None
    assert chain["events"] == 3
    async with counter.db.transaction() as tx:
        await tx.raw.execute(harm)
    chain = (await counter.client.get(path)).json()["chain"]
    assert chain["intact"] is False
    assert chain["first_break"] == first
