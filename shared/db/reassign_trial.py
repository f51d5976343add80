"""A reassignment tried: who would get what, and what nobody else can take. Reads, decides as in earnest, and writes nothing."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.db import assignments, clocks, disputes, reassignments
from shared.db.dry_run import Bounds, matrices_of
from shared.db.engine import Database, Tx
from shared.db.open_sample import Looked
from shared.db.policies import Matrices
from shared.db.reassignments import FAILURES_KEPT_MAX, Filter
from shared.db.surroundings import Surroundings
from shared.domain.dispute import Dispute
from shared.domain.errors import Conflict, PolicyFault, RecourseError
from shared.domain.handover import HandOver
from shared.domain.matrix import Matrix
from shared.domain.milestones import NOTHING_BEYOND, Beyond
from shared.domain.reconcile import reconcile
from shared.domain.timekeeping import Calendars

SLICE: Final = 100
"""Disputes read at once, as many as are given away at once."""
NOBODY_ELSE: Final = "nobody else can take it now"
_REASON_MAX: Final = 300


class Wish(NamedTuple):
    """Whose disputes, whom to (None: whoever fits best), and which of them."""

    of: str
    to: str | None
    which: Filter


class Stays(NamedTuple):
    """A dispute that would stay where it is, and why."""

    dispute_id: UUID
    reason: str


class Foreseen(NamedTuple):
    """What giving everything away now would do. Numbers count disputes; the first that stay are named.

    `receives` says who would get how many, `had` what they have open now. Of those that change hands `escalated` go to a
    tier above and `unhandled` would wait without a handler. `in_time` is False when the time was over first.
    """

    as_of: datetime
    open_disputes: int
    looked_at: int
    in_time: bool
    reassigned: int
    kept: int
    failed: int
    escalated: int
    unhandled: int
    receives: Mapping[str, int]
    had: Mapping[str, int]
    stays: Sequence[Stays]

    @property
    def complete(self) -> bool:
        """Whether every dispute that is meant was looked at."""
        return self.in_time and self.looked_at >= self.open_disputes


async def foresee_reassignment(
    database: Database, matrices: Matrices, calendars: Calendars, wish: Wish, bounds: Bounds
) -> Foreseen:
    """Goes through the open disputes as a reassignment does; what it gives out counts as given for the next choice."""
    ends = time.monotonic() + bounds.seconds
    async with database.transaction() as tx:
        newest = await matrices.current(tx)
        count = await reassignments.count_meant(tx, wish.of, wish.which)
        as_of = tx.now
    trial, after, in_time = _Trial(wish, calendars, Surroundings(newest, calendars)), UUID(int=0), True
    while (most := min(SLICE, bounds.limit - trial.looked_at)) > 0:
        if time.monotonic() > ends:
            in_time = False
            break
        async with database.transaction() as tx:
            ids = await reassignments.slice_after(tx, wish.of, wish.which, after, most)
            page = await _read(tx, ids)
            rules = await matrices_of(tx, matrices, page)
            beyond = await trial.surroundings.read(tx, page)
        await asyncio.to_thread(trial.give, page, rules, beyond, tx.now)
        if len(ids) < most:
            break
        after = ids[-1]
    async with database.transaction() as tx:
        had = await assignments.loads(tx, sorted(trial.receives))
    return trial.foreseen(as_of, count, had, in_time=in_time)


async def _read(tx: Tx, ids: Sequence[UUID]) -> list[Looked]:
    found = await disputes.get_many(tx, ids)
    known = await clocks.newest(tx, found)
    return [Looked(found[each], known[each]) for each in ids if each in found]


class _Trial:
    """What was given out so far."""

    def __init__(self, wish: Wish, calendars: Calendars, surroundings: Surroundings) -> None:
        self.surroundings: Final = surroundings
        self.receives: Final = Counter[str]()
        self.looked_at = 0
        self._wish = wish
        self._calendars = calendars
        self._counts = Counter[str]()
        self._stays: list[Stays] = []

    def give(
        self,
        page: Sequence[Looked],
        rules: Mapping[int | None, Matrix | None],
        beyond: Mapping[UUID, Beyond],
        now: datetime,
    ) -> None:
        """Decides about each as escalation would."""
        for each in page:
            self.looked_at += 1
            matrix = rules[each.dispute.policy_version]
            try:
                if matrix is None:
                    raise PolicyFault("", f"version {each.dispute.policy_version} cannot be read")
                after, refused = self._after(each, matrix, beyond.get(each.dispute.id, NOTHING_BEYOND), now)
            except RecourseError as error:
                self._stay("failed", each.dispute, f"{type(error).__name__}: {error}")
            else:
                self._count(each.dispute, after, refused)

    def _after(self, each: Looked, matrix: Matrix, beyond: Beyond, now: datetime) -> tuple[Dispute, str]:
        """The dispute afterwards, and why it was refused to the one named, if it was."""
        wish = HandOver(self._wish.to, "", of=self._wish.of)
        dispute, known, calendars = each.dispute, each.clocks, self._calendars
        try:
            plan = reconcile(dispute, known, matrix, calendars, now, asked=wish, beyond=beyond)
        except Conflict as refused:
            return reconcile(dispute, known, matrix, calendars, now, beyond=beyond).dispute, str(refused)
        return plan.dispute, ""

    def _count(self, before: Dispute, after: Dispute, refused: str) -> None:
        if after.handler == before.handler:
            self._stay("kept", before, refused or NOBODY_ELSE)
            return
        self._counts["reassigned"] += 1
        self._counts["escalated"] += (after.tier or 0) > (before.tier or 0)
        self._counts["unhandled"] += after.handler is None
        if after.handler is not None:
            self.receives[after.handler] += 1
        self.surroundings.took(before.handler, after.handler)

    def _stay(self, how: str, dispute: Dispute, reason: str) -> None:
        self._counts[how] += 1
        if len(self._stays) < FAILURES_KEPT_MAX:
            self._stays.append(Stays(dispute.id, reason[:_REASON_MAX]))

    def foreseen(self, as_of: datetime, count: int, had: Mapping[str, int], *, in_time: bool) -> Foreseen:
        """The answer."""
        return Foreseen(
            as_of=as_of,
            open_disputes=count,
            looked_at=self.looked_at,
            in_time=in_time,
            **{name: self._counts[name] for name in ("reassigned", "kept", "failed", "escalated", "unhandled")},
            receives=self.receives,
            had=had,
            stays=tuple(self._stays),
        )
