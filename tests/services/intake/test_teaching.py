"""What agents say of a category is kept to learn from, without them and without the customer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.intake.api import disputes as api
from services.intake.upkeep import Upkeep
from shared.db import corrections, disputes
from shared.db.engine import Database
from shared.domain.dispute import Category, Dispute
from tests.builders import a_dispute, a_filing
from tests.services.intake.desk import Desk, a_desk

READ = Category("billing_error", 0.41, needs_person=True)


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [api.router]) as opened:
        yield opened


async def filed(desk: Desk, **private: Any) -> Dispute:
    words = {"name": "Ada Jones", "subject": "Kettle of Ada", "description": "The kettle from Kestrel broke on 3 May."}
    async with desk.db.transaction() as tx:
        (stored,) = await disputes.insert_many(tx, [a_filing(a_dispute(category=READ), **{**words, **private})])
    return stored


async def say(desk: Desk, dispute: Dispute, **facts: Any) -> None:
    now = await desk.now(dispute.id)
    headers = {**await desk.key(), "if-match": f'"{now.version}"'}
    reply = await desk.client.patch(f"/v1/disputes/{dispute.id}", json=facts, headers=headers)
    assert reply.status_code == 200, reply.text


async def kept(desk: Desk) -> list[dict[str, Any]]:
    async with desk.db.transaction() as tx:
        return [dict(row) for row in await tx.raw.fetch("select * from category_correction order by id")]


async def test_a_corrected_category_is_kept_with_a_masked_copy_of_the_text(desk: Desk) -> None:
    dispute = await filed(desk)
    await say(desk, dispute, category="product_quality", reason="misread")
    (row,) = await kept(desk)
    assert (row["read_as"], row["read_confidence"], row["read_needs_person"]) == ("billing_error", 0.41, True)
    assert row["category"] == "product_quality"
    assert row["subject"] == "Kettle of XXXX"
    assert row["description"] == "The kettle from XXXX broke on XXXX XXXX."
    assert row["id"] != dispute.id


async def test_a_category_that_is_said_to_hold_is_kept_as_well(desk: Desk) -> None:
    await say(desk, await filed(desk), needs_person=False)
    (row,) = await kept(desk)
    assert (row["read_as"], row["category"]) == ("billing_error", "billing_error")


async def test_other_facts_teach_nothing(desk: Desk) -> None:
    dispute = await filed(desk)
    await say(desk, dispute, severity="high")
    await say(desk, dispute, order_reference="A-1")
    assert await kept(desk) == []


async def test_the_last_word_counts_and_the_first_reading_stays(desk: Desk) -> None:
    dispute = await filed(desk)
    await say(desk, dispute, category="warranty")
    await say(desk, dispute, category="product_quality")
    (row,) = await kept(desk)
    assert (row["read_as"], row["read_confidence"], row["category"]) == ("billing_error", 0.41, "product_quality")


async def test_a_text_in_other_letters_is_not_kept_but_what_was_read_is(desk: Desk) -> None:
    text = "\u6211\u7684\u6c34\u58f6\u574f\u4e86"
    await say(desk, await filed(desk, subject=text, description=text), category="warranty")
    (row,) = await kept(desk)
    assert (row["subject"], row["description"], row["category"]) == (None, None, "warranty")
    assert [page async for page in corrections.pages(desk.db, limit=10)] == []


async def test_an_integration_that_sees_only_its_own_teaches_nothing(desk: Desk) -> None:
    header = await desk.key("integration", tier=None, scopes=["disputes:read", "disputes:write", "disputes:own"])
    async with desk.db.transaction() as tx:
        own = a_dispute(category=READ, filed_by=desk.who(header).id)
        await disputes.insert_many(tx, [a_filing(own)])
    change = {"category": "warranty"}
    reply = await desk.client.patch(f"/v1/disputes/{own.id}", json=change, headers={**header, "if-match": '"1"'})
    assert reply.status_code == 200, reply.text
    assert await kept(desk) == []


async def test_a_house_that_wants_none_keeps_none(db: Database) -> None:
    async with a_desk(db, [api.router], correction_days=0) as desk:
        await say(desk, await filed(desk), category="warranty")
        assert await kept(desk) == []


async def test_upkeep_forgets_what_is_older_than_the_house_wants(desk: Desk) -> None:
    await say(desk, await filed(desk), category="warranty")
    await Upkeep(desk.db, desk.parts.settings.model_copy(update={"correction_days": 1})).prune()
    assert len(await kept(desk)) == 1
    await Upkeep(desk.db, desk.parts.settings.model_copy(update={"correction_days": 0})).prune()
    assert await kept(desk) == []
