"""What belongs to a dispute is shown with its reasons, from the first moment; a person decides, and can undo it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.intake.api import clusters as rooms_of_clusters
from services.intake.api import related
from services.intake.sketcher import Sketcher
from shared.db import disputes
from shared.db.engine import Database
from shared.domain.dispute import Category, Dispute
from shared.domain.lifecycle import Outcome, Status
from shared.domain.money import Money
from shared.messages.link_events import DisputeLinked, DisputeUnlinked
from shared.runtime.metrics import Metrics
from tests.builders import MONDAY_NINE, a_dispute, a_filing
from tests.services.intake.desk import Desk, a_desk
from tests.services.intake.test_sketcher import OTHER, campaign

ADA = uuid4()
REASON = "the same charge, told by mail and by chat"


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [related.router, rooms_of_clusters.router]) as opened:
        yield opened


async def filed(desk: Desk, text: str = OTHER, *, days: float = 0, **fields: Any) -> Dispute:
    """A dispute of Ada's about a broken kettle, unless the fields say otherwise, received so many days after Monday."""
    given = {"customer_id": ADA, "amount": None, "received_at": MONDAY_NINE + timedelta(days=days)}
    async with desk.db.transaction() as tx:
        (made,) = await disputes.insert_many(
            tx, [a_filing(a_dispute(**(given | fields)), subject="A complaint", description=text)]
        )
    return made


async def shown(desk: Desk, dispute: Dispute, key: dict[str, str] | None = None, query: str = "") -> Any:
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/related{query}", headers=key or await desk.key())
    assert reply.status_code == 200, reply.text
    return reply.json()


async def proposed(desk: Desk, dispute: Dispute) -> list[tuple[str, str]]:
    return [(each["kind"], each["dispute"]["reference"]) for each in (await shown(desk, dispute))["proposals"]]


def against(other: Dispute, reason: str = REASON) -> dict[str, str]:
    return {"dispute": str(other.id), "reason": reason}


async def test_the_same_matter_told_twice_is_proposed_on_both_sides_before_anything_was_sketched(desk: Desk) -> None:
    first = await filed(desk, order_reference="SO-4711")
    again = await filed(desk, "As I wrote already: " + OTHER, days=2, order_reference="so 4711")
    await filed(desk, campaign(1), customer_id=uuid4())
    (found,) = (await shown(desk, again))["proposals"]
    assert (found["kind"], found["dispute"]["reference"]) == ("duplicate_of", first.reference)
    assert found["reasons"][:2] == ["the same customer", "the same order reference, 2 days apart"]
    assert "of the text is the same" in found["reasons"][-1]
    assert found["score"] > 0.9
    assert found["dispute"]["same_customer"]
    assert await proposed(desk, first) == [("duplicated_by", again.reference)]


async def test_the_same_charge_within_a_fortnight_is_a_duplicate_whatever_the_words(desk: Desk) -> None:
    euros = Money.of("49.90", "EUR")
    first = await filed(desk, "You took money twice.", amount=euros)
    again = await filed(desk, "Charged double, please look.", days=3, amount=euros)
    later = await filed(desk, "A wrong sum was collected.", days=30, amount=euros)
    assert await proposed(desk, again) == [("duplicate_of", first.reference)]
    assert await proposed(desk, later) == []


async def test_another_order_of_the_same_customer_is_another_matter_even_in_the_same_words(desk: Desk) -> None:
    first = await filed(desk, order_reference="SO-1")
    second = await filed(desk, days=1, order_reference="SO-2")
    assert await proposed(desk, second) == [("similar", first.reference)]
    (found,) = (await shown(desk, second))["proposals"]
    assert found["reasons"][-1] == "the order references differ"


async def test_the_same_words_a_year_later_are_no_duplicate(desk: Desk) -> None:
    await filed(desk)
    assert [kind for kind, _ in await proposed(desk, await filed(desk, days=365))] != ["duplicate_of"]


async def test_a_matter_that_comes_back_after_its_decision_is_a_repeat(desk: Desk) -> None:
    resolved = MONDAY_NINE + timedelta(days=5)
    first = await filed(
        desk, status=Status.RESOLVED, outcome=Outcome.UPHELD, resolved_at=resolved, order_reference="SO-4711"
    )
    again = await filed(desk, "The new one leaks as well.", days=20, order_reference="SO-4711")
    (found,) = (await shown(desk, again))["proposals"]
    assert (found["kind"], found["dispute"]["outcome"]) == ("repeat_of", "upheld")
    assert found["reasons"][0] == "the same customer, whose earlier dispute was resolved 15 days before"
    assert await proposed(desk, first) == [("repeated_by", again.reference)]


async def test_another_category_and_order_after_a_decision_is_no_repeat(desk: Desk) -> None:
    resolved = MONDAY_NINE + timedelta(days=5)
    await filed(desk, status=Status.RESOLVED, outcome=Outcome.UPHELD, resolved_at=resolved)
    other = Category("warranty", 0.9, needs_person=False)
    assert await proposed(desk, await filed(desk, campaign(3), days=20, category=other)) == []


