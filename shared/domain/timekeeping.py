"""One clock of one dispute at work: started, worked out against the dispute's waits, met, missed or stopped."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from shared.domain.calendar import Calendar
from shared.domain.clock_record import Clock, ClockState, Kind
from shared.domain.clock_run import Moment, Run, run
from shared.domain.clock_spec import DUE, Pause
from shared.domain.dispute import Dispute
from shared.domain.errors import PolicyFault
from shared.domain.frozen import altered
from shared.domain.lifecycle import ENDED, SETTLED, Stage, Status

Calendars = Mapping[str, Calendar]

_DROPPED: Final = frozenset({Status.WITHDRAWN, Status.NOT_A_DISPUTE})
_WHILE_ACTIVE: Final = frozenset({Kind.ACKNOWLEDGEMENT, Kind.FIRST_RESPONSE, Kind.NEXT_UPDATE})
_WHILE_SETTLED: Final = frozenset({Kind.FOLLOW_UP, Kind.SILENCE})


class Ticking(NamedTuple):
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


def worked_out(clock: Clock, dispute: Dispute, calendars: Calendars) -> Run:
    """The clock by its own rule, start, extensions and the dispute's waits.

    Raises:
        PolicyFault: no calendar of the name its rule says.
        CannotPromise: the deadline never comes.
    """
    spec = clock.promise.spec
    calendar = calendars.get(spec.calendar)
    if calendar is None:
        raise PolicyFault(f"clocks.{clock.kind}.calendar", f"There is no calendar named {spec.calendar}.")
    pauses = pauses_of(dispute) if spec.pausable and dispute.waits else ()
    return run(spec, calendar, started_at=clock.started_at, pauses=pauses, extensions=clock.extensions)


def percent(fraction: float) -> int:
    """A fraction as the whole percent it is remembered by."""
    return round(fraction * 100)


def next_moment(clock: Clock, ticking: Run) -> Moment | None:
    """The earliest warning not yet given, else the due; None while a pause holds them back."""
    if ticking.due is None:
        return None
    for fraction in clock.promise.spec.warn_at:
        if percent(fraction) not in clock.warned:
            at = ticking.reached(ticking.budget * fraction)
            if at is not None:
                return Moment(fraction, at)
    return Moment(DUE, ticking.due)


def passed(clock: Clock, ticking: Run, now: datetime) -> tuple[Moment, ...]:
    """The warnings not yet given whose instants have come, in order; without the due."""
    found: list[Moment] = []
    for fraction in clock.promise.spec.warn_at:
        if percent(fraction) not in clock.warned:
            at = ticking.reached(ticking.budget * fraction)
            if at is None or at > now:
                break
            found.append(Moment(fraction, at))
    return tuple(found)


def warned_of(clock: Clock, moments: tuple[Moment, ...]) -> Clock:
    """The clock with these warnings remembered as given."""
    return altered(clock, warned=(*clock.warned, *(percent(moment.fraction) for moment in moments)))


def started(clock: Clock, dispute: Dispute, calendars: Calendars, now: datetime) -> Ticking:
    """A new clock with its due; warnings whose instants are already past are not given any more."""
    ticking = worked_out(clock, dispute, calendars)
    gone = passed(clock, ticking, now) if clock.started_at < now else ()
    state = ClockState.PAUSED if ticking.due is None else ClockState.RUNNING
    warned = tuple(percent(moment.fraction) for moment in gone)
    clock = altered(clock, due_at=ticking.due, state=state, warned=warned)
    return Ticking(clock, next_moment(clock, ticking))


def movable(clock: Clock, dispute: Dispute) -> bool:
    """Whether its due may be another than the one it shows: only a wait for the customer moves it."""
    return clock.promise.spec.pausable and bool(dispute.waits)


def refreshed(clock: Clock, dispute: Dispute, calendars: Calendars) -> Ticking:
    """An open clock as the dispute's waits leave it: running to a due instant, or paused."""
    ticking = worked_out(clock, dispute, calendars)
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
    return clock.open or (clock.state is ClockState.MISSED and clock.met_at is None and clock.stopped_at is None)


def settled(clock: Clock, dispute: Dispute, now: datetime) -> Clock:
    """The clock as the dispute's facts leave it: met, met too late, stopped, or as it was."""
    if not outstanding(clock):
        return clock
    done = _done_at(clock, dispute)
    if done is not None:
        return _met(clock, done, now)
    if owed(clock, dispute):
        return clock
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
    if dispute.status in _DROPPED or dispute.active or clock.phase != phase_of(dispute) or other_tier:
        return None
    if _since(clock, dispute.resolved_at) is not None:
        return dispute.resolved_at
    return dispute.closed_at if dispute.status in ENDED else dispute.updated_at


def _since(clock: Clock, moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment > clock.started_at else None
