"""The answer of an outside body, awaited by the day it announced: a clock that is told of when it runs out, and no promise."""

from datetime import timedelta
from typing import Final

from shared.domain.clock_record import Clock, ClockState, Kind, OnBreach, Promise
from shared.domain.clock_spec import ClockSpec
from shared.domain.clock_terms import Watch
from shared.domain.draft import Draft
from shared.domain.duration import Duration, Unit
from shared.domain.frozen import altered
from shared.domain.lifecycle import Status
from shared.domain.marks import EXTERNAL_DECIDED
from shared.domain.referral import Expected
from shared.domain.timekeeping import Ticking, next_moment, worked_out

ANSWER: Final = Kind("referral:answer")
TITLE: Final = "Answer of the outside body"
_DAY: Final = timedelta(days=1)


def await_answer(draft: Draft, expected: Expected) -> None:
    """Starts the clock of a referral, once for each day that was announced, and moves it while it runs."""
    dispute, last = draft.dispute, draft.clocks.get(ANSWER)
    if dispute.status is not Status.REFERRED_EXTERNAL or dispute.tier is None:
        return
    if last is None or last.started_at < expected.since:
        draft.begin(ANSWER, _promise(draft, expected), expected.since)
    elif _announced(last) != expected.at:
        if last.open:
            _move(draft, last, expected)
        elif last.met_at is None:
            draft.begin(ANSWER, _promise(draft, expected), draft.now)


def _announced(clock: Clock) -> object:
    return None if clock.promise.watch is None else clock.promise.watch.due


def _promise(draft: Draft, expected: Expected) -> Promise:
    """Due when the body said, on any calendar; its length in days is only shown."""
    assert draft.dispute.tier is not None
    calendar = draft.matrix.tier(draft.dispute.tier).deadlines[draft.dispute.severity].spec.calendar
    days = max(1, -(-(expected.at - expected.since) // _DAY))
    spec = ClockSpec(ANSWER.value, Duration(days, Unit.CALENDAR_DAY), calendar)
    watch = Watch(TITLE, duty=False, met_by=(EXTERNAL_DECIDED,), due=expected.at)
    return Promise(spec, OnBreach.TELL, watch=watch)


def _move(draft: Draft, clock: Clock, expected: Expected) -> None:
    moved = altered(clock, promise=_promise(draft, expected), due_at=expected.at, state=ClockState.RUNNING)
    draft.keep(moved)
    draft.arm(Ticking(moved, next_moment(moved, worked_out(moved, draft.dispute, draft.calendars, draft.marks))))
