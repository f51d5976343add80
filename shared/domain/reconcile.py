"""A dispute brought in line with what it is owed, whatever happened meanwhile and in whatever order it was heard.

Level-triggered: it looks at the facts and at the clocks there are, never at which event came. Doing it twice does
nothing the second time.
"""

from datetime import datetime

from shared.domain.assignment import barred
from shared.domain.awaiting import await_answer
from shared.domain.clock_record import OPEN, Clock, Clocks, ClockState, Kind
from shared.domain.dispute import Dispute
from shared.domain.draft import Draft
from shared.domain.escalation import Asked, Case, Escalate, Seat, climbs, decide, seated, take_up
from shared.domain.frozen import altered
from shared.domain.handover import ByHand, HandOver, handed
from shared.domain.lifecycle import SETTLED, Stage, Status
from shared.domain.marks import EXTERNAL_DECIDED, REFERRED_EXTERNAL, REOPENED, latest_of
from shared.domain.matrix import Holder, Matrix
from shared.domain.milestones import NOTHING_BEYOND, Beyond, start_milestones
from shared.domain.plan import HandedOver, Missed, Plan, TakenUp
from shared.domain.timekeeping import (
    Calendars,
    Ticking,
    movable,
    next_moment,
    outstanding,
    phase_of,
    refreshed,
    settled,
    worked_out,
)


def reconcile(  # noqa: PLR0913 - what is known beside the dispute, each by its own name
    dispute: Dispute,
    clocks: Clocks,
    matrix: Matrix,
    calendars: Calendars,
    now: datetime,
    *,
    asked: ByHand | None = None,
    rearm: bool = False,
    judged: bool = False,
    beyond: Beyond = NOTHING_BEYOND,
) -> Plan:
    """Starts the clocks that are owed, ends those that are not, takes up or climbs where a rule says so.

    `clocks` are the newest generations. `asked` is a wish for a higher tier or another handler; `rearm` sets every timer anew, for a
    dispute that lost one; `judged` says that its thresholds were judged on these very facts before. `beyond` are facts it
    does not carry itself, the milestones it is owed, and what is known of those who may handle it.

    Raises:
        PolicyFault: a rule names a calendar that does not exist.
        CannotPromise: a deadline would never come.
        Conflict: the dispute cannot be handed over as asked.
    """
    draft = Draft(_pinned(dispute, matrix), clocks, matrix, calendars, now, beyond.marks, beyond.bench)
    handed_over = _handed_over(draft, asked) if isinstance(asked, HandOver) else None
    climb = asked if isinstance(asked, Asked) else None
    seat = handed_over or _seat(draft, climb)
    for clock in clocks.values():
        if (clock.state in OPEN or outstanding(clock)) and (
            clock.promise.watch is None or beyond is not NOTHING_BEYOND  # without its marks nobody can judge it
        ):
            _settle(draft, clock, rearm=rearm)
    _start_owed(draft)
    if beyond.owing is not None:
        start_milestones(draft, beyond.owing)
    if beyond.expected is not None:
        await_answer(draft, beyond.expected)
    if handed_over is not None and isinstance(asked, HandOver):
        draft.tell(HandedOver(dispute.handler, handed_over.handler, handed_over.tier, asked))
    if seat is not None:
        _tell_seat(draft, seat, clocks, first=dispute.tier is None)
    if dispute.tier is None or (judged and climb is None):  # taking up has looked at the thresholds already
        return draft.plan()
    _climb_where_a_rule_says_so(draft, climb, beyond)
    return draft.plan()


def _climb_where_a_rule_says_so(draft: Draft, asked: Asked | None, beyond: Beyond) -> None:
    case = Case(
        draft.dispute,
        draft.matrix,
        draft.now,
        asked=asked,
        breach_risk=beyond.breach_risk,
        tier_since=draft.tier_since(),
        bench=beyond.bench,
    )
    if isinstance(verdict := decide(case), Escalate):
        _leave_tier(draft)
        draft.climb(case, verdict, draft.now)


def _pinned(dispute: Dispute, matrix: Matrix) -> Dispute:
    """The first version that makes it a promise is the one the dispute keeps; no caller decides on that."""
    return dispute if dispute.policy_version is not None else altered(dispute, policy_version=matrix.version)


def _handed_over(draft: Draft, wish: HandOver) -> Seat | None:
    seat = handed(wish, draft.matrix, draft.dispute, draft.now, draft.bench)
    return None if seat is None else _taken(draft, seat)


