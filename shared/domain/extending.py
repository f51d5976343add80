"""More time for a clock, granted only as far as its own rule allows; whoever refuses says what would be allowed."""

from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from shared.domain.clock_record import Clock, Clocks, ClockState, Kind, Promise
from shared.domain.clock_run import Run
from shared.domain.clock_spec import Extension
from shared.domain.clock_terms import MayExtend, Watch
from shared.domain.counting import Rules
from shared.domain.dispute import Dispute
from shared.domain.draft import Draft
from shared.domain.duration import Duration
from shared.domain.errors import Conflict, InvalidValue
from shared.domain.frozen import altered
from shared.domain.marks import Marks, facts_of
from shared.domain.matrix import Matrix
from shared.domain.plan import Extended, Plan
from shared.domain.timekeeping import Calendars, Ticking, inputs_of, next_moment, percent, worked_out

NOTICE: Final = "extension_notice"
"""The last part of the kind under which the notice of an extension is clocked."""


class Wish(NamedTuple):
    """Somebody wants more time for one generation of a clock: `by` a duration, or until a date.

    `request` names the wish, so that it is granted once however often it is heard.
    """

    kind: Kind
    generation: int
    by: Duration | datetime
    reason: str
    request: str


def granted(wish: Wish, clock: Clock, dispute: Dispute, calendars: Calendars, marks: Marks, now: datetime) -> Clock:
    """The clock with more time; as it is when the wish was granted before.

    Raises:
        Conflict: the clock is over or has run out, its rule has no extension or none left, a fact has to come first, or it
            is too late for the notice that the rule asks for.
        InvalidValue: the reason or the length is not one that the rule allows; the detail says which are.
    """
    if any(each.request == wish.request for each in clock.extensions):
        return clock
    rule = _rule(clock, now)
    _check_reason(rule, wish.reason)
    _check_facts(rule, dispute, marks)
    before = worked_out(clock, dispute, calendars, marks)
    bound = _Bound(clock, rule, before, Rules(inputs_of(clock, dispute, calendars, marks).calendar), now)
    bound.check(wish.by)
    extension = Extension(wish.by, wish.reason, wish.request)
    longer = altered(clock, extensions=(*clock.extensions, extension))
    after = worked_out(longer, dispute, calendars, marks)
    bound.check_end(after)
    state = ClockState.PAUSED if after.due is None else ClockState.RUNNING
    return altered(longer, due_at=after.due, state=state, warned=_still_warned(longer, after, now))


def extended(
    dispute: Dispute,
    clocks: Clocks,
    matrix: Matrix,
    calendars: Calendars,
    now: datetime,
    marks: Marks,
    wish: Wish,
) -> Plan:
    """One clock with the time asked for; nothing when that was granted before or the clock is no more the newest.

    Raises:
        Conflict: the clock's rule does not allow it now.
        InvalidValue: it does not allow this reason or so much time.
    """
    draft = Draft(dispute, clocks, matrix, calendars, now, marks)
    clock = clocks.get(wish.kind)
    if clock is None or clock.generation != wish.generation:
        return draft.plan()
    longer = granted(wish, clock, dispute, calendars, marks, now)
    if longer is not clock:
        draft.keep(longer)
        draft.arm(Ticking(longer, next_moment(longer, worked_out(longer, dispute, calendars, marks))))
        draft.tell(Extended(longer, clock.due_at))
        _owe_the_notice(draft, clock, longer)
    return draft.plan()


def notice_kind(kind: Kind) -> Kind:
    """The clock by which the customer is to be told that this one was extended."""
    return Kind(f"{kind}/{NOTICE}")


