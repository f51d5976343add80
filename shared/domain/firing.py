"""A timer that came due, decided again under the lock: a warning, a climb, news owed, a follow-up, an end, or nothing.

Never early, because the clock is worked out anew against `now`; never after resolution, because what is no longer owed
is settled first; once only, because a fired clock is no longer open.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from shared.domain.clock_record import Clock, Clocks, ClockState, Kind, OnBreach
from shared.domain.clock_run import Moment, Run
from shared.domain.dispute import Dispute
from shared.domain.draft import Draft
from shared.domain.escalation import Case, Escalate, Hold, climbs, decide
from shared.domain.frozen import altered
from shared.domain.lifecycle import Status, Trigger, allowed
from shared.domain.matrix import Matrix
from shared.domain.milestones import NOTHING_BEYOND, Beyond, next_period
from shared.domain.plan import Closed, FollowUpAsked, Missed, NewsOwed, Plan, Warned
from shared.domain.reconcile import reconcile, start_after_resolution, start_next_update
from shared.domain.timekeeping import (
    Calendars,
    Ticking,
    missed,
    movable,
    next_moment,
    passed,
    percent,
    settled,
    shown,
    warned_of,
    worked_out,
)


def fire(
    dispute: Dispute,
    kind: Kind,
    clocks: Clocks,
    matrix: Matrix,
    calendars: Calendars,
    now: datetime,
    beyond: Beyond = NOTHING_BEYOND,
) -> Plan:
    """What becomes of a dispute whose timer of this kind is due; `clocks` are its newest generations.

    `beyond` are the facts it does not carry itself, for the milestones of regimes, what is known of those who may handle
    it, and its breach risk.

    A timer whose clock is over, or none, is taken away; one that came too early is set again.

    Raises:
        PolicyFault: a rule names a calendar that does not exist.
        CannotPromise: a deadline would never come.
    """
    clock = clocks.get(kind)
    if clock is not None and settled(clock, dispute, now, beyond.marks) is not clock:
        return reconcile(dispute, clocks, matrix, calendars, now, beyond=beyond._replace(owing=None))
    draft = Draft(dispute, clocks, matrix, calendars, now, beyond.marks, beyond.bench)
    draft.breach_risk = beyond.breach_risk
    if clock is None or not clock.open:
        draft.disarm(kind)
    else:
        _fire_open(draft, clock)
    return draft.plan()


def alone(dispute: Dispute, clock: Clock | None, now: datetime) -> bool:
    """Whether firing this clock needs no other clock of the dispute: the commonest case, and the cheapest to read."""
    return clock is not None and clock.kind is Kind.TIER and settled(clock, dispute, now) is clock


def _fire_open(draft: Draft, clock: Clock) -> None:
    if clock.due_at is not None and clock.due_at <= draft.now and not movable(clock, draft.dispute):
        _BREACH[clock.promise.on_breach](draft, clock)
        return
    run = worked_out(clock, draft.dispute, draft.calendars, draft.marks)
    ticking = shown(clock, run)
    if ticking.clock is not clock:
        draft.keep(ticking.clock)
    if ticking.moment is None or ticking.moment.at > draft.now:
        draft.arm(ticking)
    elif ticking.clock.due_at is not None and ticking.clock.due_at <= draft.now:
        _BREACH[ticking.clock.promise.on_breach](draft, ticking.clock)
    else:
        _warn(draft, ticking.clock, run)


def _warn(draft: Draft, clock: Clock, run: Run) -> None:
    """Gives the latest warning that has come; those slept through before it are not given any more."""
    moments = passed(clock, run, draft.now)
    after = warned_of(clock, moments)
    draft.keep(after)
    draft.arm(Ticking(after, next_moment(after, run)))
    if clock.promise.owe_at in [moment.fraction for moment in moments]:
        draft.tell(NewsOwed(after, _news_after(draft, clock)))
    else:
        draft.tell(_warning(after, moments[-1]))


def _warning(clock: Clock, moment: Moment) -> Warned:
    return Warned(clock, percent(moment.fraction), moment.at)


def _news_after(draft: Draft, clock: Clock) -> datetime | None:
    """When the next news would be due if the customer had these now."""
    afresh = altered(clock, started_at=draft.now, extensions=())
    return worked_out(afresh, draft.dispute, draft.calendars).due


def _ran_out(draft: Draft, clock: Clock) -> Clock:
    over = missed(clock, draft.now)
    draft.keep(over)
    return over


def _escalate(draft: Draft, clock: Clock) -> None:
    """Climbs once; at the top the miss is told, and the top tier is reminded a few times, further and further apart."""
    over = _ran_out(draft, clock)
    since = draft.tier_since()
    case = Case(
        draft.dispute,
        draft.matrix,
        draft.now,
        breached=over,
        breach_risk=draft.breach_risk,
        tier_since=since,
        bench=draft.bench,
    )
    verdict = Hold() if _just_climbed(draft, over) else decide(case)
    if not isinstance(verdict, Escalate) or clock.kind is not Kind.TIER:
        draft.tell(Missed(over))
    if isinstance(verdict, Escalate):
        _climb(draft, case, verdict, over)
    elif clock.kind is Kind.TIER and climbs(draft.dispute):
        _remind(draft, over)
    _after_a_miss(draft, over)


def _just_climbed(draft: Draft, over: Clock) -> bool:
    """After an outage every promise is found broken at once; the tier that just got the dispute answers for none."""
    tier_clock = draft.clocks.get(Kind.TIER)
    if over.kind is Kind.TIER or tier_clock is None:
        return False
    return draft.now - tier_clock.opened_at < draft.matrix.min_gap


def _climb(draft: Draft, case: Case, verdict: Escalate, over: Clock) -> None:
    """No drift: the next tier's time runs from the instant that passed, not from when it was noticed."""
    tier_clock = draft.clocks.get(Kind.TIER)
    if over.kind is not Kind.TIER and tier_clock is not None and tier_clock.open:
        draft.keep(altered(tier_clock, state=ClockState.STOPPED, stopped_at=draft.now))
    since = over.due_at if over.kind is Kind.TIER and over.due_at is not None else draft.now
    draft.climb(case, verdict, since)


