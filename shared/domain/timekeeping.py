"""One clock of one dispute at work: started, worked out against the dispute's waits, met, missed or stopped."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from shared.domain.calendar import Calendar
from shared.domain.clock_record import OPEN, Clock, ClockState, Kind, Promise
from shared.domain.clock_run import Moment, Run, run
from shared.domain.clock_spec import DUE, Extension, Pause
from shared.domain.clock_terms import MayPause
from shared.domain.counting import Rules, day_ended
from shared.domain.dispute import Dispute
from shared.domain.duration import Term, Unit, parts_of
from shared.domain.errors import PolicyFault
from shared.domain.frozen import altered
from shared.domain.letters import done_with
from shared.domain.lifecycle import ENDED, SETTLED, Stage, Status
from shared.domain.marks import DROPPED, NO_MARKS, Marks, facts_of, first_of
from shared.domain.remembering import Remembered

Calendars = Mapping[str, Calendar]

_WHILE_ACTIVE: Final = frozenset({Kind.ACKNOWLEDGEMENT, Kind.FIRST_RESPONSE, Kind.NEXT_UPDATE})
_WHILE_SETTLED: Final = frozenset({Kind.FOLLOW_UP, Kind.SILENCE})


class Ticking(Struct, frozen=True, gc=False):
    """A clock and its next moment; None when a pause holds it or it is over."""

    clock: Clock
    moment: Moment | None


def phase_of(dispute: Dispute) -> int:
    """The stretch of its life a dispute is in: it changes when it is reopened and when it goes to an outside body.

    The clocks of one phase are started once each, so that handling an event twice starts nothing twice.
    """
    return 2 * dispute.reopen_count + (dispute.stage is Stage.EXTERNAL)


def pauses_of(dispute: Dispute) -> tuple[Pause, ...]:
    """The times the dispute waited for its customer: what stops a pausable clock, and nothing else does."""
    return tuple(
        Pause(wait.since, wait.until, "waiting for the customer")
        for wait in dispute.waits
        if wait.on.startswith("customer")
    )


class Inputs(NamedTuple):
    """What a clock is worked out from, beside its rule and its start."""

    calendar: Calendar
    pauses: tuple[Pause, ...]
    extensions: tuple[Extension, ...]
    end: datetime | None


def inputs_of(clock: Clock, dispute: Dispute, calendars: Calendars, marks: Marks = NO_MARKS) -> Inputs:
    """The calendar, the pauses, the extensions, and the case's own date. A milestone pauses by its own rule alone.

    Raises:
        PolicyFault: no calendar of the name its rule says.
    """
    spec, watch = clock.promise.spec, clock.promise.watch
    calendar = _calendar(spec.calendar, clock.kind, calendars)
    if watch is None:
        pauses = pauses_of(dispute) if dispute.waits else ()
        return Inputs(calendar, pauses, clock.extensions, None)
    if watch.pause is None:
        return Inputs(calendar, (), clock.extensions, watch.due)
    pauses = tuple(_stops(watch.pause, facts_of(dispute, marks), Rules(calendar)))
    remains = tuple(_remaining_after(watch.pause, pauses, clock.started_at, Rules(calendar)))
    return Inputs(calendar, pauses, (*clock.extensions, *remains), watch.due)


def _stops(rule: MayPause, facts: Marks, rules: Rules) -> Iterator[Pause]:
    """From each time the one fact came to the next time the other did; what is `free` runs on."""
    for began in facts.get(rule.begins_on, ()):
        since = began if rule.free is None else rules.first_end_of(rule.free, began)
        until = first_of(facts, (rule.ends_on,), began)
        if until is None or until > since:
            yield Pause(since, until, rule.begins_on.replace("_", " "))


def _remaining_after(
    rule: MayPause, pauses: tuple[Pause, ...], started_at: datetime, rules: Rules
) -> Iterator[Extension]:
    if rule.least_after is not None:
        for pause in pauses:
            if pause.until is not None and pause.until > started_at:
                least = rules.first_end_of(rule.least_after, pause.until)
                yield Extension(least, f"at least {rule.least_after} remain after a pause")


def worked_out(clock: Clock, dispute: Dispute, calendars: Calendars, marks: Marks = NO_MARKS) -> Run:
    """The clock by its own rule, start, extensions and the dispute's waits.

    Raises:
        PolicyFault: no calendar of the name its rule says.
        CannotPromise: the deadline never comes.
    """
    spec = clock.promise.spec
    if clock.promise.watch is not None:
        calendar, pauses, extensions, end = inputs_of(clock, dispute, calendars, marks)
        return run(spec, calendar, started_at=clock.started_at, pauses=pauses, extensions=extensions, end=end)
    if not isinstance(calendars, Remembered):
        return _of_the_matrix(clock, dispute, calendars)
    waits = dispute.waits if spec.pausable else ()
    return calendars.run_of(clock, waits, lambda: _of_the_matrix(clock, dispute, calendars))


def _of_the_matrix(clock: Clock, dispute: Dispute, calendars: Calendars) -> Run:
    """The commonest case by far, without a value between."""
    spec = clock.promise.spec
    calendar = _calendar(spec.calendar, clock.kind, calendars)
    pauses = pauses_of(dispute) if spec.pausable and dispute.waits else ()
    return run(spec, calendar, started_at=clock.started_at, pauses=pauses, extensions=clock.extensions)


@lru_cache(maxsize=1024)
def percent(fraction: float) -> int:
    """A fraction as the whole percent it is remembered by."""
    return round(fraction * 100)


def next_moment(clock: Clock, ticking: Run) -> Moment | None:
    """The earliest warning not yet given, else the due; None while a pause holds them back."""
    if ticking.due is None:
        return None
    for fraction in clock.promise.spec.warn_at:
        if percent(fraction) not in clock.warned:
            at = ticking.at(fraction)
            if at is not None:
                return Moment(fraction, at)
    return Moment(DUE, ticking.due)


def passed(clock: Clock, ticking: Run, now: datetime) -> tuple[Moment, ...]:
    """The warnings not yet given whose instants have come, in order; without the due."""
    found: list[Moment] = []
    for fraction in clock.promise.spec.warn_at:
        if percent(fraction) not in clock.warned:
            at = ticking.at(fraction)
            if at is None or at > now:
                break
            found.append(Moment(fraction, at))
    return tuple(found)


def warned_of(clock: Clock, moments: tuple[Moment, ...]) -> Clock:
    """The clock with these warnings remembered as given."""
    return altered(clock, warned=(*clock.warned, *(percent(moment.fraction) for moment in moments)))


def started(clock: Clock, dispute: Dispute, calendars: Calendars, now: datetime, marks: Marks = NO_MARKS) -> Ticking:
    """A new clock with its due; warnings whose instants are already past are not given any more."""
    ticking = worked_out(clock, dispute, calendars, marks)
    gone = passed(clock, ticking, now) if clock.started_at < now else ()
    state = ClockState.PAUSED if ticking.due is None else ClockState.RUNNING
    warned = tuple([percent(moment.fraction) for moment in gone])
    clock = altered(clock, due_at=ticking.due, state=state, warned=warned)
    return Ticking(clock, next_moment(clock, ticking))


def continued(promise: Promise, at: datetime, calendars: Calendars) -> datetime:
    """Where a clock begins that goes on from another's end: for whole days, a midnight is still the day it ends.

    Raises:
        PolicyFault: no calendar of the name its rule says.
    """
    spec = promise.spec
    if not _whole_days(spec.duration):
        return at
    return day_ended(at, _calendar(spec.calendar, spec.kind, calendars))


@lru_cache(maxsize=1024)
def _whole_days(term: Term) -> bool:
    return any(part.end_of_day or part.unit is Unit.BUSINESS_DAY for part in parts_of(term))


def _calendar(name: str, kind: str, calendars: Calendars) -> Calendar:
    calendar = calendars.get(name)
    if calendar is None:
        raise PolicyFault(f"clocks.{kind}.calendar", f"There is no calendar named {name}.")
    return calendar


def movable(clock: Clock, dispute: Dispute) -> bool:
    """Whether its due may be another than the one it shows: only a wait moves it, or a milestone's own pause."""
    return clock.promise.spec.pausable and (bool(dispute.waits) or clock.promise.watch is not None)