def _owe_the_notice(draft: Draft, before: Clock, after: Clock) -> None:
    """The letter that an extension demands is owed by the deadline there was, and has a clock of its own.

    Where the notice of an extension before this one is still owed, it stays so by the earlier date.
    """
    rule, watch = before.promise.extension, before.promise.watch
    if rule is None or watch is None or not rule.letters:
        return
    kind = notice_kind(before.kind)
    last = draft.clocks.get(kind)
    if last is not None and last.open:
        return
    due = before.due_at if rule.before_expiry and before.due_at is not None else after.due_at
    if due is None:
        return
    owed = Watch(
        title=f"Notice of more time: {watch.title}",
        duty=watch.duty,
        met_by=rule.letters,
        void_on=watch.letters or watch.met_by,
        due=due,
        sends=rule.sends,
        letters=rule.letters,
    )
    spec = replace(before.promise.spec, kind=kind.value, pausable=False, cap=None, recurring=False)
    promise = Promise(spec, before.promise.on_breach, watch=owed)
    draft.begin(kind, promise, draft.now, policy_version=before.policy_version)


def times_extended(clock: Clock) -> int:
    """How often it was extended for somebody who asked."""
    return sum(each.request is not None for each in clock.extensions)


class _Bound(NamedTuple):
    """How far the rule lets the clock go."""

    clock: Clock
    rule: MayExtend
    before: Run
    rules: Rules
    now: datetime

    def check(self, by: Duration | datetime) -> None:
        """Refuses what is no extension, or more than one extension may add."""
        self._check_notice()
        base = self.before.due or self.now
        end = by if isinstance(by, datetime) else self.rules.following(by, base)
        if end <= base:
            raise InvalidValue("/until", f"The deadline is {_shown(base)} already; an extension ends later.")
        if self.rule.by is None:
            return
        most = self.rules.first_end_of(self.rule.by, base)
        if end > most:
            where = "/until" if isinstance(by, datetime) else "/by"
            raise InvalidValue(where, f"One extension adds at most {self.rule.by}, that is until {_shown(most)}.")

    def _check_notice(self) -> None:
        """Refuses what comes too late to tell the customer as long before the end as the rule says."""
        notice, due = self.rule.notice, self.before.due
        if notice is not None and due is not None and self.rules.first_end_of(notice, self.now) > due:
            detail = f"The customer is told of an extension at least {notice} before the time runs out, which is at"
            raise Conflict(f"{detail} {_shown(due)}; it is too late for that.")

    def check_end(self, after: Run) -> None:
        """Refuses what would end later than the rule's latest, or what the cap would take away again."""
        if self.rule.latest is not None and after.due is not None:
            latest = self.rules.first_end_of(self.rule.latest, self.clock.started_at)
            if after.due > latest or after.due == self.before.due:
                detail = f"{self.rule.latest} after the start, {_shown(latest)}, is the latest allowed."
                raise InvalidValue("/until", detail)
        if after.due is not None and after.due == self.before.due:
            raise Conflict(f"The clock ends at {_shown(after.due)} at the latest, whatever extensions are given.")


def _rule(clock: Clock, now: datetime) -> MayExtend:
    rule = clock.promise.extension
    if rule is None:
        raise Conflict(f"The rule of the {clock.kind} clock has no extension.")
    if not clock.open or (clock.due_at is not None and clock.due_at <= now):
        raise Conflict("Only a clock that has not run out is extended; this one is over.")
    if times_extended(clock) >= rule.times:
        raise Conflict(f"The clock is extended at most {rule.times} times, and has been.")
    return rule


def _check_reason(rule: MayExtend, reason: str) -> None:
    if rule.reasons and reason not in rule.reasons:
        raise InvalidValue("/reason", f"The reasons allowed are: {'; '.join(rule.reasons)}.")


def _check_facts(rule: MayExtend, dispute: Dispute, marks: Marks) -> None:
    facts = facts_of(dispute, marks) if rule.requires else {}
    missing = [name for name in rule.requires if name not in facts]
    if missing:
        raise Conflict(f"An extension needs these facts first: {', '.join(missing)}.")


def _still_warned(clock: Clock, after: Run, now: datetime) -> tuple[int, ...]:
    """Warnings move with the deadline; one whose new instant is still to come is given again."""
    reached = {
        percent(moment.fraction) for moment in after.moments(clock.promise.spec.warn_at).warn if moment.at <= now
    }
    return tuple(each for each in clock.warned if each in reached)


def _shown(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
