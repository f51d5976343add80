"""An open dispute moved to another version of the matrix: asked for, told, and never later for a promise to the customer.

A running case keeps its promises; a migration is the one way to change them, and a dry run is a migration not saved.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.domain.clock_record import PROMISES, Clock, Clocks, ClockState, Kind, Promise
from shared.domain.clock_spec import Extension
from shared.domain.conditions import Facts
from shared.domain.dispute import Dispute, Severity
from shared.domain.draft import Draft
from shared.domain.escalation import Case, Escalate, climbs, decide
from shared.domain.frozen import altered
from shared.domain.matrix import Matrix
from shared.domain.milestones import NOTHING_BEYOND, Beyond
from shared.domain.plan import Plan
from shared.domain.reconcile import reconcile
from shared.domain.severity import assess
from shared.domain.timekeeping import Calendars, Ticking, next_moment, percent, started, worked_out

LEAST_GAP: Final = "a tier whose deadline moves still gets the least gap"


class Moved(NamedTuple):
    """A clock whose rule changed. `by` is how much later it is due, below zero for earlier, None when it is withdrawn.

    `before` and `after` are the due instants, None while a pause holds them back; `overdue` says that the new rule's due
    had passed already.
    """

    kind: Kind
    before: datetime | None
    after: datetime | None
    by: timedelta | None
    overdue: bool


class Held(NamedTuple):
    """A promise to the customer that the new rule would put off, or withdraw (`by` is None): it stays as it was."""

    kind: Kind
    by: timedelta | None


class Migration(NamedTuple):
    """What a migration makes of one dispute: plans to be saved one after the other, and what they do."""

    plans: tuple[Plan, ...]
    moved: tuple[Moved, ...]
    held: tuple[Held, ...]

    @property
    def dispute(self) -> Dispute:
        """The dispute afterwards."""
        return self.plans[-1].dispute


class Versions(NamedTuple):
    """The matrix a case rests on, with the people of the newest, and the one it is to rest on."""

    came_from: Matrix
    to: Matrix


def migrate(
    dispute: Dispute,
    clocks: Clocks,
    versions: Versions,
    calendars: Calendars,
    now: datetime,
    *,
    allow_later: bool = False,
    beyond: Beyond = NOTHING_BEYOND,
) -> Migration:
    """The dispute under the other matrix: severity judged again, open clocks under their new rules, thresholds looked at.

    A clock moves only where the two versions differ about it. A promise to the customer moves earlier or stays, unless
    `allow_later`. No dispute goes down a tier, except from one that is no more. Milestones of regimes stay as they are.
    `clocks` are its newest generations; `beyond` are the facts and people that it does not carry itself.

    Raises:
        PolicyFault: a rule names a calendar that does not exist.
        CannotPromise: a deadline would never come.
    """
    draft = Draft(_rebased(dispute, versions, now), clocks, versions.to, calendars, now, beyond.marks, beyond.bench)
    mover = _Mover(draft, dispute, versions, allow_later=allow_later)
    for clock in clocks.values():
        if clock.open and clock.promise.watch is None:
            mover.move(clock)
    first = draft.plan()
    then = reconcile(first.dispute, draft.clocks, versions.to, calendars, now, beyond=beyond._replace(owing=None))
    return Migration((first, then), tuple(mover.moved), tuple(mover.held))


def _rebased(dispute: Dispute, versions: Versions, now: datetime) -> Dispute:
    """The dispute with the new version, its severity by it, and the highest tier there is if its own is no more."""
    facts: dict[str, object] = {}
    severity = _severity(dispute, versions)
    if severity is not dispute.severity:
        facts["severity"] = severity
    if dispute.tier is not None and dispute.tier > versions.to.top:
        facts["tier"] = versions.to.top
    after = dispute.changed(now, **facts) if facts else dispute
    return altered(after, policy_version=versions.to.version)


def _severity(dispute: Dispute, versions: Versions) -> Severity:
    """By the new rules, when it was by the old ones; a severity given by hand stays."""
    facts = Facts.of(dispute)
    if dispute.active and assess(versions.came_from, facts).severity is dispute.severity:
        return assess(versions.to, facts).severity
    return dispute.severity


class _Mover:
    """Puts the open clocks of one dispute under their new rules."""

    def __init__(self, draft: Draft, before: Dispute, versions: Versions, *, allow_later: bool) -> None:
        self._draft = draft
        self._before = before
        self._versions = versions
        self._allow_later = allow_later
        self._tier_stays = not _leaves_tier(draft, before)
        self.moved: list[Moved] = []
        self.held: list[Held] = []

    def move(self, clock: Clock) -> None:
        """Moves one clock, or notes why it stays."""
        if clock.kind is Kind.TIER and not self._tier_stays:
            return  # the next tier's clock begins with it
        old = _promise(self._versions.came_from, clock, self._before.severity)
        new = _promise(self._versions.to, clock, self._draft.dispute.severity)
        if new is None:
            if old is not None and clock.kind in PROMISES:
                self._withdraw(clock)
        elif not _same(old, new) and not _same(clock.promise, new):
            self._rule(clock, new)

    def _withdraw(self, clock: Clock) -> None:
        if not self._allow_later:
            self.held.append(Held(clock.kind, None))
            return
        self._draft.keep(altered(clock, state=ClockState.STOPPED, stopped_at=self._draft.now))
        self.moved.append(Moved(clock.kind, clock.due_at, None, None, overdue=False))

    def _rule(self, clock: Clock, promise: Promise) -> None:
        draft = self._draft
        fresh = altered(
            clock,
            generation=clock.generation + 1,
            promise=promise,
            policy_version=self._versions.to.version,
            warned=(),
            state=ClockState.RUNNING,
        )
        by, due = self._shift(clock, fresh)
        if by > timedelta() and clock.kind in PROMISES and not self._allow_later:
            self.held.append(Held(clock.kind, by))
            return
        ticking = started(fresh, draft.dispute, draft.calendars, draft.now)
        if clock.kind is Kind.TIER and by < timedelta():
            ticking = self._not_at_once(clock, ticking)
        elif promise.owe_at is not None:
            ticking = self._still_owing(clock, ticking, promise.owe_at)
        overdue = ticking.clock.due_at is not None and due <= draft.now
        if clock.due_at is not None and ticking.clock.due_at is not None:
            by = ticking.clock.due_at - clock.due_at
        draft.keep(altered(clock, state=ClockState.STOPPED, stopped_at=draft.now))
        draft.keep(ticking.clock)
        draft.arm(ticking)
        self.moved.append(Moved(clock.kind, clock.due_at, ticking.clock.due_at, by, overdue))

    def _shift(self, clock: Clock, fresh: Clock) -> tuple[timedelta, datetime]:
        """How much later the clock would be due, and when; a wait that is open is taken to end now."""
        going_on = _resumed(self._draft.dispute, self._draft.now)
        before = clock.due_at or worked_out(clock, going_on, self._draft.calendars).due
        after = worked_out(fresh, going_on, self._draft.calendars).due
        assert before is not None
        assert after is not None
        return after - before, after

    def _not_at_once(self, clock: Clock, ticking: Ticking) -> Ticking:
        """The tier with the least gap from now, but never more time than it had."""
        least, due = self._draft.now + self._draft.matrix.min_gap, ticking.clock.due_at
        if due is None or due >= least or clock.due_at is None:
            return ticking
        extension = Extension(min(least, clock.due_at), LEAST_GAP)
        longer = altered(ticking.clock, extensions=(*ticking.clock.extensions, extension), due_at=None, warned=())
        return started(longer, self._draft.dispute, self._draft.calendars, self._draft.now)

    def _still_owing(self, clock: Clock, ticking: Ticking, owe_at: float) -> Ticking:
        """News that are owed by now under the new rule, and were not by the old one, are asked for at once."""
        told = clock.promise.owe_at is not None and percent(clock.promise.owe_at) in clock.warned
        if told or percent(owe_at) not in ticking.clock.warned:
            return ticking
        left = tuple(each for each in ticking.clock.warned if each != percent(owe_at))
        owing, draft = altered(ticking.clock, warned=left), self._draft
        return Ticking(owing, next_moment(owing, worked_out(owing, draft.dispute, draft.calendars, draft.marks)))


def _leaves_tier(draft: Draft, before: Dispute) -> bool:
    """Whether the dispute goes to another tier with the migration."""
    dispute = draft.dispute
    if dispute.tier is None or dispute.tier != before.tier or not climbs(dispute):
        return True
    case = Case(dispute, draft.matrix, draft.now, tier_since=draft.tier_since(), bench=draft.bench)
    return isinstance(decide(case), Escalate)


def _promise(matrix: Matrix, clock: Clock, severity: Severity) -> Promise | None:
    """The rule this matrix has for such a clock; None when it has none of its kind."""
    if clock.kind is not Kind.TIER:
        return matrix.promise(clock.kind, severity)
    if clock.tier is None or clock.tier > matrix.top:
        return None
    tier = matrix.tier(clock.tier)
    return _at(tier.reminders, clock.promise.reminder, severity) if clock.promise.reminder else tier.deadlines[severity]


def _at(reminders: tuple[Mapping[Severity, Promise], ...], number: int, severity: Severity) -> Promise | None:
    return reminders[number - 1][severity] if number <= len(reminders) else None


def _same(one: Promise | None, other: Promise) -> bool:
    """Whether two rules are alike, wherever they say they come from."""
    return one is not None and _bare(one) == _bare(other)


def _bare(promise: Promise) -> tuple[object, ...]:
    spec = promise.spec
    return (
        spec.duration,
        spec.calendar,
        spec.pausable,
        spec.warn_at,
        spec.count_receipt_day,
        spec.cap,
        spec.billing_cycle,
        promise.on_breach,
        promise.owe_at,
    )


def _resumed(dispute: Dispute, now: datetime) -> Dispute:
    wait = dispute.waiting
    if wait is None:
        return dispute
    return altered(dispute, waits=(*dispute.waits[:-1], altered(wait, until=max(now, wait.since))))


__all__ = ["LEAST_GAP", "Held", "Migration", "Moved", "Versions", "migrate"]
