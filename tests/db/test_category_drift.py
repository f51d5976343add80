"""What categorisation answered in a month is read as it was answered, from a bounded sample."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.db import category_drift, corrections, disputes
from shared.db.corrections import Correction
from shared.db.engine import Database
from shared.domain.dispute import Category
from shared.domain.drift import Verdict
from tests.builders import a_dispute, a_filing

MARCH, APRIL, MAY = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 5))


async def filed(db: Database, at: datetime, count: int = 1, *, category: str = "warranty", apart: int = 60) -> None:
    made = [
        a_dispute(
            received_at=at + timedelta(minutes=apart * number), category=Category(category, 0.8, needs_person=True)
        )
        for number in range(count)
    ]
    async with db.transaction() as tx:
        await disputes.insert_many(tx, [a_filing(each) for each in made])


async def test_this_month_is_set_against_the_one_before(db: Database) -> None:
    await filed(db, MARCH - timedelta(minutes=1))
    await filed(db, MARCH, 150)
    await filed(db, APRIL, 40)
    await filed(db, APRIL, 80, category="communication")
    await filed(db, MAY)
    async with db.transaction() as tx:
        found = await category_drift.against_last_month(tx, APRIL + timedelta(days=12))
    assert found.last.categories == {"warranty": 150}
    assert found.this.categories == {"warranty": 40, "communication": 80}
    assert found.verdict is Verdict.DRIFTED
    assert found.needs_person.this == 1.0
    assert found.confidence.this == pytest.approx(0.8)


async def test_a_corrected_dispute_counts_as_it_was_read(db: Database) -> None:
    async with db.transaction() as tx:
        after = a_dispute(received_at=APRIL, category=Category("other", 1.0, needs_person=False))
        confirmed = a_dispute(received_at=APRIL, category=Category("warranty", 1.0, needs_person=False))
        await disputes.insert_many(tx, [a_filing(after), a_filing(confirmed)])
        for each in (after, confirmed):
            read = ("warranty", 0.4, True)
            await corrections.keep(tx, Correction(each.id, "s", "d", *read, each.category.name))
        found = await category_drift.answers(tx, APRIL, MAY)
    assert (found.categories, found.needs_person, found.corrected) == ({"warranty": 2}, 2, 1)
    assert found.confidence == pytest.approx(0.8)
    assert found.squares == pytest.approx(0.32)


async def test_of_a_busy_hour_only_so_many_are_looked_at(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(category_drift, "PER_HOUR", 3)
    await filed(db, APRIL, 10, apart=1)
    await filed(db, APRIL + timedelta(hours=5), 2, category="other", apart=1)
    async with db.transaction() as tx:
        found = await category_drift.answers(tx, APRIL, MAY)
    assert found.categories == {"warranty": 3, "other": 2}


async def test_disputes_are_found_by_the_index_over_their_time(db: Database) -> None:
    await filed(db, APRIL, 200, apart=30)
    async with db.transaction() as tx:
        await tx.raw.execute("analyze dispute")
        await tx.raw.execute("set local enable_seqscan = off")
        rows = await tx.raw.fetch(f"explain {category_drift._ANSWERS}", APRIL, MAY, 30)
    plan = "\n".join(row[0] for row in rows)
    assert "ix_dispute_received" in plan
    assert "Limit" in plan


async def test_an_empty_month_and_one_to_come_tell_nothing(db: Database) -> None:
    async with db.transaction() as tx:
        found = await category_drift.against_last_month(tx, tx.now + timedelta(days=400))
    assert (found.verdict, found.this.total, found.psi) == (Verdict.TOO_FEW, 0, 0.0)