def _remind(draft: Draft, over: Clock) -> None:
    assert draft.dispute.tier is not None
    reminders = draft.matrix.tier(draft.dispute.tier).reminders
    if over.promise.reminder < len(reminders):
        promise = reminders[over.promise.reminder][draft.dispute.severity]
        begun = draft.begin(Kind.TIER, promise, draft.now)
        if begun is not None:  # a reminder is no climb: the tier has had the dispute as long as before
            draft.keep(altered(begun, opened_at=over.opened_at))


def _remind_first(draft: Draft, clock: Clock) -> None:
    """A tier that is reminded before it escalates: the last of its reminders is a promise that escalates."""
    over = _ran_out(draft, clock)
    draft.tell(Missed(over))
    if climbs(draft.dispute):
        _remind(draft, over)


def _tell(draft: Draft, clock: Clock) -> None:
    over = _ran_out(draft, clock)
    watch = over.promise.watch
    if watch is None or watch.duty or not over.of_a_regime:  # a chance not taken is nothing to tell of
        draft.tell(Missed(over))
    _after_a_miss(draft, over)


def _after_a_miss(draft: Draft, over: Clock) -> None:
    if over.kind is Kind.NEXT_UPDATE and draft.dispute.active:
        start_next_update(draft)
    elif over.promise.watch is not None:
        next_period(draft, over)


def _ask_follow_up(draft: Draft, clock: Clock) -> None:
    asked = altered(clock, state=ClockState.MET, met_at=draft.now, fired_at=draft.now)
    draft.keep(asked)
    if Trigger.ASK_FOLLOW_UP in allowed(draft.dispute.status):
        draft.dispute = draft.dispute.after(Trigger.ASK_FOLLOW_UP, draft.now)
        draft.tell(FollowUpAsked(asked, draft.dispute.reopen_count))
    start_after_resolution(draft)


def _close(draft: Draft, clock: Clock) -> None:
    draft.keep(altered(clock, state=ClockState.MET, met_at=draft.now, fired_at=draft.now))
    because = "confirmed" if draft.dispute.status is Status.CONFIRMED else "silence"
    draft.dispute = draft.dispute.after(Trigger.CLOSE, draft.now)
    draft.tell(Closed(because))


_BREACH: Final[Mapping[OnBreach, Callable[[Draft, Clock], None]]] = {
    OnBreach.ESCALATE: _escalate,
    OnBreach.TELL: _tell,
    OnBreach.REMIND: _remind_first,
    OnBreach.ASK_FOLLOW_UP: _ask_follow_up,
    OnBreach.CLOSE: _close,
}
