"""Timers due: take a batch under lock, decide again, save, set the next. No lease, no "running" state, nothing to rescue.

Fire is one short transaction. A crash before the commit leaves the timer due; a crash after it leaves nothing undone.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.escalation.deciding import Decided, save
from services.escalation.figures import Figures
from services.escalation.lookout import LONG_AGO, Lookout
from services.escalation.staffing import Staff, bench_of
from shared.db import clocks, heartbeats, marks, risk, timers
from shared.db.engine import Database, Tx
from shared.db.faults import is_away, is_transient, may_be_away
from shared.db.policies import Matrices
from shared.db.timers import Due
from shared.domain.calendar import Calendar
from shared.domain.clock_record import Clock, Kind
from shared.domain.errors import RecourseError
from shared.domain.firing import alone, fire
from shared.domain.marks import NO_MARKS
from shared.domain.matrix import Matrix
from shared.domain.milestones import NOTHING_BEYOND, Beyond
from shared.runtime.logs import logger

log = logger(__name__)

HEARTBEAT: Final = "escalation.sweep"
HEARTBEAT_EVERY_SECONDS: Final = 1.0
ASSIST_AFTER: Final = timedelta(milliseconds=50)
"""A timer that is overdue for less than this is left to the first sweep of a process by the others."""
DECIDED_AT_ONCE: Final = 32
"""After so many decisions the loop is given to whoever else has something to do, first of all the other sweep."""
_REST_SECONDS_MIN: Final = 0.02

_Fired = tuple[Due, Decided]
_Matrices = Mapping[int | None, Matrix | RecourseError]


@dataclass(frozen=True, slots=True)
class Round:
    """What one transaction did: timers taken, those that fired, and when the earliest was due as it began (or None)."""

    taken: int
    fired: int
    next_due_in: timedelta | None


class Sweep:
    """Fires what is due. Any number may run at once, here or in other processes: each skips what another holds."""

    def __init__(
        self,
        database: Database,
        matrices: Matrices,
        calendars: Mapping[str, Calendar],
        figures: Figures,
        *,
        batch: int = timers.BATCH_MAX,
        staff: Staff | None = None,
        patience: timedelta = timedelta(),
    ) -> None:
        """`patience` makes it an assistant: it fires what is overdue for so long because others are busy or hang."""
        self._database = database
        self._matrices = matrices
        self._calendars = calendars
        self._figures = figures
        self._batch = batch
        self._staff = Staff(calendars) if staff is None else staff
        self._lookout = Lookout(database)
        self._patience = patience
        self._full = False
        self._beat_at = -HEARTBEAT_EVERY_SECONDS

    async def round(self) -> bool | float:
        """One batch. True when there may be more at once, else the seconds until the next timer is due."""
        try:
            done = await self.fire_batch(self._batch)
        except Exception as error:
            if is_away(error) or is_transient(error) or may_be_away(error):
                raise
            log.warning("batch_failed_one_by_one", reason=type(error).__name__, exc_info=error)
            return await self._one_by_one()
        if done.taken:
            return True
        if done.next_due_in is None:
            return False
        # Overdue and yet not taken: somebody holds the row. It is looked at again, but not in a frenzy.
        return max(_REST_SECONDS_MIN, (done.next_due_in + self._patience).total_seconds())

    def widen(self) -> None:
        """Has the next look begin further back: somebody here has set a timer that is soon due."""
        self._lookout.widen()

    async def fire_batch(self, limit: int) -> Round:
        """Takes and fires at most `limit` timers in one transaction; where nothing is due it is one index look.

        A decision that raises leaves the others alone: its timer is put off for a growing while, with a record.
        """
        if self._full and not self._lookout.overdue:  # there is more, or was a moment ago: no need to look
            done = await self._fire_due(limit, None)
            if done.taken:
                return done
        next_due_in = await self._lookout.look()
        if next_due_in is None or next_due_in > -self._patience:
            await self._beat_alone()
            return Round(0, 0, next_due_in)
        return await self._fire_due(limit, next_due_in)

    async def _fire_due(self, limit: int, next_due_in: timedelta | None) -> Round:
        self._full = False
        async with self._database.transaction() as tx:
            due = await timers.take_due(tx, self._lookout.low, limit)
            fired = await self._fire(tx, due) if due else []
            await save(tx, list({id(each): each for _, each in fired}.values()))
            await self._beat(tx, len(fired))
            now = tx.now
        self._full = 0 < limit <= len(due)
        self._count(fired, now)
        return Round(len(due), len(fired), next_due_in)

    async def _fire(self, tx: Tx, due: Sequence[Due]) -> list[_Fired]:
        newest = await self._matrices.current(tx)
        matrices = await self._matrices_of(tx, {each.dispute.policy_version for each in due}, newest)
        decided = await self._read(tx, due)
        marked = await marks.of_many(tx, (each.before for each in decided.values() if each.watched))
        benches = await self._staff.benches(tx, newest, (each.before for each in decided.values()))
        risks = await self._risks(tx, decided.values(), matrices)
        ordinary = not (marked or benches or risks)
        fired: list[_Fired] = []
        for place, timer in enumerate(due, 1):
            dispute_id = timer.dispute.id
            each = decided[dispute_id]
            beyond = NOTHING_BEYOND
            if not ordinary:
                bench, risk_of = bench_of(benches, dispute_id), risks.get(dispute_id)
                beyond = Beyond(marked.get(dispute_id, NO_MARKS), bench=bench, breach_risk=risk_of)
            try:
                self._decide(tx, timer, each, _known(matrices[timer.dispute.policy_version]), beyond)
            except Exception as error:  # noqa: BLE001 - one dispute must not stop the others; its fate is to be parked
                await self._park(tx, timer, error)
            else:
                fired.append((timer, each))
            if place % DECIDED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return fired

    async def _matrices_of(self, tx: Tx, versions: Iterable[int | None], newest: Matrix) -> _Matrices:
        """The matrix of each version, or the error that those who rest on it are parked with."""
        found: dict[int | None, Matrix | RecourseError] = {}
        for version in versions:
            try:
                found[version] = await self._matrices.for_case(tx, version, newest)
            except RecourseError as error:
                found[version] = error
        return found

    async def _risks(self, tx: Tx, decided: Iterable[Decided], matrices: _Matrices) -> Mapping[UUID, float]:
        """The stored breach risk of those whose matrix looks at it; where none does, as shipped, nothing is read."""
        weighing = {
            version for version, found in matrices.items() if not isinstance(found, RecourseError) and found.weighs_risk
        }
        if not weighing:
            return {}
        asked = [each.before.id for each in decided if each.before.policy_version in weighing]
        return await risk.scores(tx, asked) if asked else {}

    def _decide(self, tx: Tx, timer: Due, each: Decided, matrix: Matrix, beyond: Beyond) -> None:
        clock = each.clocks.get(timer.kind)
        if (timer.kind, timer.generation) not in each.changed and (
            clock is None or not clock.open or clock.generation != timer.generation
        ):
            self._figures.stale.inc()
        had = each.dispute.handler
        plan = fire(each.dispute, timer.kind, each.clocks, matrix, self._calendars, tx.now, beyond)
        each.add(plan, tx.now)
        self._staff.took(had, each.dispute.handler)

    async def _read(self, tx: Tx, due: Sequence[Due]) -> dict[UUID, Decided]:
        """The clocks the timers are of; all clocks of a dispute where one alone does not decide."""
        named = await clocks.named(tx, [(each.dispute.id, each.kind, each.generation) for each in due])
        times = Counter(each.dispute.id for each in due)
        single: dict[UUID, Mapping[Kind, Clock]] = {}
        for each in due:
            clock = named.get((each.dispute.id, each.kind))
            if clock is not None and times[each.dispute.id] == 1 and alone(each.dispute, clock, tx.now):
                single[each.dispute.id] = {each.kind: clock}
        whole = await clocks.newest(tx, [dispute_id for dispute_id in times if dispute_id not in single])
        return {each.dispute.id: Decided(each.dispute, (single | whole)[each.dispute.id]) for each in due}

    async def _park(self, tx: Tx, timer: Due, error: Exception) -> None:
        until = await timers.park(tx, timer.dispute.id, timer.kind, timer.attempts)
        self._figures.failed(error)
        log.error(
            "timer_failed",
            dispute_id=str(timer.dispute.id),
            kind=timer.kind.value,
            attempts=timer.attempts + 1,
            reason=f"{type(error).__name__}: {error}",
            next_try_at=until.isoformat(),
            # A rule of ours that was broken says all in its reason; anything else is a fault to be traced.
            exc_info=None if isinstance(error, RecourseError) else error,
        )

    async def _one_by_one(self) -> bool:
        """Something the database refused: each timer in a transaction of its own, the one at fault put off."""
        for _ in range(self._batch):
            async with self._database.transaction() as tx:
                due = await timers.take_due(tx, LONG_AGO, 1)
                if not due:
                    return False
                fired = await self._fire(tx, due)
                try:
                    async with tx.conn.begin_nested():
                        await save(tx, [each for _, each in fired])
                except Exception as error:
                    if is_away(error) or is_transient(error) or may_be_away(error):
                        raise
                    await self._park(tx, due[0], error)
                    fired = []
                await self._beat(tx, len(fired))
                now = tx.now
            self._count(fired, now)
        return True

    async def _beat_alone(self) -> None:
        if self._beat_due:
            async with self._database.transaction() as tx:
                await self._beat(tx, 0)

    @property
    def _beat_due(self) -> bool:
        return time.monotonic() - self._beat_at >= HEARTBEAT_EVERY_SECONDS

    async def _beat(self, tx: Tx, fired: int) -> None:
        if self._beat_due:
            self._beat_at = time.monotonic()
            await heartbeats.beat(tx, HEARTBEAT, fired=fired)

    def _count(self, fired: Sequence[_Fired], now: datetime) -> None:
        self._figures.fired((timer.kind.value for timer, _ in fired), [now - timer.due_at for timer, _ in fired])
        for each in {id(each): each for _, each in fired}.values():
            for clock in each.changed.values():
                self._figures.ended(clock)


def _known(found: Matrix | RecourseError) -> Matrix:
    if isinstance(found, RecourseError):
        raise found
    return found