async def test_the_same_order_from_another_address_is_proposed_and_a_placeholder_is_not(desk: Desk) -> None:
    first = await filed(desk, order_reference="SO-4711")
    again = await filed(desk, customer_id=uuid4(), order_reference="SO-4711")
    assert ("duplicate_of", first.reference) in await proposed(desk, again)
    one = await filed(desk, "Never came.", order_reference="unknown", customer_id=uuid4())
    await filed(desk, "Still waiting.", order_reference="unknown", customer_id=uuid4())
    assert await proposed(desk, one) == []


async def test_near_same_text_of_another_customer_is_similar_once_it_was_sketched(desk: Desk) -> None:
    first = await filed(desk, campaign(1), customer_id=uuid4())
    await Sketcher(desk.db, Metrics()).round()
    again = await filed(desk, campaign(2), customer_id=uuid4())
    (found,) = (await shown(desk, again))["proposals"]
    assert (found["kind"], found["dispute"]["reference"]) == ("similar", first.reference)
    assert found["reasons"][0].endswith("from another customer")


async def test_a_person_links_a_duplicate_which_stays_open_and_is_told_in_its_history(desk: Desk) -> None:
    first, again = await filed(desk), await filed(desk, days=1)
    key = await desk.key()
    reply = await desk.post(again, "duplicate-of", against(first), key)
    assert (reply.status_code, reply.json()["status"]) == (200, "received")
    assert await desk.told(again.id) == [DisputeLinked(kind="duplicate", other=str(first.id))]
    here, there = await shown(desk, again), await shown(desk, first)
    assert here["proposals"] == there["proposals"] == []
    assert [(each["kind"], each["from_here"], each["reason"]) for each in here["links"]] == [
        ("duplicate", True, REASON)
    ]
    assert [(each["from_here"], each["author"]) for each in there["links"]] == [
        (False, f"principal:{desk.who(key).id}")
    ]


async def test_a_link_is_undone_and_both_are_in_the_history(desk: Desk) -> None:
    first, again = await filed(desk), await filed(desk, days=1)
    key = await desk.key()
    await desk.post(again, "duplicate-of", against(first), key)
    assert (await desk.post(again, "unlink", against(first, "two kettles"), key)).status_code == 200
    assert await desk.told(again.id) == [
        DisputeLinked(kind="duplicate", other=str(first.id)),
        DisputeUnlinked(kind="duplicate", other=str(first.id)),
    ]
    assert (await shown(desk, again))["links"] == []
    assert await proposed(desk, again) == [("duplicate_of", first.reference)]
    assert (await desk.post(again, "unlink", against(first), key)).status_code == 404


async def test_a_refused_proposal_is_remembered_from_either_side(desk: Desk) -> None:
    first, again = await filed(desk), await filed(desk, days=1)
    assert (await desk.post(first, "not-related", against(again), await desk.key())).status_code == 200
    assert await proposed(desk, first) == await proposed(desk, again) == []


async def test_duplicates_never_hang_in_a_chain_or_a_circle(desk: Desk) -> None:
    first, second, third = [await filed(desk, days=n) for n in range(3)]
    key = await desk.key()
    assert (await desk.post(second, "duplicate-of", against(first), key)).status_code == 200
    for dispute, other, said in (
        (second, first, "linked already"),
        (first, second, "linked already"),
        (third, second, str(first.id)),
        (second, third, "already"),
        (first, third, "Other disputes are duplicates of this one"),
    ):
        reply = await desk.post(dispute, "duplicate-of", against(other), key)
        assert reply.status_code == 409
        assert said in reply.json()["detail"]
    assert (await desk.post(third, "duplicate-of", against(first), key)).status_code == 200


async def test_two_people_who_link_two_disputes_to_each_other_at_once_leave_one_link(desk: Desk) -> None:
    first, second = await filed(desk), await filed(desk, days=1)
    keys = [await desk.key() for _ in range(2)]
    replies = await asyncio.gather(
        desk.post(second, "duplicate-of", against(first), keys[0]),
        desk.post(first, "duplicate-of", against(second), keys[1]),
    )
    assert sorted(each.status_code for each in replies) == [200, 409]


@pytest.mark.parametrize("which", ["itself", "nobody"])
async def test_what_cannot_be_linked_is_a_clear_problem(desk: Desk, which: str) -> None:
    dispute = await filed(desk)
    other = dispute if which == "itself" else a_dispute()
    reply = await desk.post(dispute, "duplicate-of", against(other), await desk.key())
    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/dispute")


async def test_a_key_that_sees_only_its_own_learns_of_nobody_elses(desk: Desk) -> None:
    mine = await desk.key(scopes=("disputes:read", "disputes:own", "cases:work"))
    own = await filed(desk, filed_by=desk.who(mine).id)
    other, ours = await filed(desk, days=1), await filed(desk, days=2, filed_by=desk.who(mine).id)
    await desk.post(own, "not-related", against(other), await desk.key())
    found = await shown(desk, own, mine)
    assert [each["dispute"]["reference"] for each in found["proposals"]] == [ours.reference]
    assert (found["links"], found["cluster"]) == ([], None)
    assert (await desk.post(ours, "duplicate-of", against(other), mine)).status_code == 422
    assert (await desk.client.get("/v1/insight/clusters", headers=mine)).json()["items"] == []