def _seat(draft: Draft, asked: Asked | None) -> Seat | None:
    """Gives the dispute a tier and a handler where it lacks one, or where a review needs somebody else."""
    if not climbs(draft.dispute):
        return None
    if draft.dispute.tier is None:
        seat: Seat | None = take_up(Case(draft.dispute, draft.matrix, draft.now, asked=asked, bench=draft.bench))
    else:
        seat = _reseated(draft)
    return None if seat is None else _taken(draft, seat)


def _taken(draft: Draft, seat: Seat) -> Seat:
    facts = {"tier": seat.tier, "handler": seat.handler, "policy_version": draft.matrix.version}
    draft.dispute = draft.dispute.changed(draft.now, **facts)
    return seat


def _reseated(draft: Draft) -> Seat | None:
    """Another handler: when there was none, for a second review, or when the old one left before a reopening."""
    dispute = draft.dispute
    assert dispute.tier is not None
    tier_clock = draft.clocks.get(Kind.TIER)
    opened_again = tier_clock is not None and tier_clock.phase != phase_of(dispute)
    second_review = opened_again and dispute.status is Status.STAGE_2_REVIEW
    keeper = None if dispute.handler is None else draft.matrix.person(dispute.handler)
    gone = keeper is None or (opened_again and _cannot_go_on(draft, keeper))
    if not (second_review or gone):
        return None
    if second_review:
        return _second_reviewer(draft, keeper)
    seat = seated(draft.matrix, dispute.tier, dispute, draft.now, bench=draft.bench)
    if dispute.handler is None and seat.handler is None:
        return None
    return seat._replace(because=("the handler left or was not there", *seat.because))


def _cannot_go_on(draft: Draft, keeper: Holder) -> bool:
    """Whether the handler of a dispute that is open again is away, or has a conflict with it by now."""
    return not keeper.present(draft.now) or barred(keeper, draft.dispute, draft.bench) is not None


def _second_reviewer(draft: Draft, keeper: Holder | None) -> Seat:
    """Somebody else; only when there is nobody else anywhere up the tiers, the first handler, and it is said."""
    dispute = draft.dispute
    assert dispute.tier is not None
    first = frozenset(() if dispute.handler is None else (dispute.handler,))
    bench = altered(draft.bench, former=draft.bench.former | first)
    seat = seated(draft.matrix, dispute.tier, dispute, draft.now, bench=bench)
    if seat.handler is None and not seat.queued and keeper is not None and keeper.present(draft.now):
        only = "nobody but the first handler is there for the second review"
        return Seat(dispute.tier, keeper.name, (only,), seat.skipped)
    return seat._replace(because=("a second review is not by the first handler", *seat.because))


def _settle(draft: Draft, clock: Clock, *, rearm: bool) -> None:
    after = settled(clock, draft.dispute, draft.now, draft.marks)
    if after is not clock:
        draft.keep(after)
        if after.state is ClockState.MISSED and clock.open and _told_of(draft, clock):
            draft.tell(Missed(after))
    elif clock.open and clock.promise.spec.pausable:
        _refresh(draft, clock, rearm=rearm)
    elif clock.open and rearm:
        ticking = worked_out(clock, draft.dispute, draft.calendars, draft.marks)
        draft.arm(Ticking(clock, next_moment(clock, ticking)))


def _told_of(draft: Draft, clock: Clock) -> bool:
    """A promise of the house ends with the dispute; a duty that the law gives is owed beyond it."""
    watch = clock.promise.watch
    return draft.dispute.active if watch is None else watch.duty


def _refresh(draft: Draft, clock: Clock, *, rearm: bool) -> None:
    """A pausable clock moves with the dispute's waits; one that never waited cannot have moved."""
    if not (rearm or movable(clock, draft.dispute)):
        return
    ticking = refreshed(clock, draft.dispute, draft.calendars, draft.marks)
    if ticking.clock is not clock:
        draft.keep(ticking.clock)
    if ticking.clock is not clock or rearm:
        draft.arm(ticking)


def _start_owed(draft: Draft) -> None:
    dispute = draft.dispute
    if dispute.active:
        for kind in (Kind.ACKNOWLEDGEMENT, Kind.FIRST_RESPONSE):
            if kind not in draft.clocks:
                _begin(draft, kind, dispute.received_at)
        start_next_update(draft)
    if climbs(dispute):
        _start_in_house(draft)
    if dispute.status in SETTLED:
        start_after_resolution(draft)


