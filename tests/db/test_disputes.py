"""Nothing happens to a dispute without a record, and nothing recorded stays unpublished."""

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.db import disputes, history, outbox
from shared.db.disputes import Change
from shared.db.engine import Database, Tx
from shared.domain.dispute import Category, Remedy, Severity, Wait
from shared.domain.errors import NotFound, StaleVersion
from shared.domain.frozen import altered
from shared.domain.lifecycle import Outcome, Stage, Status, Trigger
from shared.domain.money import Money
from shared.messages.envelope import decode
from shared.messages.events import StatusChanged
from tests.builders import MONDAY_NINE, a_dispute, a_filing

WAITED = StatusChanged(before="received", after="awaiting_customer", trigger="wait_for_customer")


async def test_every_field_of_a_dispute_survives_storage(db: Database) -> None:
    full = a_dispute(
        status=Status.FOLLOW_UP,
        stage=Stage.INTERNAL_2,
        tier=3,
        handler="Grace",
        outcome=Outcome.PARTLY_UPHELD,
        remedy=Remedy("partial_refund", Money.of("1.250", "KWD")),
        severity=Severity.CRITICAL,
        category=Category("warranty", 0.5, needs_person=True, secondary=("communication", "billing_error")),
        signals=("angry", "legal_threat"),
        order_reference="SO-7",
        product="kettle",
        purchased_on=date(2026, 5, 1),
        remedy_sought="refund",
        time_zone="Europe/London",
        filed_by=uuid4(),
        policy_version=4,
        prior_disputes=2,
        waits=(Wait(MONDAY_NINE, MONDAY_NINE + timedelta(hours=1), "customer"),),
        acknowledged_at=MONDAY_NINE,
        responded_at=MONDAY_NINE,
        informed_at=MONDAY_NINE,
        resolved_at=MONDAY_NINE,
        closed_at=MONDAY_NINE,
        metadata={"helpdesk_ticket": "88"},
    )
    async with db.transaction() as tx:
        (saved,) = await disputes.insert_many(tx, [a_filing(full)])
    async with db.transaction() as tx:
        assert await disputes.get(tx, full.id) == saved
    assert altered(saved, sequence=0, head=full.head) == full


async def test_each_change_is_chained_to_the_one_before_and_left_in_the_outbox(db: Database) -> None:
    async with db.transaction() as tx:
        (filed,) = await disputes.insert_many(tx, [a_filing()])
        after = filed.after(Trigger.WAIT_FOR_CUSTOMER, tx.now)
        saved = await disputes.save(tx, Change(filed, after, (WAITED,), "principal:x"))
    async with db.transaction() as tx:
        entries = await history.entries(tx, filed.id)
        published = [decode(row.message.body) for row in await outbox.take(tx)]
    assert [e.envelope.sequence for e in entries] == [1, 2]
    assert [e.envelope for e in entries] == published
    assert entries[-1].hash == saved.head
    assert history.first_break(entries) is None


@pytest.mark.parametrize(
    "tamper", ["data = '{\"because\":\"x\"}', type = 'dispute.closed'", "actor = 'principal:other'"]
)
async def test_a_history_that_was_touched_shows_where(db: Database, tamper: str) -> None:
    async with db.transaction() as tx:
        (filed,) = await disputes.insert_many(tx, [a_filing()])
        await disputes.save(tx, Change(filed, filed.after(Trigger.TRIAGE, tx.now), (WAITED,), "principal:x"))
    async with db.transaction() as tx:
        await tx.raw.execute(f"update event set {tamper} where dispute_id = $1 and sequence = 2", filed.id)
        assert history.first_break(await history.entries(tx, filed.id)) == 2


