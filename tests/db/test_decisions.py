"""What was decided about many disputes is saved whole, in one statement, or not at all."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.db import clocks, decisions, disputes, history, timers
from shared.db.clocks import Kept
from shared.db.decisions import Decisions
from shared.db.disputes import Change
from shared.db.engine import Database, Tx
from shared.domain.clock_record import Clock, ClockState, Kind
from shared.domain.dispute import Category, Dispute, Remedy, Severity, Wait
from shared.domain.errors import StaleVersion
from shared.domain.frozen import altered
from shared.domain.lifecycle import Outcome, Stage, Status
from shared.domain.money import Money
from shared.messages.events import StatusChanged
from shared.policy.matrix import default_body, parse_matrix
from tests.builders import MONDAY_NINE, a_dispute, a_filing

MATRIX = parse_matrix(default_body(), version=1)
LATER = MONDAY_NINE + timedelta(hours=4)
MOVED = StatusChanged(before="received", after="investigating", trigger="investigate")
FACTS: dict[str, Any] = {
    "status": Status.INVESTIGATING,
    "stage": Stage.INTERNAL_2,
    "tier": 3,
    "handler": "Grace",
    "outcome": Outcome.UPHELD,
    "remedy": Remedy("partial_refund", Money.of("1.250", "KWD")),
    "severity": Severity.CRITICAL,
    "category": Category("warranty", 0.5, needs_person=True, secondary=("communication",), issue="late"),
    "signals": ("angry", "legal_threat"),
    "amount": Money.of("12.00", "EUR"),
    "order_reference": "SO-7",
    "customer_class": "premium",
    "language": "de",
    "policy_version": 4,
    "contact_count": 9,
    "reopen_count": 2,
    "waits": (Wait(MONDAY_NINE, LATER, "customer"),),
    "acknowledged_at": LATER,
    "responded_at": LATER,
    "informed_at": LATER,
    "resolved_at": LATER,
    "closed_at": LATER,
    "metadata": {"helpdesk_ticket": "88"},
}


def a_clock(**facts: Any) -> Clock:
    clock = Clock(
        kind=Kind.TIER,
        generation=1,
        phase=0,
        state=ClockState.RUNNING,
        tier=1,
        promise=MATRIX.tier(1).deadlines[Severity.NORMAL],
        policy_version=1,
        started_at=MONDAY_NINE,
        opened_at=MONDAY_NINE,
        due_at=LATER,
    )
    return altered(clock, **facts)


async def filed(db: Database, count: int = 1) -> list[Dispute]:
    """Disputes, each with a running clock and its timer."""
    async with db.transaction() as tx:
        made = await disputes.insert_many(tx, [a_filing(a_dispute()) for _ in range(count)])
        await decisions.save(tx, Decisions(clocks=[Kept(each.id, a_clock(), new=True) for each in made]))
        await decisions.save(tx, Decisions(armed=[timers.Armed(each.id, Kind.TIER, LATER, 1) for each in made]))
    return made


def change(before: Dispute, **facts: Any) -> Change:
    return Change(before, altered(before, version=before.version + 1, **facts), (MOVED,), "system:test")


async def save(db: Database, decided: Decisions) -> None:
    async with db.transaction() as tx:
        await decisions.save(tx, decided)


async def read(tx: Tx, dispute_id: UUID) -> Dispute:
    return await disputes.get(tx, dispute_id)


async def test_a_clock_that_ends_and_the_one_that_follows_it_are_saved_together(db: Database) -> None:
    made = await filed(db, 40)
    over, following = a_clock(state=ClockState.MISSED, missed_at=LATER, fired_at=LATER), a_clock(generation=2, tier=2)
    async with db.transaction() as tx:
        saved = Decisions(
            [change(each, tier=2, handler="Grace") for each in made],
            [Kept(each.id, clock, new=clock is following) for each in made for clock in (following, over)],
            [timers.Armed(each.id, Kind.TIER, tx.now + timedelta(hours=1), 2) for each in made[1:]],
            [(made[0].id, Kind.TIER)],
        )
        await decisions.save(tx, saved)
        assert tx.hints == {"outbox"}
    async with db.transaction() as tx:
        for each in made:
            assert (await read(tx, each.id)).tier == 2
            assert {clock.generation: clock for clock in await clocks.for_api(tx, each.id)} == {1: over, 2: following}
            assert history.first_break(await history.entries(tx, each.id)) is None
        assert await tx.raw.fetchval("select count(*) from outbox where topic = $1", MOVED.type) == 40
        armed = await tx.raw.fetch("select dispute_id, generation from timer")
        assert {row["dispute_id"]: row["generation"] for row in armed} == {each.id: 2 for each in made[1:]}


@pytest.mark.parametrize("name", FACTS)
async def test_every_fact_that_may_change_is_stored_whichever_others_change_beside_it(db: Database, name: str) -> None:
    """What changes from day to day travels without the rest of the row; anything else takes the whole row along."""
    alone, beside = await filed(db, 2)
    changes = [change(alone, **{name: FACTS[name]}), change(beside, informed_at=MONDAY_NINE)]
    for each in changes:
        await save(db, Decisions([each], (), (), ()))
    async with db.transaction() as tx:
        both = [change(await read(tx, alone.id), closed_at=MONDAY_NINE), change(await read(tx, beside.id), **FACTS)]
        await decisions.save(tx, Decisions(both, (), (), ()))
    async with db.transaction() as tx:
        for expected in (altered(changes[0].after, closed_at=MONDAY_NINE), altered(changes[1].after, **FACTS)):
            found = await read(tx, expected.id)
            assert found.version == 3
            assert found == altered(expected, version=3, sequence=found.sequence, head=found.head)


async def test_a_dispute_that_was_changed_meanwhile_is_not_overwritten_and_nothing_else_is_saved(db: Database) -> None:
    stale, other = await filed(db, 2)
    async with db.transaction() as tx:
        await disputes.save(tx, change(stale, handler="Grace"))
    over = [Kept(each.id, a_clock(state=ClockState.STOPPED), new=False) for each in (stale, other)]
    gone = [(each.id, Kind.TIER) for each in (stale, other)]
    with pytest.raises(StaleVersion):
        await save(db, Decisions([change(stale, tier=2), change(other, tier=2)], over, (), gone))
    async with db.transaction() as tx:
        assert [(await read(tx, each.id)).tier for each in (stale, other)] == [None, None]
        assert {clock.state for each in (stale, other) for clock in await clocks.for_api(tx, each.id)} == {"running"}
        assert await tx.raw.fetchval("select count(*) from timer") == 2


async def test_clocks_and_timers_are_saved_of_a_dispute_that_does_not_change_itself(db: Database) -> None:
    (made,) = await filed(db)
    async with db.transaction() as tx:
        await decisions.save(tx, Decisions((), [Kept(made.id, a_clock(warned=(50,)), new=False)], (), ()))
        await decisions.save(tx, Decisions((), (), (), ()))
        assert tx.hints == set()
    async with db.transaction() as tx:
        assert [clock.warned for clock in await clocks.for_api(tx, made.id)] == [(50,)]
        assert (await read(tx, made.id)).sequence == made.sequence