def _start_in_house(draft: Draft) -> None:
    began = _phase_began(draft)
    if _to_begin(draft, Kind.RESOLUTION):
        _begin(draft, Kind.RESOLUTION, began)
    if _to_begin(draft, Kind.TIER):
        draft.begin_tier(began)
    elif draft.clocks[Kind.TIER].tier != draft.dispute.tier:
        draft.begin_tier(draft.now)


def _begin(draft: Draft, kind: Kind, started_at: datetime) -> None:
    """Starts a clock; when what it watches has been done already, it is met in the same breath."""
    clock = draft.begin(kind, draft.matrix.promise(kind, draft.dispute.severity), started_at)
    if clock is not None:
        _settle(draft, clock, rearm=False)


def start_next_update(draft: Draft) -> None:
    """Promises the customer the next news: from the last they had, or from when the last promise was broken."""
    last = draft.clocks.get(Kind.NEXT_UPDATE)
    if last is not None and last.open:
        return
    promise = draft.matrix.promise(Kind.NEXT_UPDATE, draft.dispute.severity)
    broken_at = last.missed_at if last is not None and last.phase == phase_of(draft.dispute) else None
    since = max([moment for moment in (_phase_began(draft), draft.dispute.informed_at, broken_at) if moment])
    least = None if broken_at is None else draft.now + draft.matrix.min_gap
    draft.begin(Kind.NEXT_UPDATE, promise, since, least=least)


def start_after_resolution(draft: Draft) -> None:
    """Starts the follow-up, and once that was asked, the wait for an answer."""
    dispute = draft.dispute
    resolved_at = dispute.resolved_at or dispute.updated_at
    if _not_this_phase(draft, Kind.FOLLOW_UP):
        draft.begin(Kind.FOLLOW_UP, draft.matrix.promise(Kind.FOLLOW_UP, dispute.severity), resolved_at)
    follow_up = draft.clocks.get(Kind.FOLLOW_UP)
    if (follow_up is None or not follow_up.open) and _not_this_phase(draft, Kind.SILENCE):
        asked_at = resolved_at if follow_up is None else follow_up.fired_at or resolved_at
        draft.begin(Kind.SILENCE, draft.matrix.promise(Kind.SILENCE, dispute.severity), asked_at)


def _to_begin(draft: Draft, kind: Kind) -> bool:
    """Not begun in this phase, or stopped while the dispute lay with an outside body, from which it is back."""
    clock = draft.clocks.get(kind)
    if clock is None or clock.phase != phase_of(draft.dispute):
        return True
    back = clock.state is ClockState.STOPPED and draft.dispute.stage is Stage.EXTERNAL
    return back and (kind is not Kind.TIER or clock.tier == draft.dispute.tier)


def _not_this_phase(draft: Draft, kind: Kind) -> bool:
    clock = draft.clocks.get(kind)
    return clock is None or clock.phase != phase_of(draft.dispute)


def _phase_began(draft: Draft) -> datetime:
    """When this phase began: at receipt, or with the change that began it, as its history says."""
    if phase_of(draft.dispute) == 0:
        return draft.dispute.received_at
    outside = draft.dispute.status is Status.REFERRED_EXTERNAL
    names = (REOPENED, REFERRED_EXTERNAL if outside else EXTERNAL_DECIDED)
    began = (latest_of(draft.marks, name, draft.now) for name in names)
    return max((at for at in began if at is not None), default=min(draft.dispute.updated_at, draft.now))


def _leave_tier(draft: Draft) -> None:
    clock = draft.clocks.get(Kind.TIER)
    if clock is not None and clock.open:
        draft.keep(altered(clock, state=ClockState.STOPPED, stopped_at=draft.now))


def _tell_seat(draft: Draft, seat: Seat, before: Clocks, *, first: bool) -> None:
    known = {(clock.kind, clock.generation) for clock in before.values()}
    started = {
        kind: clock.due_at
        for kind, clock in draft.clocks.items()
        if clock.due_at is not None and clock.open and (kind, clock.generation) not in known
    }
    draft.tell(
        TakenUp(
            tier=seat.tier,
            handler=seat.handler,
            because=seat.because,
            skipped=seat.skipped,
            policy_version=draft.matrix.version,
            clocks=started,
            first=first,
        )
    )
