"""The engine room on a real database whose clock the test moves."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.escalation.ageing import Ageing
from services.escalation.auditor import Auditor
from services.escalation.figures import Figures
from services.escalation.handlers import Handlers
from services.escalation.sweep import Sweep
from shared.db import clocks, disputes, history, policies
from shared.db.disputes import Change
from shared.db.engine import Database, Tx, make_engine
from shared.db.policies import Matrices
from shared.domain.clock_record import Clock
from shared.domain.dispute import Dispute
from shared.domain.frozen import altered
from shared.domain.lifecycle import Trigger
from shared.messages.events import DisputeResolved, Event, StatusChanged
from shared.policy.matrix import matrix_body
from shared.runtime.metrics import Metrics
from tests.builders import a_dispute, a_filing
from tests.domain.matrices import CALENDARS, a_body

AUTHOR: dict[str, Any] = {"author": "principal:test", "reason": "a test"}


class Room:
    """Handlers, a sweep and an auditor; `ahead` is how far the clock was moved."""

    def __init__(self, url: str) -> None:
        self.ahead = timedelta()
        self.database = Database(make_engine(url, pool_size=8), offset=lambda: self.ahead)
        self.metrics = Metrics()
        self.figures = Figures(self.metrics)
        self.matrices = Matrices(CALENDARS)
        self.handlers = Handlers(self.matrices, CALENDARS, self.figures)
        self.sweep = self.another_sweep()
        stalled = timedelta(seconds=30)
        self.auditor = Auditor(self.database, self.handlers, self.figures, batch=100, stalled=stalled)
        self.ageing = self.another_ageing()

    def another_ageing(self) -> Ageing:
        """As a process that has just started."""
        return Ageing(self.database, self.matrices, self.handlers, batch=100)

    def another_sweep(self, batch: int = 500) -> Sweep:
        """A rival, as another process would be."""
        return Sweep(self.database, self.matrices, CALENDARS, self.figures, batch=batch)

    async def put_policy(self, **parts: Any) -> None:
        """Stores the next version of the matrix."""
        async with self.database.transaction() as tx:
            await policies.put(tx, "escalation", matrix_body(a_body(**parts)), **AUTHOR)

    async def filed(self, count: int = 1, **fields: Any) -> list[Dispute]:
        """Disputes filed now, of which escalation has not heard."""
        async with self.database.transaction() as tx:
            made = [a_dispute(received_at=tx.now, **fields) for _ in range(count)]
            return await disputes.insert_many(tx, [a_filing(each) for each in made])

    async def taken_up(self, count: int = 1, **fields: Any) -> list[UUID]:
        """The same, heard of and taken up."""
        ids = [each.id for each in await self.filed(count, **fields)]
        await self.hear(ids)
        return ids

    async def hear(self, ids: Iterable[UUID]) -> None:
        """Escalation hears of something about these disputes."""
        async with self.database.transaction() as tx:
            await self.handlers.attend(tx, dict.fromkeys(ids))

    async def pass_time(self, **time: float) -> None:
        """Moves the clock on and lets the sweep do everything that is then due."""
        self.ahead += timedelta(**time)
        await self.drain()

    async def drain(self, sweep: Sweep | None = None) -> None:
        """Sweeps until nothing is due."""
        taken = 1
        while taken:
            taken = (await (sweep or self.sweep).fire_batch(500)).taken

    async def read(self, dispute_id: UUID) -> Dispute:
        """The dispute as it is stored."""
        async with self.database.transaction() as tx:
            return await disputes.get(tx, dispute_id)

    async def clocks(self, dispute_id: UUID) -> dict[str, Clock]:
        """Its newest clocks by name."""
        async with self.database.transaction() as tx:
            return {kind.value: clock for kind, clock in (await clocks.newest(tx, [dispute_id]))[dispute_id].items()}

    async def timers(self, dispute_id: UUID) -> set[str]:
        """The kinds of timer that are armed for it."""
        async with self.database.transaction() as tx:
            return {row["kind"] for row in await tx.raw.fetch("select kind from timer where dispute_id=$1", dispute_id)}

    async def events(self, dispute_id: UUID) -> list[Event]:
        """Its history after filing."""
        async with self.database.transaction() as tx:
            found = await history.entries(tx, dispute_id, after=1)
        return [entry.envelope.event for entry in found]

    async def told(self) -> Counter[str]:
        """How often each kind of event is in all histories."""
        async with self.database.transaction() as tx:
            return Counter({row["type"]: row["n"] for row in await tx.raw.fetch(_TOLD)})

    async def move(self, dispute_id: UUID, trigger: Trigger) -> None:
        """Somebody at another door moves the dispute; escalation has not heard of it yet."""
        async with self.database.transaction() as tx:
            await moved(tx, dispute_id, trigger)

    async def change(self, dispute_id: UUID, **facts: Any) -> None:
        """Another door changes facts of the dispute."""
        async with self.database.transaction() as tx:
            before = await disputes.lock(tx, dispute_id)
            await disputes.save(tx, Change(before, altered(before, **facts), (), "system:test"))


_TOLD = "select type, count(*) as n from event group by type"


async def moved(tx: Tx, dispute_id: UUID, trigger: Trigger) -> None:
    """Moves a dispute as intake would: locked, saved with its event."""
    before = await disputes.lock(tx, dispute_id)
    after = before.after(trigger, tx.now)
    event: Event = StatusChanged(before=before.status, after=after.status, trigger=trigger)
    if trigger is Trigger.RESOLVE:
        event = DisputeResolved(outcome="upheld", remedy=None, amount=None, currency=None, occasion=before.reopen_count)
    await disputes.save(tx, Change(before, after, (event,), "principal:test"))
