"""Whatever pauses and extensions there are, and in whatever order they are heard of: no time is lost, none is won."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.calendar import Calendar
from shared.domain.clock_record import Kind
from shared.domain.clocks import Extension, Pause, due_at, run
from shared.domain.duration import Duration, Term
from shared.domain.escalation import Asked
from shared.domain.lifecycle import Trigger, allowed
from tests.domain.calendars import calendars, instants
from tests.domain.escalating import Life
from tests.domain.matrices import NINE, a_matrix, clocks
from tests.domain.test_clocks import clock, durations, pause_lists, paused, terms

BOUNDED = settings(max_examples=100)
Hold = tuple[timedelta, timedelta]
by_hand = st.integers(1, 30)


@BOUNDED
@given(calendars, durations, instants, pause_lists)
def test_pausing_and_resuming_neither_loses_nor_wins_counted_time(
    cal: Calendar, term: Duration, start: datetime, holds: list[Hold]
) -> None:
    spec = clock(term, cal)
    planned = run(spec, cal, started_at=start)
    held = run(spec, cal, started_at=start, pauses=[paused(start, *hold) for hold in holds])
    assert held.due is not None
    assert held.counted(held.due) == planned.budget
    stood_still = sum((held.measure.between(since, until) for since, until in _still(held, held.due)), timedelta())
    assert held.measure.between(start, held.due) == planned.budget + stood_still


def _still(held: object, due: datetime) -> list[tuple[datetime, datetime]]:
    pauses: tuple[Pause, ...] = getattr(held, "pauses", ())
    return [(pause.since, min(pause.until or due, due)) for pause in pauses if pause.since < due]


@BOUNDED
@given(calendars, terms, instants, pause_lists, st.randoms(use_true_random=False))
def test_the_order_in_which_pauses_are_known_does_not_matter(
    cal: Calendar, term: Term, start: datetime, holds: list[Hold], chance: object
) -> None:
    pauses = [paused(start, *hold) for hold in holds]
    shuffled = [*pauses, *pauses]  # and none counts twice
    getattr(chance, "shuffle")(shuffled)  # noqa: B009 - hypothesis gives a random.Random, which is not imported here
    spec = clock(term, cal)
    assert due_at(spec, cal, started_at=start, pauses=pauses) == due_at(spec, cal, started_at=start, pauses=shuffled)


@BOUNDED
@given(calendars, durations, instants, durations, by_hand, by_hand, pause_lists)
def test_extensions_of_one_unit_add_up_in_any_order_and_dates_do_not_depend_on_theirs(
    cal: Calendar, term: Duration, start: datetime, unit: Duration, one: int, two: int, holds: list[Hold]
) -> None:
    spec, pauses = clock(term, cal), [paused(start, *hold) for hold in holds]
    first, second = (Extension(Duration(amount, unit.unit), "granted") for amount in (one, two))
    if unit.unit.is_business or not unit.unit.is_date:
        there = due_at(spec, cal, started_at=start, pauses=pauses, extensions=[first, second])
        assert there == due_at(spec, cal, started_at=start, pauses=pauses, extensions=[second, first])
        whole = Extension(Duration(one + two, unit.unit), "granted")
        assert there == due_at(spec, cal, started_at=start, pauses=pauses, extensions=[whole])
    dates = [Extension(start + timedelta(days=days), "agreed") for days in (one, two)]
    there = due_at(spec, cal, started_at=start, pauses=pauses, extensions=dates)
    assert there == due_at(spec, cal, started_at=start, pauses=pauses, extensions=dates[::-1])


@BOUNDED
@given(calendars, durations, instants, durations, pause_lists)
def test_an_extension_is_never_due_earlier_whatever_the_pauses(
    cal: Calendar, term: Duration, start: datetime, more: Duration, holds: list[Hold]
) -> None:
    spec, pauses = clock(term, cal), [paused(start, *hold) for hold in holds]
    before = due_at(spec, cal, started_at=start, pauses=pauses)
    after = due_at(spec, cal, started_at=start, pauses=pauses, extensions=[Extension(more, "granted")])
    assert before is not None
    assert after is not None
    assert before <= after


PAUSABLE = {"duration": "60 hours", "calendar": "always", "on_breach": "tell", "pausable": True}
QUIET = clocks(acknowledgement=None, first_response=None, next_update=None, resolution=PAUSABLE)
_STEPS = st.one_of(
    st.tuples(st.just("pass"), st.integers(1, 12)),
    st.tuples(
        st.just("move"), st.sampled_from([Trigger.WAIT_FOR_CUSTOMER, Trigger.WAIT_FOR_DEPARTMENT, Trigger.RESUME])
    ),
)


def _lived(steps: list[tuple[str, object]], *, heard_each: bool) -> Life:
    """The same life, heard of step by step or only at its end; nothing fires meanwhile."""
    life = Life(matrix=a_matrix(clocks=QUIET))
    life.heard()
    hours = 0.0
    for name, value in steps:
        if name == "pass" and isinstance(value, int):
            hours += value / 4
            life.asleep_until(hours)
        elif isinstance(value, Trigger) and value in allowed(life.dispute.status):
            life.dispute = life.dispute.after(value, life.now)
        if heard_each:
            life.heard()
    life.heard()
    return life


@BOUNDED
@given(st.lists(_STEPS, max_size=25))
def test_hearing_of_each_wait_or_of_all_at_the_end_leads_to_the_same_clocks(steps: list[tuple[str, object]]) -> None:
    each, late = (_lived(steps, heard_each=heard) for heard in (True, False))
    for kind in (Kind.RESOLUTION, Kind.TIER):
        one, other = each.clocks[kind], late.clocks[kind]
        assert (one.due_at, one.state, one.generation) == (other.due_at, other.state, other.generation)
    assert {kind: arm.at for kind, arm in each.timers.items()}.keys() == late.timers.keys()


@BOUNDED
@given(st.lists(st.sampled_from([None, 1, 2, 3, 4]), min_size=1, max_size=6))
def test_wishes_for_a_tier_lead_as_high_as_the_highest_in_any_order(wishes: list[int | None]) -> None:
    named = [wish for wish in wishes if wish is not None]
    reached = []
    for order in (named, named[::-1], sorted(named)):
        life = Life(now=NINE)
        life.heard()
        for wish in order:
            life.heard(asked=Asked(wish))
        reached.append(life.dispute.tier)
    assert len(set(reached)) == 1