async def test_linking_needs_the_scope_for_casework(desk: Desk) -> None:
    first, again = await filed(desk), await filed(desk, days=1)
    reader = await desk.key(scopes=("disputes:read", "disputes:write"))
    assert (await desk.post(again, "duplicate-of", against(first), reader)).status_code == 403


async def test_of_many_proposals_the_strongest_are_shown(desk: Desk) -> None:
    for n in range(8):
        await filed(desk, days=n / 10)
    found = await shown(desk, await filed(desk, days=1), query="?limit=3")
    assert (len(found["proposals"]), found["has_more"]) == (3, True)


async def test_the_same_matter_is_shown_before_the_texts_of_a_campaign(desk: Desk) -> None:
    for n in range(5):
        await filed(desk, campaign(n), customer_id=uuid4())
    first = await filed(desk, campaign(0), amount=Money.of("8.90", "EUR"))
    await Sketcher(desk.db, Metrics()).round()
    again = await filed(desk, "You took the fee again.", days=1, amount=Money.of("8.90", "EUR"))
    copy = await filed(desk, campaign(1), days=2, amount=Money.of("8.90", "EUR"))
    kinds = [kind for kind, _ in await proposed(desk, copy)]
    assert kinds[:2] == ["duplicate_of", "duplicate_of"]
    assert set(kinds[2:]) == {"similar"}
    assert {each for _, each in (await proposed(desk, copy))[:2]} == {first.reference, again.reference}


async def a_cluster(desk: Desk, size: int = 6) -> Any:
    for n in range(size):
        await filed(desk, campaign(n), days=n, customer_id=uuid4())
    await Sketcher(desk.db, Metrics()).round()
    (found,) = (await desk.client.get("/v1/insight/clusters", headers=await desk.key())).json()["items"]
    return found


async def test_a_cluster_is_proposed_with_its_figures_and_the_words_in_common(desk: Desk) -> None:
    found = await a_cluster(desk)
    assert (found["state"], found["size"], found["customers"], found["per_day"]) == ("proposed", 6, 6, 1.2)
    assert found["categories"] == {"billing_error": 6}
    assert len(found["references"]) == 5
    assert datetime.fromisoformat(found["first_at"]) == MONDAY_NINE
    one = (await desk.client.get(f"/v1/insight/clusters/{found['id']}", headers=await desk.key())).json()
    assert one["passage"].startswith("a complaint i demand that you pay back the monthly service fee")
    assert "4711" not in one["passage"]
    assert one["decisions"] == []


async def test_a_cluster_is_accepted_as_an_incident_and_each_of_its_disputes_tells_so(desk: Desk) -> None:
    found = await a_cluster(desk)
    key = await desk.key()
    accept = {"label": "service fee of the May run", "reason": "one invoice run"}
    reply = await desk.client.post(f"/v1/insight/clusters/{found['id']}/accept", json=accept, headers=key)
    assert (reply.status_code, reply.json()["state"], reply.json()["label"]) == (200, "accepted", accept["label"])
    (decision,) = reply.json()["decisions"]
    assert (decision["author"], decision["reason"]) == (f"principal:{desk.who(key).id}", "one invoice run")
    await Sketcher(desk.db, Metrics()).round()
    member = (await desk.client.get("/v1/insight/clusters?state=accepted", headers=key)).json()["items"][0]
    assert member["id"] == found["id"]
    async with desk.db.transaction() as tx:
        told = await tx.raw.fetchval("select count(*) from event where type = 'dispute.linked'")
        one = await tx.raw.fetchval("select dispute_id from cluster_member limit 1")
        dispute = await disputes.get(tx, one)
    assert told == 6
    assert (await shown(desk, dispute))["cluster"] == {
        "id": found["id"],
        "state": "accepted",
        "label": accept["label"],
        "size": 6,
    }
    again = await desk.client.post(f"/v1/insight/clusters/{found['id']}/accept", json=accept, headers=key)
    assert again.status_code == 409


async def test_a_cluster_is_dismissed_with_a_reason_and_may_be_accepted_after_all(desk: Desk) -> None:
    found = await a_cluster(desk)
    key = await desk.key()
    path = f"/v1/insight/clusters/{found['id']}"
    assert (await desk.client.post(f"{path}/dismiss", json={"reason": "a form letter"}, headers=key)).status_code == 200
    assert (await desk.client.get("/v1/insight/clusters", headers=key)).json()["items"] == []
    accept = {"label": "after all", "reason": "one run"}
    reply = await desk.client.post(f"{path}/accept", json=accept, headers=key)
    assert [each["state"] for each in reply.json()["decisions"]] == ["dismissed", "accepted"]


async def test_a_cluster_that_does_not_exist_is_not_found(desk: Desk) -> None:
    path, key = f"/v1/insight/clusters/{uuid4()}", await desk.key()
    assert (await desk.client.get(path, headers=key)).status_code == 404
    assert (await desk.client.post(f"{path}/dismiss", json={"reason": "x"}, headers=key)).status_code == 404