async def test_a_dispute_changed_meanwhile_is_not_overwritten(db: Database) -> None:
    async with db.transaction() as tx:
        (filed,) = await disputes.insert_many(tx, [a_filing()])
        await disputes.save(tx, Change(filed, filed.after(Trigger.TRIAGE, tx.now), (WAITED,), "principal:x"))
    with pytest.raises(StaleVersion, match="changed in the meantime"):
        async with db.transaction() as tx:
            await disputes.save(tx, Change(filed, filed.after(Trigger.TRIAGE, tx.now), (WAITED,), "principal:y"))
    with pytest.raises(StaleVersion, match="changed in the meantime"):
        async with db.transaction() as tx:
            await disputes.save(tx, Change(filed, filed, (WAITED,), "principal:y"))
    async with db.transaction() as tx:
        assert len(await history.entries(tx, filed.id)) == 2


async def test_two_events_can_never_share_a_place_in_a_history(db: Database) -> None:
    async with db.transaction() as tx:
        (filed,) = await disputes.insert_many(tx, [a_filing()])
    with pytest.raises(asyncpg.UniqueViolationError):
        async with db.transaction() as tx:
            await tx.raw.execute("insert into event select * from event where dispute_id = $1", filed.id)


async def test_deciding_on_an_outdated_version_is_refused(db: Database) -> None:
    async with db.transaction() as tx:
        (filed,) = await disputes.insert_many(tx, [a_filing()])
        with pytest.raises(StaleVersion, match=r"at version 1, not 2"):
            await disputes.lock(tx, filed.id, version=filed.version + 1)
        with pytest.raises(NotFound):
            await disputes.lock(tx, uuid4())


async def test_what_fails_half_way_leaves_nothing(db: Database) -> None:
    filing = a_filing()

    async def twice() -> None:
        async with db.transaction() as tx:
            await disputes.insert_many(tx, [filing])
            await disputes.insert_many(tx, [filing])

    with pytest.raises(asyncpg.UniqueViolationError):
        await twice()
    async with db.transaction() as tx:
        assert await disputes.find(tx, filing.dispute.id) is None
        assert await outbox.backlog(tx) == (0, timedelta())


async def test_batches_that_overlap_in_opposite_order_never_deadlock(db: Database) -> None:
    async with db.transaction() as tx:
        filed = await disputes.insert_many(tx, [a_filing() for _ in range(20)])
    ids = [dispute.id for dispute in filed]

    async def change(order: list[UUID]) -> None:
        async with db.transaction() as tx:
            found = await disputes.lock_many(tx, ids if order is ids else reversed(ids))
            await disputes.save_many(
                tx, [Change(d, d.changed(tx.now, handler="x"), (WAITED,), "system:test") for d in found.values()]
            )

    await asyncio.gather(*(change(order) for order in [ids, ids[::-1]] * 5))
    async with db.transaction() as tx:
        assert {d.sequence for d in (await disputes.get_many(tx, ids)).values()} == {11}


async def test_the_clock_of_a_transaction_is_the_databases_and_can_be_moved_by_a_test(database: str) -> None:
    async def now_in(moved: Database) -> Tx:
        async with moved.transaction() as tx:
            return tx

    from shared.db.engine import make_engine

    plain, ahead = Database(make_engine(database)), Database(make_engine(database), offset=lambda: timedelta(days=9))
    try:
        difference = (await now_in(ahead)).now - (await now_in(plain)).now
        assert timedelta(days=9) - timedelta(minutes=1) < difference < timedelta(days=9) + timedelta(minutes=1)
    finally:
        await plain.dispose()
        await ahead.dispose()


async def test_listeners_hear_of_a_commit_and_not_of_a_rollback(db: Database) -> None:
    heard: list[str] = []
    db.on_commit("outbox", lambda: heard.append("outbox"))
    async with db.transaction() as tx:
        await disputes.insert_many(tx, [a_filing()])
        assert heard == []
    assert heard == ["outbox"]

    async def rolled_back() -> None:
        async with db.transaction() as tx:
            await disputes.insert_many(tx, [a_filing()])
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await rolled_back()
    assert heard == ["outbox"]