def refreshed(clock: Clock, dispute: Dispute, calendars: Calendars, marks: Marks = NO_MARKS) -> Ticking:
    """An open clock as the dispute's waits leave it: running to a due instant, or paused."""
    ticking = worked_out(clock, dispute, calendars, marks)
    clock = _showing(clock, ticking)
    return Ticking(clock, next_moment(clock, ticking))


def _showing(clock: Clock, ticking: Run) -> Clock:
    state = ClockState.PAUSED if ticking.due is None else ClockState.RUNNING
    if clock.due_at == ticking.due and clock.state is state:
        return clock
    return altered(clock, due_at=ticking.due, state=state)


def owed(clock: Clock, dispute: Dispute) -> bool:
    """Whether what the clock watches is still owed at this point of the dispute's life."""
    if clock.kind in _WHILE_SETTLED:
        return dispute.status in SETTLED and clock.phase == phase_of(dispute)
    if clock.kind in _WHILE_ACTIVE:
        return dispute.active
    in_house = dispute.active and dispute.status is not Status.REFERRED_EXTERNAL
    same = clock.phase == phase_of(dispute)
    return in_house and same and (clock.kind is not Kind.TIER or clock.tier == dispute.tier)


def outstanding(clock: Clock) -> bool:
    """Whether its end is not yet known: open, or missed and neither met late nor stopped."""
    if clock.state is not ClockState.MISSED:
        return clock.state in OPEN
    return clock.met_at is None and clock.stopped_at is None


