"""The disputes of each customer are listed in a table of their own, whoever files them."""

import asyncio
from uuid import UUID, uuid4

from shared.db import disputes, migrate, search
from shared.db.engine import Database
from shared.db.search import Wanted
from shared.domain.dispute import Dispute
from tests.builders import a_dispute, a_filing


async def filed(db: Database, customer: UUID) -> Dispute:
    async with db.transaction() as tx:
        (stored,) = await disputes.insert_many(tx, [a_filing(a_dispute(customer_id=customer))])
    return stored


async def listed(db: Database, customer: UUID) -> list[UUID]:
    async with db.transaction() as tx:
        page = await search.page(tx, Wanted(customer_id=customer))
    return [each.dispute.id for each in page.items]


async def test_disputes_of_the_version_before_are_listed_by_their_customer(database: str, db: Database) -> None:
    ada, bo = uuid4(), uuid4()
    await asyncio.to_thread(migrate.downgrade, database, "0022")
    first, _ = await filed(db, ada), await filed(db, bo)
    await asyncio.to_thread(migrate.upgrade, database)
    second = await filed(db, ada)
    assert sorted(await listed(db, ada)) == sorted([first.id, second.id])


async def test_one_that_is_deleted_is_not_in_the_list(db: Database) -> None:
    ada = uuid4()
    kept, deleted = await filed(db, ada), await filed(db, ada)
    async with db.transaction() as tx:
        await tx.raw.execute("delete from event where dispute_id = $1", deleted.id)
        await tx.raw.execute("delete from dispute where id = $1", deleted.id)
        left = await tx.raw.fetch("select dispute_id from customer_dispute")
    assert [row["dispute_id"] for row in left] == [kept.id]
    assert await listed(db, ada) == [kept.id]


async def test_a_list_by_customer_reads_no_table_from_end_to_end(db: Database) -> None:
    ada = uuid4()
    await filed(db, ada)
    async with db.transaction() as tx:
        await tx.raw.execute(
            "set local enable_seqscan = off"
        )  # the tables are small: what is left is what no index answers
        before = await tx.raw.fetchval("select coalesce(sum(seq_scan), 0) from pg_stat_xact_user_tables")
        for wanted in (Wanted(customer_id=ada), Wanted(customer_id=ada, status=("closed",), category="warranty")):
            await search.page(tx, wanted)
        after = await tx.raw.fetchval("select coalesce(sum(seq_scan), 0) from pg_stat_xact_user_tables")
    assert after == before


async def test_no_index_of_disputes_is_over_what_never_changes_and_lies_at_random(db: Database) -> None:
    """Each index is written again by every move of a dispute, at a page of its own where the order is one of chance."""
    async with db.transaction() as tx:
        found = await tx.raw.fetch("select indexdef from pg_indexes where tablename = 'dispute'")
    assert not [row["indexdef"] for row in found if "customer_id" in row["indexdef"]]
