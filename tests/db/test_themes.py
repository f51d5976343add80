"""Finished days and weeks are counted once, by one process, without anything that leads back to a person."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.themes import ThemeCounter
from shared.db import disputes, theme_counts, theme_periods
from shared.db.engine import Database, make_engine
from shared.db.theme_periods import Counted, Span
from shared.domain.dispute import Category
from tests.builders import a_dispute, a_filing

QUIET = "the courier came late"
LOUD = "the gift card was empty"


async def now(db: Database) -> datetime:
    async with db.transaction() as tx:
        return tx.now


async def filed(db: Database, at: datetime, texts: list[str], **fields: Any) -> list[UUID]:
    """A dispute for each text, each of another customer unless one is given."""
    category = Category(fields.pop("category", "billing_error"), 0.9, needs_person=False)
    private = {"name": fields.pop("name", "Ada Jones")}
    async with db.transaction() as tx:
        made = [
            a_filing(
                a_dispute(received_at=at, category=category, reference=f"D-{uuid4()}", **fields),
                subject="Hello",
                description=text,
                **private,
            )
            for text in texts
        ]
        return [each.id for each in await disputes.insert_many(tx, made)]


async def counted(db: Database) -> None:
    """Everything that is due."""
    counter = ThemeCounter(db)
    while await counter.round():
        pass


async def told(db: Database, period: str, day: datetime) -> Counted:
    async with db.transaction() as tx:
        _, found = await theme_periods.read(tx, period, day.date())
    assert found is not None
    return found


async def kept(db: Database, day: datetime) -> dict[tuple[str, str], int]:
    async with db.transaction() as tx:
        rows = await tx.raw.fetch(
            "select kind, term, customers from theme_count where period = 'day' and starts = $1", day.date()
        )
    return {(row["kind"], row["term"]): row["customers"] for row in rows}


@pytest.fixture
async def yesterday(db: Database) -> datetime:
    """Noon of a day that is over and has settled, whatever the hour of the test."""
    return (await now(db) - timedelta(days=2)).replace(hour=12, minute=0)


async def a_past(db: Database, until: datetime, a_day: int = 8) -> None:
    """Eight quiet weeks before a day."""
    for back in range(1, 57):
        await filed(db, until - timedelta(days=back), [QUIET] * a_day)


async def test_what_jumped_is_told_with_disputes_that_speak_of_it(db: Database, yesterday: datetime) -> None:
    await a_past(db, yesterday)
    await filed(db, yesterday, [QUIET] * 8)
    loud = await filed(db, yesterday, [LOUD] * 25, category="warranty", product="Gift Card")
    await counted(db)
    found = await told(db, "day", yesterday)
    assert (found.disputes, found.customers, found.sampled, found.history) == (33, 33, 33, 8)
    themes = {(each.kind, each.term): each for each in found.themes}
    assert {("category", "warranty"), ("product", "gift card"), ("word", "gift card"), ("word", "empty")} <= set(themes)
    assert ("word", "courier") not in themes
    assert ("category", "billing_error") not in themes
    for each in themes.values():
        assert each.customers == 25
        assert each.lift > 1.5
        assert {sample.id for sample in each.samples} <= set(loud)
        assert len(each.samples) == 5
    quiet = await told(db, "day", yesterday - timedelta(days=1))
    assert quiet.themes == []
    assert quiet.history == 7


async def test_fewer_than_three_customers_leave_no_word_and_one_customer_never_makes_a_theme(
    db: Database, yesterday: datetime
) -> None:
    await filed(db, yesterday, ["the zither squeaks"] * 2)
    await filed(db, yesterday, ["the bassoon squeaks"] * 40, customer_id=uuid4())
    await counted(db)
    assert await kept(db, yesterday) == {("word", "squeaks"): 3, ("category", "billing_error"): 3}


async def test_names_of_the_customers_are_not_kept(db: Database, yesterday: datetime) -> None:
    for name in ("Ada Kettle", "Bob Kettle", "Eve Kettle"):
        await filed(db, yesterday, ["kettle is my name and broken is my heart"], name=name)
    await counted(db)
    assert {term for kind, term in await kept(db, yesterday) if kind == "word"} == {"name", "broken", "heart"}


async def test_what_is_filed_late_is_counted_when_it_is_there(db: Database, yesterday: datetime) -> None:
    await filed(db, yesterday, [QUIET] * 4)
    await counted(db)
    assert (await told(db, "day", yesterday)).disputes == 4
    await filed(db, yesterday, [QUIET] * 3)
    await counted(db)
    assert (await told(db, "day", yesterday)).disputes == 7
    assert (await kept(db, yesterday))["word", "courier"] == 7


async def test_a_correction_afterwards_leaves_the_count_as_it_was(db: Database, yesterday: datetime) -> None:
    ids = await filed(db, yesterday, [QUIET] * 4)
    await counted(db)
    async with db.transaction() as tx:
        await tx.raw.execute("update dispute set category = 'other' where id = any($1::uuid[])", ids)
    await counted(db)
    assert ("category", "billing_error") in await kept(db, yesterday)


async def test_texts_that_were_erased_are_not_read(db: Database, yesterday: datetime) -> None:
    ids = await filed(db, yesterday, [QUIET] * 4)
    async with db.transaction() as tx:
        await tx.raw.execute("update dispute_private set erased_at = now() where dispute_id = any($1::uuid[])", ids)
    await counted(db)
    assert set(await kept(db, yesterday)) == {("category", "billing_error")}


async def test_a_day_is_counted_once_it_is_over_and_has_settled(database: str, db: Database) -> None:
    started = await now(db)
    await filed(db, started, [QUIET] * 3)
    midnight = datetime.combine(started.date(), datetime.min.time(), UTC) + timedelta(days=1)
    for minutes, expected in ((-1, False), (5, False), (20, True)):
        ahead = (midnight - started).total_seconds() + 60 * minutes
        later = Database(make_engine(database, pool_size=2), offset=partial(timedelta, seconds=ahead))
        try:
            await counted(later)
            async with later.transaction() as tx:
                _, found = await theme_periods.read(tx, "day", started.date())
            assert (found is not None) == expected
        finally:
            await later.dispose()


async def test_of_two_processes_one_counts(db: Database, yesterday: datetime) -> None:
    await filed(db, yesterday, [QUIET] * 3)
    async with db.transaction() as tx:
        assert await theme_counts.alone(tx)
        assert await ThemeCounter(db).round() is False
    assert await ThemeCounter(db).round() is True


async def test_of_very_many_words_those_of_few_customers_are_left_out(
    db: Database, yesterday: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme_counts, "KEPT_MAX", 3)
    await filed(db, yesterday, ["alpha", "alpha beta", "alpha beta gamma", "alpha beta gamma delta"] * 3)
    await counted(db)
    found = await told(db, "day", yesterday)
    assert found.floor > theme_counts.FLOOR
    assert {term for kind, term in await kept(db, yesterday) if kind == "word"} == {"alpha", "beta", "alpha beta"}


async def test_of_very_many_customers_an_even_share_is_read(
    db: Database, yesterday: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme_counts, "SAMPLED_MAX", 50)
    await filed(db, yesterday, [QUIET] * 200)
    await counted(db)
    found = await told(db, "day", yesterday)
    assert found.customers == 200
    assert 25 < found.sampled < 75
    assert (await kept(db, yesterday))["category", "billing_error"] == 200


async def test_of_a_customer_who_writes_without_end_the_newest_texts_are_read(
    db: Database, yesterday: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme_counts, "READ_OF_ONE_MAX", 2)
    for customer in (uuid4() for _ in range(3)):
        for hours, word in enumerate(("harp", "lute", "oboe", "viola", "zither")):
            await filed(db, yesterday + timedelta(hours=hours), [word], customer_id=customer)
    await counted(db)
    assert {term for kind, term in await kept(db, yesterday) if kind == "word"} == {"viola", "zither"}


async def test_of_very_many_customers_an_even_share_has_its_facts_counted_and_nothing_seems_to_rise_afterwards(
    db: Database, yesterday: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme_counts, "FACTS_MAX", 40)
    for weeks in range(1, 6):
        await filed(db, yesterday - timedelta(weeks=weeks), ["?"] * 160)
    await filed(db, yesterday, ["?"] * 40)
    await counted(db)
    assert 10 < (await kept(db, yesterday - timedelta(weeks=1)))["category", "billing_error"] < 80
    found = await told(db, "day", yesterday)
    assert (found.customers, found.history, found.themes) == (40, 5, [])


async def test_old_counts_are_forgotten(db: Database, yesterday: datetime) -> None:
    await filed(db, yesterday, [QUIET] * 3)
    async with db.transaction() as tx:
        for days in (121, 119):
            await tx.raw.execute(
                "insert into theme_count values ('day', 'word', 'x', $1, 3)", (tx.now - timedelta(days=days)).date()
            )
    await counted(db)
    async with db.transaction() as tx:
        assert await tx.raw.fetchval("select count(*) from theme_count where term = 'x'") == 1


def test_a_week_begins_on_monday_and_reaches_back_eight_weeks() -> None:
    span = Span.around("week", datetime(2026, 5, 6, tzinfo=UTC).date())
    assert [each.date().isoformat() for each in span.bounds] == ["2026-05-04", "2026-05-11"]
    assert span.back.isoformat() == "2026-03-09"
    assert Span.around("day", span.starts).season == 0


async def test_before_anything_was_filed_nothing_is_due(db: Database) -> None:
    assert await ThemeCounter(db).round() is False
    async with db.transaction() as tx:
        assert await theme_periods.read(tx, "day", None) == (None, None)
