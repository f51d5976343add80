"""What a past clock is judged by at an instant is what was known then: nothing that came later changes it."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.breach_features import NAMES
from shared.domain.breach_history import Backlog, Landmark, PastClock, Turn, landmarks
from shared.domain.clock_record import Clock, ClockState, Kind
from shared.domain.clock_spec import Extension
from shared.domain.conditions import Rates
from shared.domain.dispute import Severity
from shared.domain.duration import Duration, Unit
from shared.domain.frozen import altered
from shared.domain.lifecycle import Trigger
from shared.domain.money import Money
from shared.domain.story import Did, Step, Story
from tests.builders import a_dispute
from tests.domain.escalating import Life
from tests.domain.matrices import CALENDARS, NINE, a_matrix, clocks

HOUR = timedelta(hours=1)
RATES = Rates("EUR")
TEN_HOURS = a_matrix(
    clocks=clocks(
        resolution={"duration": "10 hours", "calendar": "always", "pausable": True, "on_breach": "escalate"},
        next_update=None,
    )
)


def a_running_clock() -> Clock:
    life = Life(matrix=TEN_HOURS)
    life.heard()
    return life.clocks[Kind.RESOLUTION]


RUNNING = a_running_clock()


def at(hours: float) -> datetime:
    return NINE + hours * HOUR


def a_past(*steps: Step, missed: float | None = None, met: float | None = None, **more: Any) -> PastClock:
    marks = {"missed_at": at(missed)} if missed is not None else {"met_at": at(8 if met is None else met)}
    state = ClockState.MISSED if missed is not None else ClockState.MET
    clock = altered(RUNNING, state=state, extensions=more.pop("extensions", ()), **marks)
    story = Story(a_dispute(received_at=NINE), NINE, tuple(steps), at(500))
    return PastClock(clock, story, (Turn(NINE, 1, climbed=False), *more.pop("turns", ())), **more)


def seen(past: PastClock, backlog: Backlog | None = None) -> list[Landmark]:
    return list(landmarks(past, CALENDARS, RATES, backlog or Backlog([], [])))


def figure(landmark: Landmark, name: str) -> float:
    return landmark.features[NAMES.index(name)]


def test_a_clock_is_looked_at_while_it_runs_and_not_after() -> None:
    shares = [figure(each, "share_used") for each in seen(a_past(met=5))]
    assert [round(each, 9) for each in shares] == [0, 0.15, 0.3, 0.45]
    assert len(seen(a_past(missed=10))) == 7
    assert {each.broken for each in seen(a_past(missed=10))} == {True}
    assert {each.broken for each in seen(a_past(met=5))} == {False}


def test_a_climb_is_known_from_when_it_happened() -> None:
    past = a_past(missed=10, turns=(Turn(at(4), 2, climbed=True),))
    assert [(figure(each, "tier"), figure(each, "climbs")) for each in seen(past)] == [(0, 0)] * 3 + [(1, 1)] * 4


def test_a_wait_for_the_customer_uses_no_time_and_is_known_while_it_lasts() -> None:
    waits = (Step(at(2), Did.MOVED, Trigger.WAIT_FOR_CUSTOMER), Step(at(12), Did.MOVED, Trigger.RESUME))
    investigated = (Step(at(1), Did.MOVED, Trigger.TRIAGE), Step(at(1.2), Did.MOVED, Trigger.INVESTIGATE))
    found = seen(a_past(*investigated, *waits, missed=20))
    assert [each.at for each in found] == [at(0), at(1.5), at(13), at(14.5), at(16), at(17.5), at(19)]
    assert [round(figure(each, "share_used"), 9) for each in found] == [0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9]
    assert [figure(each, "waits") > 0 for each in found] == [False] * 2 + [True] * 5


def test_more_time_is_known_from_when_it_was_given() -> None:
    longer = (Extension(Duration(10, Unit.HOUR), "needed"),)
    found = seen(a_past(missed=20, extensions=longer, extended_at=(at(5),)))
    assert [round(figure(each, "share_used"), 9) for each in found] == [0, 0.15, 0.3, 0.45, 0.3, 0.375, 0.45]


def test_corrected_facts_are_known_from_when_they_were_corrected() -> None:
    right = {"category": ("warranty", "true"), "severity": Severity.HIGH, "amount": Money.of("900", "EUR")}
    found = seen(a_past(Step(at(5), Did.CORRECTED, right), missed=10))
    for name in ("needs_person", "severity_high", "category_warranty"):
        assert [figure(each, name) for each in found] == [0] * 4 + [1] * 3
    assert [figure(each, "amount_band") for each in found] == [0] * 4 + [3] * 3


def test_the_backlog_is_that_of_the_instant() -> None:
    backlog = Backlog([at(-5), at(-4), at(2)], [at(1), at(9.5)])
    found = seen(a_past(missed=10), backlog)
    assert [backlog.at(each.at) for each in found] == [2, 1, 2, 2, 2, 2, 2]
    assert backlog.at(at(-9)) == 0


LATER = st.lists(
    st.one_of(
        st.builds(Step, st.floats(0.1, 30).map(at), st.just(Did.WROTE), st.none()),
        st.builds(Step, st.floats(0.1, 30).map(at), st.just(Did.MOVED), st.sampled_from(list(Trigger))),
        st.builds(
            Step,
            st.floats(0.1, 30).map(at),
            st.just(Did.CORRECTED),
            st.fixed_dictionaries({"customer_class": st.sampled_from(["vulnerable", "premium"])}),
        ),
    ),
    max_size=12,
).map(lambda steps: sorted(steps, key=lambda step: step.at))


@given(LATER, LATER, st.floats(0, 30), st.floats(1, 30), st.floats(1, 30), st.lists(st.floats(0, 30), max_size=3))
def test_changing_the_future_changes_no_figure(
    known: list[Step], other: list[Step], now: float, ends: float, otherwise: float, climbs: list[float]
) -> None:
    """Two lives that are the same up to an instant and differ in everything later, the end included."""
    turns = [Turn(at(hour), place + 2, climbed=True) for place, hour in enumerate(sorted(climbs))]
    told = [step for step in known if step.at <= at(now)]
    changed = [*told, *(step for step in other if step.at > at(now))]
    one = a_past(*known, missed=ends, turns=tuple(turns), extensions=(), extended_at=())
    longer = (Extension(Duration(3, Unit.HOUR), "needed"),)
    two = a_past(
        *changed,
        met=otherwise,
        turns=tuple(turn for turn in turns if turn.at <= at(now)),
        extensions=longer,
        extended_at=(at(max(now, 0.01) + 0.001),),
    )
    until = min(at(now), one.ended_at - timedelta(microseconds=1), two.ended_at - timedelta(microseconds=1))
    assert [each[:2] for each in seen(one) if each.at <= until] == [each[:2] for each in seen(two) if each.at <= until]


@given(LATER)
def test_landmarks_come_in_order(steps: list[Step]) -> None:
    assert all(first.at <= second.at for first, second in pairwise(seen(a_past(*steps, missed=40))))
