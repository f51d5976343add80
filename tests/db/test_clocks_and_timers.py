"""Clocks and timers are stored as they are and read as they were."""

from datetime import timedelta

import asyncpg
import pytest

from shared.db import clocks, decisions, disputes, timers
from shared.db.clocks import Kept
from shared.db.decisions import Decisions
from shared.db.engine import Database, Tx
from shared.domain.clock_record import Clock, ClockState, Kind
from shared.domain.clock_spec import Extension
from shared.domain.dispute import Dispute, Severity
from shared.domain.duration import Duration, Unit
from shared.domain.frozen import altered
from shared.policy.matrix import default_body, parse_matrix
from tests.builders import MONDAY_NINE, a_dispute, a_filing

MATRIX = parse_matrix(default_body(), version=1)


async def a_stored_dispute(tx: Tx) -> Dispute:
    return (await disputes.insert_many(tx, [a_filing(a_dispute())]))[0]


def a_clock(kind: Kind = Kind.TIER, **fields: object) -> Clock:
    promise = MATRIX.promise(kind, Severity.HIGH) or MATRIX.tier(2).deadlines[Severity.HIGH]
    clock = Clock(
        kind=kind,
        generation=1,
        phase=0,
        state=ClockState.RUNNING,
        tier=2,
        promise=promise,
        policy_version=1,
        started_at=MONDAY_NINE,
        opened_at=MONDAY_NINE,
        due_at=MONDAY_NINE + timedelta(hours=4),
    )
    return altered(clock, **fields)


async def test_every_field_of_a_clock_survives_storage(db: Database) -> None:
    full = a_clock(
        Kind.NEXT_UPDATE,
        generation=3,
        phase=2,
        state=ClockState.MISSED,
        warned=(50, 75),
        extensions=(
            Extension(MONDAY_NINE + timedelta(days=1), "an outage"),
            Extension(Duration(2, Unit.BUSINESS_DAY), "asked for"),
        ),
        met_at=MONDAY_NINE + timedelta(hours=9),
        missed_at=MONDAY_NINE + timedelta(hours=4),
        fired_at=MONDAY_NINE + timedelta(hours=5),
        stopped_at=MONDAY_NINE + timedelta(hours=10),
    )
    async with db.transaction() as tx:
        dispute = await a_stored_dispute(tx)
        await decisions.save(
            tx, Decisions(clocks=[Kept(dispute.id, full, new=True), Kept(dispute.id, a_clock(), new=True)])
        )
    async with db.transaction() as tx:
        read = await clocks.newest(tx, [dispute.id])
        assert read == {dispute.id: {Kind.NEXT_UPDATE: full, Kind.TIER: a_clock()}}
        key = (dispute.id, Kind.NEXT_UPDATE)
        assert await clocks.named(tx, [(*key, 3), (*key, 9)]) == {key: full}


async def test_of_a_kind_the_newest_generation_counts_and_the_older_ones_are_kept_for_readers(db: Database) -> None:
    over = a_clock(state=ClockState.MET, met_at=MONDAY_NINE)
    async with db.transaction() as tx:
        dispute = await a_stored_dispute(tx)
        await decisions.save(tx, Decisions(clocks=[Kept(dispute.id, a_clock(), new=True)]))
        second = Kept(dispute.id, a_clock(generation=2), new=True)
        await decisions.save(tx, Decisions(clocks=[second, Kept(dispute.id, over, new=False)]))
    async with db.transaction() as tx:
        assert (await clocks.newest(tx, [dispute.id]))[dispute.id] == {Kind.TIER: a_clock(generation=2)}
        assert sorted(clock.generation for clock in await clocks.for_api(tx, dispute.id)) == [1, 2]


async def test_two_open_clocks_of_one_kind_are_refused_by_the_database(db: Database) -> None:
    async with db.transaction() as tx:
        dispute = await a_stored_dispute(tx)
        await decisions.save(tx, Decisions(clocks=[Kept(dispute.id, a_clock(), new=True)]))
    async with db.transaction() as tx:
        with pytest.raises(asyncpg.UniqueViolationError):
            await decisions.save(tx, Decisions(clocks=[Kept(dispute.id, a_clock(generation=2), new=True)]))


async def test_nothing_to_write_or_read_is_no_fault(db: Database) -> None:
    async with db.transaction() as tx:
        await decisions.save(tx, Decisions())
        assert await clocks.newest(tx, []) == {}
        assert await clocks.named(tx, []) == {}


async def test_a_timer_replaces_the_one_of_its_kind_and_is_never_set_in_the_past(db: Database) -> None:
    async with db.transaction() as tx:
        dispute = await a_stored_dispute(tx)
        await decisions.save(tx, Decisions(armed=[timers.Armed(dispute.id, Kind.TIER, tx.now + timedelta(hours=1), 1)]))
        await decisions.save(tx, Decisions(armed=[timers.Armed(dispute.id, Kind.TIER, tx.now - timedelta(hours=1), 2)]))
        (due,) = await timers.take_due(tx, tx.now)
        assert (due.due_at, due.generation, due.dispute) == (tx.now, 2, dispute)
        await decisions.save(tx, Decisions(gone=[(dispute.id, Kind.TIER), (dispute.id, Kind.SILENCE)]))
        assert await timers.take_due(tx, tx.now) == []


async def test_only_a_timer_that_is_due_soon_wakes_the_sweep(db: Database) -> None:
    async with db.transaction() as tx:
        dispute = await a_stored_dispute(tx)
        await decisions.save(
            tx, Decisions(armed=[timers.Armed(dispute.id, Kind.TIER, tx.now + timedelta(minutes=1), 1)])
        )
        assert "timer" not in tx.hints
        await decisions.save(tx, Decisions(armed=[timers.Armed(dispute.id, Kind.TIER, tx.now, 1)]))
        assert "timer" in tx.hints


async def test_due_timers_come_longest_overdue_first_from_the_low_mark_up_to_now(db: Database) -> None:
    async with db.transaction() as tx:
        made = [await a_stored_dispute(tx) for _ in range(4)]
        for hours, dispute in zip((3, 1, 2, -1), made, strict=True):
            await tx.raw.execute(
                "insert into timer values ($1, 'tier', $2, 1)", dispute.id, tx.now - timedelta(hours=hours)
            )
        low = tx.now - timedelta(hours=2)
        assert [due.dispute.id for due in await timers.take_due(tx, low)] == [made[2].id, made[1].id]
        assert [due.dispute.id for due in await timers.take_due(tx, low, limit=1)] == [made[2].id]
        assert await timers.next_due(tx, tx.now) == tx.now + timedelta(hours=1)
        assert await timers.next_due(tx, tx.now + timedelta(hours=2)) is None
