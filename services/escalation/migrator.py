"""Migrations carried out: open disputes moved to another version of the policy, a slice in each transaction.

How far a migration is stands in the same transaction as what it moved, so that a crash repeats nothing and misses nobody.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from services.escalation.deciding import Decided, save
from services.escalation.figures import Figures
from services.escalation.staffing import Staff, bench_of
from services.escalation.telling import text_or_none
from shared.db import clocks, disputes, marks, policy_migrations, risk
from shared.db.engine import Database, Tx
from shared.db.faults import RAISED_BY_DATABASE, is_away, is_transient, may_be_away
from shared.db.policies import Matrices
from shared.db.policy_migrations import FAILURES_KEPT_MAX, Migration, Slice
from shared.domain import migration as domain
from shared.domain.calendar import Calendar
from shared.domain.dispute import Dispute
from shared.domain.errors import RecourseError
from shared.domain.marks import NO_MARKS
from shared.domain.matrix import Matrix
from shared.domain.milestones import Beyond
from shared.messages.events import PolicyMigrated
from shared.runtime.logs import logger

log = logger(__name__)

SLICE_MAX: Final = 100
"""Disputes locked at once."""


class _Moved(NamedTuple):
    decided: Decided
    counts: Mapping[str, int]


class Migrator:
    """Takes the oldest migration and moves its next slice. Any number may run; one at a time works."""

    def __init__(
        self,
        database: Database,
        matrices: Matrices,
        calendars: Mapping[str, Calendar],
        figures: Figures,
        *,
        batch: int = SLICE_MAX,
    ) -> None:
        self._database = database
        self._matrices = matrices
        self._calendars = calendars
        self._figures = figures
        self._batch = batch
        self._staff = Staff(calendars)

    async def round(self) -> bool:
        """One slice of the oldest migration; False when none waits, or another process is at it."""
        async with self._database.transaction() as tx:
            job = await policy_migrations.take(tx)
            if job is None:
                return False
            try:
                newest = await self._matrices.current(tx)
                to = await self._matrices.for_case(tx, job.to_version, newest)
            except RecourseError as error:
                await self._give_up(tx, job, error)
                return True
            moved = await self._advance(tx, job, to)
        # Counted after the commit, unlike events: nothing hands a slice out again.
        for each in moved:
            for clock in each.decided.changed.values():
                self._figures.ended(clock)
        return True

    async def _give_up(self, tx: Tx, job: Migration, error: RecourseError) -> None:
        log.error("migration_failed", migration_id=str(job.id), to_version=job.to_version, reason=str(error))
        await policy_migrations.keep(tx, replace(job, state="failed", fault=str(error), finished_at=tx.now))

    async def _advance(self, tx: Tx, job: Migration, to: Matrix) -> list[_Moved]:
        """Moves the next slice and remembers how far it came."""
        part = await policy_migrations.next_slice(tx, job, self._batch)
        failures: list[tuple[Dispute, Exception]] = []
        moved = await self._decide(tx, job, part, to=to, failures=failures)
        saved = await self._save(tx, moved, failures)
        await policy_migrations.keep(tx, _further(tx, job, part, saved, failures))
        for dispute, error in failures:
            log.warning("dispute_not_migrated", dispute_id=str(dispute.id), reason=f"{type(error).__name__}: {error}")
        return saved

    async def _decide(
        self, tx: Tx, job: Migration, part: Slice, *, to: Matrix, failures: list[tuple[Dispute, Exception]]
    ) -> list[_Moved]:
        locked = await disputes.lock_many(tx, part.ids)
        known = await clocks.newest(tx, locked)
        newest = await self._matrices.current(tx)
        found = [Decided(dispute, known[dispute.id]) for dispute in locked.values()]
        marked = await marks.of_many(tx, (each.before for each in found if each.watched))
        benches = await self._staff.benches(tx, newest, locked.values())
        risks = await risk.scores(tx, locked) if to.weighs_risk else {}
        moved: list[_Moved] = []
        for each in found:
            dispute = each.before
            if dispute.policy_version == job.to_version:
                continue  # moved by somebody since the slice was read
            try:
                came_from = await self._matrices.for_case(tx, dispute.policy_version, newest)
                done = domain.migrate(
                    dispute,
                    known[dispute.id],
                    domain.Versions(came_from, to),
                    self._calendars,
                    tx.now,
                    allow_later=job.allow_later,
                    beyond=Beyond(
                        marked.get(dispute.id, NO_MARKS),
                        bench=bench_of(benches, dispute.id),
                        breach_risk=risks.get(dispute.id),
                    ),
                )
            except RecourseError as error:
                failures.append((dispute, error))
            else:
                moved.append(_told(tx, job, each, done))
                self._staff.took(dispute.handler, each.dispute.handler)
        return moved

    async def _save(self, tx: Tx, moved: Sequence[_Moved], failures: list[tuple[Dispute, Exception]]) -> list[_Moved]:
        """Saves all together, or each alone when the database refuses one; those it refuses are failures."""
        try:
            async with tx.conn.begin_nested():
                await save(tx, [each.decided for each in moved])
        except RAISED_BY_DATABASE as error:
            if is_away(error) or is_transient(error) or may_be_away(error):
                raise
            if len(moved) == 1:
                failures.append((moved[0].decided.before, error))
                return []
        else:
            return list(moved)
        return [saved for each in moved for saved in await self._save(tx, [each], failures)]


def _told(tx: Tx, job: Migration, decided: Decided, done: domain.Migration) -> _Moved:
    """The dispute's changes with the line of its history that says who moved it, from where, and what that moved."""
    before, after = decided.before, done.dispute
    decided.events.append(
        PolicyMigrated(
            migration_id=str(job.id),
            from_version=before.policy_version,
            to_version=job.to_version,
            moved={each.kind.value: (text_or_none(each.before), text_or_none(each.after)) for each in done.moved},
            held=tuple(each.kind.value for each in done.held),
            severity=None if before.severity is after.severity else (before.severity.value, after.severity.value),
            allow_later=job.allow_later,
            reason=job.reason,
            requested_by=job.requested_by,
        )
    )
    for plan in done.plans:
        decided.add(plan, tx.now)
    return _Moved(decided, _counts(done, before))


def _counts(done: domain.Migration, before: Dispute) -> dict[str, int]:
    by = [each.by.total_seconds() for each in done.moved if each.by is not None]
    return {
        "migrated": 1,
        "earlier": sum(each < 0 for each in by),
        "later": sum(each > 0 for each in by),
        "withdrawn": len(done.moved) - len(by),
        "held": len(done.held),
        "overdue": sum(each.overdue for each in done.moved),
        "escalated": (done.dispute.tier or 0) > (before.tier or 0),
    }


def _further(
    tx: Tx, job: Migration, part: Slice, saved: Sequence[_Moved], failures: Sequence[tuple[Dispute, Exception]]
) -> Migration:
    counts = Counter(job.counts)
    for each in saved:
        counts.update(each.counts)
    counts["failed"] += len(failures)
    told = [
        {
            "dispute_id": str(dispute.id),
            "reference": dispute.reference,
            "reason": f"{type(error).__name__}: {error}"[:300],
        }
        for dispute, error in failures
    ]
    return replace(
        job,
        state="done" if part.last else "running",
        after=part.after,
        counts=counts,
        failures=[*job.failures, *told][:FAILURES_KEPT_MAX],
        finished_at=tx.now if part.last else None,
    )