def settled(clock: Clock, dispute: Dispute, now: datetime, marks: Marks = NO_MARKS) -> Clock:
    """The clock as the dispute's facts leave it: met, met too late, stopped, or as it was."""
    if not outstanding(clock):
        return clock
    if clock.promise.watch is not None:
        return _milestone_settled(clock, dispute, facts_of(dispute, marks), now)
    done = _done_at(clock, dispute)
    if done is not None:
        return _met(clock, done, now)
    return clock if owed(clock, dispute) else _dropped(clock, now)


def _milestone_settled(clock: Clock, dispute: Dispute, facts: Marks, now: datetime) -> Clock:
    """Met by the first of its facts and letters, or over with the first that makes it void; the earlier of them decides."""
    watch = clock.promise.watch
    assert watch is not None
    done = done_with(clock, facts).met_at
    void = first_of(facts, watch.void_on, clock.started_at)
    if done is not None and (void is None or done <= void):
        return _met(clock, done, now)
    return clock if void is None and dispute.status not in DROPPED else _dropped(clock, now)


def _dropped(clock: Clock, now: datetime) -> Clock:
    if clock.state is ClockState.MISSED:
        return altered(clock, stopped_at=now)
    return altered(clock, state=ClockState.STOPPED, stopped_at=now)


def missed(clock: Clock, now: datetime) -> Clock:
    """The clock after it ran out, noticed at `now`."""
    return altered(clock, state=ClockState.MISSED, missed_at=clock.due_at, fired_at=now)


def _met(clock: Clock, done: datetime, now: datetime) -> Clock:
    """Met in time, or found to have been met after its due before anybody noticed."""
    if clock.state is ClockState.MISSED:
        return altered(clock, met_at=done)
    if clock.due_at is not None and done > clock.due_at:
        return altered(missed(clock, now), met_at=done)
    return altered(clock, state=ClockState.MET, met_at=done)


def _done_at(clock: Clock, dispute: Dispute) -> datetime | None:
    match clock.kind:
        case Kind.ACKNOWLEDGEMENT:
            return dispute.acknowledged_at
        case Kind.FIRST_RESPONSE:
            return dispute.responded_at
        case Kind.NEXT_UPDATE:
            return _since(clock, dispute.informed_at)
        case Kind.RESOLUTION | Kind.TIER:
            return _resolved_at(clock, dispute)
        case _:
            return None


def _resolved_at(clock: Clock, dispute: Dispute) -> datetime | None:
    """When the dispute was decided, in the clock's own phase and tier; a dispute that was dropped never is."""
    other_tier = clock.kind is Kind.TIER and clock.tier != dispute.tier
    if dispute.status in DROPPED or dispute.active or clock.phase != phase_of(dispute) or other_tier:
        return None
    if _since(clock, dispute.resolved_at) is not None:
        return dispute.resolved_at
    return dispute.closed_at if dispute.status in ENDED else dispute.updated_at


def _since(clock: Clock, moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment > clock.started_at else None
