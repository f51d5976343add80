"""Ten thousand disputes, each resolved at the moment its timer fires, on a real database in this process."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Final
from uuid import UUID

from services.escalation.figures import Figures
from services.escalation.handlers import Handlers
from services.escalation.sweep import Sweep
from shared.db import disputes
from shared.db.disputes import Change
from shared.db.engine import Database, make_engine
from shared.db.policies import Matrices
from shared.domain import escalation, firing
from shared.domain.calendar import Calendar
from shared.domain.lifecycle import Trigger
from shared.messages.events import DisputeResolved
from shared.runtime.metrics import Metrics
from tests.builders import a_dispute, a_filing
from tests.faults import guards
from tests.faults.checker import Terms, Verdict, judge
from tests.faults.client import Log
from tests.faults.house import House, Site
from tests.faults.matrix import in_seconds
from tests.faults.wrapping import put

PAIRS: Final = 10_000
PAIRS_WITHOUT_GUARD: Final = 500
FILED_AT_ONCE: Final = 250
RESOLVERS: Final = 4
SWEEP_BATCH: Final = 8
"""Small, so that sweeps and agents meet as often as may be."""

APART_MAX: Final = 12
"""How far the sweeps may be ahead of the agents, in disputes, and the agents of the sweeps."""

TICK: Final = timedelta(milliseconds=1)
ORDERED: Final = timedelta(minutes=2)

CALENDARS: Final = {"always": Calendar.always()}
DECIDING: Final = ((firing, "settled"), (firing, "climbs"), (escalation, "climbs"))


async def resolve_and_fire(house: House, rng: Random, without: str | None) -> Verdict:
    """Two sweeps and four agents go through the same disputes in the same order."""
    saved = [(owner, name, getattr(owner, name)) for owner, name in DECIDING]
    if without is not None:
        guards.REMOVE[without]()
    try:
        async with house.site(in_seconds(tier="20 minutes", settled="1 hour"), without=without) as site:
            return await _raced(site, rng, PAIRS if without is None else PAIRS_WITHOUT_GUARD)
    finally:
        for owner, name, value in saved:
            put(owner, name, value)


async def _raced(site: Site, rng: Random, pairs: int) -> Verdict:
    ahead = timedelta()
    database = Database(make_engine(site.url, pool_size=12), offset=lambda: ahead)
    figures, matrices = Figures(Metrics()), Matrices(CALENDARS)
    ids = await _taken_up(database, Handlers(matrices, CALENDARS, figures), pairs)
    ahead = timedelta(minutes=22)
    began, over, log = time.monotonic(), asyncio.Event(), Log()
    sweeps = [Sweep(database, matrices, CALENDARS, figures, batch=SWEEP_BATCH) for _ in range(2)]
    step = Step()
    fired = [asyncio.create_task(_swept(sweep, step, over)) for sweep in sweeps]
    shares = [_near_order(ids[n::RESOLVERS], rng) for n in range(RESOLVERS)]
    await asyncio.gather(*(_resolved(database, share, step, log) for share in shares))
    over.set()
    await step.moved()
    await asyncio.gather(*fired)
    seconds = time.monotonic() - began
    await database.dispose()
    verdict = await judge(site, log, Terms(carried=False))
    climbs = verdict.facts["climbs"]
    verdict.facts |= {"pairs": pairs, "resolved first": pairs - climbs, "raced for": f"{seconds:.1f} s"}
    del verdict.facts["latest"]  # the clock was moved on at once
    if not 0 < climbs < pairs:
        verdict.violations.append(f"the scenario was no race: {climbs} of {pairs} climbed before they were resolved")
    return verdict


async def _taken_up(database: Database, handlers: Handlers, pairs: int) -> list[UUID]:
    ids: list[UUID] = []
    for _ in range(0, pairs, FILED_AT_ONCE):
        async with database.transaction() as tx:
            numbers = range(len(ids), min(len(ids) + FILED_AT_ONCE, pairs))
            # Each falls due a moment after the one before, so that sweeps and agents go through them in one order.
            made = [
                a_dispute(received_at=tx.now + number * TICK - ORDERED, reference=f"D-2026-{number:06d}")
                for number in numbers
            ]
            await disputes.insert_many(tx, [a_filing(each) for each in made])
            await handlers.attend(tx, {each.id: None for each in made})
        ids += [each.id for each in made]
    return ids


class Step:
    """Keeps sweeps and agents beside each other: neither gets far ahead."""

    def __init__(self) -> None:
        self.fired = 0
        self.resolved = 0
        self._moved = asyncio.Condition()

    async def sweeps_may(self, over: asyncio.Event) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: over.is_set() or self.fired < self.resolved + APART_MAX)

    async def agents_may(self) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.resolved < self.fired + APART_MAX)

    async def moved(self, *, fired: int = 0, resolved: int = 0) -> None:
        async with self._moved:
            self.fired += fired
            self.resolved += resolved
            self._moved.notify_all()


async def _swept(sweep: Sweep, step: Step, over: asyncio.Event) -> None:
    """Fires until all agents are done and nothing is due any more."""
    while True:
        await step.sweeps_may(over)
        last = over.is_set()
        done = await sweep.fire_batch(SWEEP_BATCH)
        await step.moved(fired=done.taken)
        if done.taken == 0 and last and (done.next_due_in is None or done.next_due_in > timedelta()):
            return


def _near_order(ids: Sequence[UUID], rng: Random) -> list[UUID]:
    """The order in which they fall due, each up to some places off."""
    return [each for _, each in sorted((place + rng.uniform(0, 10), each) for place, each in enumerate(ids))]


async def _resolved(database: Database, ids: Sequence[UUID], step: Step, log: Log) -> None:
    for dispute_id in ids:
        await step.agents_may()
        async with database.transaction() as tx:
            before = await disputes.lock(tx, dispute_id)
            after = before.after(Trigger.RESOLVE, tx.now)
            event = DisputeResolved(outcome="upheld", remedy=None, amount=None, currency=None, occasion=0)
            await disputes.save(tx, Change(before, after, (event,), "principal:faults"))
        log.resolved.add(str(dispute_id))
        await step.moved(resolved=1)
