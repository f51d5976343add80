"""One clock of one dispute at work: started, worked out against the dispute's waits, met, missed or stopped."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from shared.domain.calendar import Calendar
from shared.domain.clock_record import OPEN, Clock, ClockState, Kind, Promise
from shared.domain.clock_run import Moment, Run, run
from shared.domain.clock_spec import DUE, Extension, Pause
from shared.domain.counting import Rules, day_ended
from shared.domain.dispute import Dispute
from shared.domain.duration import Term, Unit, parts_of
from shared.domain.errors import PolicyFault
from shared.domain.frozen import altered
from shared.domain.letters import done_with
from shared.domain.lifecycle import ACTIVE, ENDED, SETTLED, Stage, Status
from shared.domain.marks import DROPPED, NO_MARKS, Marks, facts_of, first_of
from shared.domain.pausing import pauses_of, remaining_after, stops
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
    pauses = tuple(stops(watch.pause, facts_of(dispute, marks), Rules(calendar)))
    remains = tuple(remaining_after(watch.pause, pauses, clock.started_at, Rules(calendar)))
    return Inputs(calendar, pauses, (*clock.extensions, *remains), watch.due)


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
    known = calendars.known(clock, waits)
    return calendars.keep(_of_the_matrix(clock, dispute, calendars)) if known is None else known


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
    due, warned = ticking.due, clock.warned
    if due is None:
        return None
    for fraction in clock.promise.spec.warn_at:
        if not warned or percent(fraction) not in warned:
            at = ticking.at(fraction)
            if at is not None:
                return Moment(fraction, at)
    return Moment(DUE, due)


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
    clock = altered(clock, due_at=ticking.due, state=state)
    if gone:
        clock = warned_of(clock, gone)
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
    return shown(clock, worked_out(clock, dispute, calendars, marks))


def shown(clock: Clock, ticking: Run) -> Ticking:
    """An open clock as it was worked out: running to a due instant, or paused."""
    clock = _showing(clock, ticking)
    return Ticking(clock, next_moment(clock, ticking))


def _showing(clock: Clock, ticking: Run) -> Clock:
    state = ClockState.PAUSED if ticking.due is None else ClockState.RUNNING
    if clock.due_at == ticking.due and clock.state is state:
        return clock
    return altered(clock, due_at=ticking.due, state=state)


def owed(clock: Clock, dispute: Dispute) -> bool:
    """Whether what the clock watches is still owed at this point of the dispute's life."""
    kind, status = clock.kind, dispute.status
    if kind in _WHILE_SETTLED:
        return status in SETTLED and clock.phase == phase_of(dispute)
    if status not in ACTIVE:
        return False
    if kind in _WHILE_ACTIVE:
        return True
    in_house = status is not Status.REFERRED_EXTERNAL and clock.phase == phase_of(dispute)
    return in_house and (kind is not Kind.TIER or clock.tier == dispute.tier)


def outstanding(clock: Clock) -> bool:
    """Whether its end is not yet known: open, or missed and neither met late nor stopped."""
    if clock.state is not ClockState.MISSED:
        return clock.state in OPEN
    return clock.met_at is None and clock.stopped_at is None


def settled(clock: Clock, dispute: Dispute, now: datetime, marks: Marks = NO_MARKS) -> Clock:
    """The clock as the dispute's facts leave it: met, met too late, stopped, or as it was."""
    if clock.state not in OPEN and not outstanding(clock):
        return clock
    if clock.promise.watch is not None:
        return _milestone_settled(clock, dispute, facts_of(dispute, marks), now)
    found = _DONE_AT.get(clock.kind)
    done = None if found is None else found(clock, dispute)
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


def _resolved_at(clock: Clock, dispute: Dispute) -> datetime | None:
    """When the dispute was decided, in the clock's own phase and tier; a dispute that was dropped never is."""
    status = dispute.status
    if status in ACTIVE or status in DROPPED or clock.phase != phase_of(dispute):
        return None
    if clock.kind is Kind.TIER and clock.tier != dispute.tier:
        return None
    if _since(clock, dispute.resolved_at) is not None:
        return dispute.resolved_at
    return dispute.closed_at if status in ENDED else dispute.updated_at


def _since(clock: Clock, moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment > clock.started_at else None


_DONE_AT: Final[Mapping[Kind, Callable[[Clock, Dispute], datetime | None]]] = {
    Kind.ACKNOWLEDGEMENT: lambda _, dispute: dispute.acknowledged_at,
    Kind.FIRST_RESPONSE: lambda _, dispute: dispute.responded_at,
    Kind.NEXT_UPDATE: lambda clock, dispute: _since(clock, dispute.informed_at),
    Kind.RESOLUTION: _resolved_at,
    Kind.TIER: _resolved_at,
}
"""When what a clock watches was done, None while it is not; a clock that is not here only runs out."""
