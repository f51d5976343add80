"""Corrections are kept for a time and without a person; an erasure of the dispute takes their text away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from shared.db import corrections, disputes
from shared.db.corrections import Correction, Taught
from shared.db.engine import Database, Tx
from tests.builders import a_filing
from tests.waiting import eventually

WEEK = timedelta(days=7)


async def corrected(db: Database, category: str = "warranty", dispute_id: UUID | None = None) -> UUID:
    async with db.transaction() as tx:
        if dispute_id is None:
            (stored,) = await disputes.insert_many(tx, [a_filing()])
            dispute_id = stored.id
        made = Correction(dispute_id, "Charged", "It broke", "billing_error", 0.7, True, category)
        await corrections.keep(tx, made)
    return dispute_id


async def taught(db: Database, limit: int = 1000) -> list[Taught]:
    return [each async for page in corrections.pages(db, limit=limit) for each in page]


async def test_what_was_read_and_what_is_right_are_kept_without_who(db: Database) -> None:
    dispute_id = await corrected(db)
    (found,) = await taught(db)
    assert (found.subject, found.description, found.read_as, found.category) == (
        "Charged",
        "It broke",
        "billing_error",
        "warranty",
    )
    assert found.id != dispute_id
    assert not {"dispute_id", "customer_id", "author"} & set(found._fields)


async def test_a_second_correction_changes_what_is_right_and_not_what_was_read(db: Database) -> None:
    dispute_id = await corrected(db)
    async with db.transaction() as tx:
        again = Correction(dispute_id, "Charged", "It broke", "warranty", 1.0, False, "other")
        await corrections.keep(tx, again)
    (found,) = await taught(db)
    assert (found.read_as, found.category) == ("billing_error", "other")


async def test_an_erasure_takes_the_text_whoever_erases(db: Database) -> None:
    dispute_id, other = await corrected(db), await corrected(db)
    async with db.transaction() as tx:
        await tx.raw.execute("update dispute_private set erased_at = now() where dispute_id = $1", dispute_id)
        row = await tx.raw.fetchrow("select * from category_correction where dispute_id = $1", dispute_id)
    assert row is not None
    assert (row["subject"], row["description"], row["category"]) == (None, None, "warranty")
    assert [each.category for each in await taught(db)] == ["warranty"]
    await corrected(db, "other", dispute_id)
    assert len(await taught(db)) == 1, "of an erased dispute no text is taken again"
    async with db.transaction() as tx:
        left = await tx.raw.fetch("select dispute_id from category_correction where description is not null")
    assert [row["dispute_id"] for row in left] == [other]


async def test_changing_anything_else_of_the_private_side_takes_nothing(db: Database) -> None:
    dispute_id = await corrected(db)
    async with db.transaction() as tx:
        await tx.raw.execute("update dispute_private set name = 'Ada' where dispute_id = $1", dispute_id)
    assert len(await taught(db)) == 1


async def test_pages_are_read_in_order_up_to_a_limit(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "PAGE", 2)
    for _ in range(5):
        await corrected(db)
    found = [each.id for each in await taught(db)]
    assert (found, len(found)) == (sorted(found), 5)
    assert [each.id for each in await taught(db, 3)] == found[:3]


async def test_corrections_are_forgotten_when_their_time_is_over(db: Database, moved: Database) -> None:
    for _ in range(3):
        await corrected(db)
    async with db.transaction() as tx:
        assert await corrections.prune(tx, kept=WEEK, limit=10) == 0
    async with moved.transaction() as tx:
        assert await corrections.prune(tx, kept=WEEK, limit=2) == 2
        assert await corrections.prune(tx, kept=WEEK, limit=2) == 1
    assert await taught(db) == []


async def test_a_dispute_that_is_not_there_teaches_nothing(db: Database) -> None:
    await corrected(db, dispute_id=uuid4())
    assert await taught(db) == []


@pytest.mark.parametrize("first", ["correction", "erasure"])
async def test_a_correction_and_an_erasure_at_the_same_time_leave_no_text(db: Database, first: str) -> None:
    async with db.transaction() as tx:
        (stored,) = await disputes.insert_many(tx, [a_filing()])
    made = Correction(stored.id, "Charged", "It broke", "billing_error", 0.7, True, "warranty")

    async def correct(tx: Tx) -> None:
        await corrections.keep(tx, made)

    async def erase(tx: Tx) -> None:
        await tx.raw.execute("update dispute_private set erased_at = now() where dispute_id = $1", stored.id)

    async def afterwards(step: Callable[[Tx], Awaitable[None]]) -> None:
        async with db.transaction() as tx:
            await step(tx)

    async def somebody_waits() -> bool:
        waiting = (
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        async with db.transaction() as tx:
            return bool(await tx.raw.fetchval(waiting))

    one, other = (correct, erase) if first == "correction" else (erase, correct)
    async with db.transaction() as tx:
        await one(tx)
        late = asyncio.create_task(afterwards(other))
        await eventually(somebody_waits)
    await late
    assert await taught(db) == []
