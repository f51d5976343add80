"""Timers due: take a batch under lock, decide again, save, set the next. No lease, no "running" state, nothing to rescue.

Fire is one short transaction. A crash before the commit leaves the timer due; a crash after it leaves nothing undone.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from services.escalation.deciding import Decided, save
from services.escalation.figures import Figures
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
from shared.domain.milestones import Beyond
from shared.runtime.logs import logger

log = logger(__name__)

HEARTBEAT: Final = "escalation.sweep"
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
MARGIN: Final = timedelta(seconds=60)
"""How far below the earliest timer a bounded sweep still looks: a transaction that set one may commit that late."""
UNBOUNDED_EVERY_SECONDS: Final = 30.0
HEARTBEAT_EVERY_SECONDS: Final = 1.0
_REST_SECONDS_MIN: Final = 0.02

_Fired = tuple[Due, Decided]


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
    ) -> None:
        self._database = database
        self._matrices = matrices
        self._calendars = calendars
        self._figures = figures
        self._batch = batch
        self._staff = Staff(calendars) if staff is None else staff
        self._low = LONG_AGO
        self._unbounded_at = -UNBOUNDED_EVERY_SECONDS
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
        return max(_REST_SECONDS_MIN, done.next_due_in.total_seconds())

    async def fire_batch(self, limit: int) -> Round:
        """Takes and fires at most `limit` timers in one transaction; where nothing is due it is one index look.

        A decision that raises leaves the others alone: its timer is put off for a growing while, with a record.
        """
        low = self._from()
        next_due_in = await self._look_ahead(low)
        if next_due_in is None or next_due_in > timedelta():
            await self._beat_alone()
            return Round(0, 0, next_due_in)
        async with self._database.transaction() as tx:
            due = await timers.take_due(tx, low, limit)
            fired = await self._fire(tx, due) if due else []
            await save(tx, list({id(each): each for _, each in fired}.values()))
            await self._beat(tx, len(fired))
            now = tx.now
        self._count(fired, now)
        return Round(len(due), len(fired), next_due_in)

    async def _fire(self, tx: Tx, due: Sequence[Due]) -> list[_Fired]:
        newest = await self._matrices.current(tx)
        decided = await self._read(tx, due)
        marked = await marks.of_many(tx, (each.before for each in decided.values() if each.watched))
        benches = await self._staff.benches(tx, newest, (each.before for each in decided.values()))
        risks = await self._risks(tx, decided.values(), newest)
        fired: list[_Fired] = []
        for timer in due:
            each = decided[timer.dispute.id]
            try:
                matrix = await self._matrices.for_case(tx, timer.dispute.policy_version, newest)
                beyond = Beyond(
                    marked.get(timer.dispute.id, NO_MARKS),
                    bench=bench_of(benches, timer.dispute.id),
                    breach_risk=risks.get(timer.dispute.id),
                )
                self._decide(tx, timer, each, matrix, beyond)
            except Exception as error:  # noqa: BLE001 - one dispute must not stop the others; its fate is to be parked
                await self._park(tx, timer, error)
            else:
                fired.append((timer, each))
        return fired

    async def _risks(self, tx: Tx, decided: Iterable[Decided], newest: Matrix) -> Mapping[UUID, float]:
        """The stored breach risk of those whose matrix looks at it; where none does, as shipped, nothing is read."""
        found: dict[int | None, list[UUID]] = {}
        for each in decided:
            found.setdefault(each.before.policy_version, []).append(each.before.id)
        asked: list[UUID] = []
        for version, ids in found.items():
            try:
                asked += ids if (await self._matrices.for_case(tx, version, newest)).weighs_risk else []
            except RecourseError:
                continue  # told and parked where each is decided on
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

    def _from(self) -> datetime:
        """The low mark, or from the beginning of time now and then, whatever the mark believes."""
        if time.monotonic() - self._unbounded_at < UNBOUNDED_EVERY_SECONDS:
            return self._low
        return LONG_AGO

    async def _look_ahead(self, low: datetime) -> timedelta | None:
        async with self._database.look() as look:
            now, earliest = await timers.look(look, low)
        if low == LONG_AGO:
            self._unbounded_at = time.monotonic()
        self._low = min(earliest or now, now) - MARGIN
        return None if earliest is None else earliest - now

    async def _beat_alone(self) -> None:
        if self._beat_due:
            async with self._database.transaction() as tx:
                await self._beat(tx, 0)

    @property
    def _beat_due(self) -> bool:
        return time.monotonic() - self._beat_at >= HEARTBEAT_EVERY_SECONDS

    async def _beat(self, tx: Tx, fired: int) -> None:
        if self._beat_due:
            await heartbeats.beat(tx, HEARTBEAT, fired=fired)
            self._beat_at = time.monotonic()

    def _count(self, fired: Sequence[_Fired], now: datetime) -> None:
        self._figures.fired((timer.kind.value for timer, _ in fired), [now - timer.due_at for timer, _ in fired])
        for each in {id(each): each for _, each in fired}.values():
            for clock in each.changed.values():
                self._figures.ended(clock)
