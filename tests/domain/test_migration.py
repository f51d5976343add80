"""Moving an open dispute to another version: only what differs moves, and promises to the customer never later unasked."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.assignment import Bench
from shared.domain.clock_record import PROMISES, ClockState, Kind
from shared.domain.dispute import Severity
from shared.domain.lifecycle import Trigger
from shared.domain.matrix import Matrix
from shared.domain.migration import LEAST_GAP, Held, Migration, Versions, migrate
from shared.domain.milestones import Beyond
from shared.domain.plan import Climbed, NewsOwed, TakenUp
from tests.domain.escalating import Life, of
from tests.domain.matrices import CALENDARS, NINE, a_body, a_matrix, a_tier, clocks

HOUR = timedelta(hours=1)


def running(hours: float = 1, **facts: Any) -> Life:
    """A dispute taken up at nine, so many hours ago."""
    life = Life()
    life.with_facts(**facts)
    life.until(hours)
    return life


def tiers(*deadlines: str) -> list[dict[str, Any]]:
    """The ordinary tiers with other deadlines, from the first on."""
    found: list[dict[str, Any]] = a_body()["tiers"]
    for tier, deadline in zip(found, deadlines, strict=False):
        tier["deadline"] = deadline
    return found


def moved_to(life: Life, to: Matrix, *, allow_later: bool = False) -> Migration:
    done = migrate(life.dispute, life.clocks, Versions(life.matrix, to), CALENDARS, life.now, allow_later=allow_later)
    for plan in done.plans:
        life.apply(plan)
    life.matrix = to
    return done


def changes(done: Migration) -> dict[str, float | None]:
    """By how many hours each clock moved."""
    return {each.kind.value: None if each.by is None else each.by / HOUR for each in done.moved}


def test_a_version_that_says_the_same_moves_nothing_and_only_the_version_is_another() -> None:
    life = running()
    before = dict(life.clocks)
    done = moved_to(life, a_matrix(2))
    assert (done.moved, done.held) == ((), ())
    assert life.clocks == before
    assert life.dispute.policy_version == 2


def test_another_source_is_no_other_rule() -> None:
    told = clocks(resolution={"duration": "8 weeks", "calendar": "always", "on_breach": "escalate", "source": "a book"})
    assert moved_to(running(), a_matrix(2, clocks=told)).moved == ()


def test_only_the_clock_whose_rule_differs_moves_and_it_counts_from_its_own_start() -> None:
    life = running()
    done = moved_to(life, a_matrix(2, tiers=tiers("6 hours")))
    assert changes(done) == {"tier": 2.0}
    clock = life.clocks[Kind.TIER]
    assert (clock.started_at, clock.due_at, clock.generation, clock.policy_version) == (NINE, NINE + 6 * HOUR, 2, 2)
    assert life.ended[-1].state is ClockState.STOPPED
    assert life.timers[Kind.TIER].at == NINE + 3 * HOUR


def test_the_dispute_then_lives_by_the_new_rule() -> None:
    life = running()
    moved_to(life, a_matrix(2, tiers=tiers("3 hours")))
    told = life.until(4)
    assert [each.to_tier for each in of(told, Climbed)] == [2]


def test_a_promise_to_the_customer_moves_earlier_at_once() -> None:
    life = running()
    sooner = a_matrix(
        2, clocks=clocks(first_response={"duration": "2 hours", "calendar": "always", "on_breach": "tell"})
    )
    assert changes(moved_to(life, sooner)) == {"first_response": -4.0}
    assert life.clocks[Kind.FIRST_RESPONSE].due_at == NINE + 2 * HOUR


def test_a_promise_to_the_customer_moves_later_only_when_that_is_said() -> None:
    later = a_matrix(
        2, clocks=clocks(first_response={"duration": "9 hours", "calendar": "always", "on_breach": "tell"})
    )
    life = running()
    done = moved_to(life, later)
    assert (done.moved, done.held) == ((), (Held(Kind.FIRST_RESPONSE, 3 * HOUR),))
    assert life.clocks[Kind.FIRST_RESPONSE].due_at == NINE + 6 * HOUR
    life = running()
    assert changes(moved_to(life, later, allow_later=True)) == {"first_response": 3.0}
    assert life.clocks[Kind.FIRST_RESPONSE].due_at == NINE + 9 * HOUR


def test_a_promise_is_withdrawn_only_when_that_is_said() -> None:
    without = a_matrix(2, clocks=clocks(acknowledgement=None))
    life = running()
    assert moved_to(life, without).held == (Held(Kind.ACKNOWLEDGEMENT, None),)
    assert life.clocks[Kind.ACKNOWLEDGEMENT].open
    life = running()
    assert changes(moved_to(life, without, allow_later=True)) == {"acknowledgement": None}
    assert life.clocks[Kind.ACKNOWLEDGEMENT].state is ClockState.STOPPED
    assert Kind.ACKNOWLEDGEMENT not in life.timers


def test_a_promise_that_is_new_begins_at_receipt() -> None:
    life = Life(matrix=a_matrix(clocks=clocks(first_response=None)))
    life.heard()
    life.until(1)
    moved_to(life, a_matrix(2))
    assert life.clocks[Kind.FIRST_RESPONSE].due_at == NINE + 6 * HOUR


def test_a_shorter_deadline_that_has_passed_already_is_told_and_a_tier_still_gets_the_least_gap() -> None:
    life = running(hours=3, acknowledged_at=NINE)
    done = moved_to(life, a_matrix(2, tiers=tiers("1 hour")))
    assert [each.overdue for each in done.moved] == [True]
    clock = life.clocks[Kind.TIER]
    assert clock.due_at == NINE + 3.5 * HOUR
    assert clock.extensions[-1].reason == LEAST_GAP


def test_the_least_gap_gives_no_tier_more_time_than_it_had() -> None:
    life = running(hours=3.75, acknowledged_at=NINE)
    moved_to(life, a_matrix(2, tiers=tiers("1 hour")))
    assert life.clocks[Kind.TIER].due_at == NINE + 4 * HOUR


def test_a_promise_that_would_have_run_out_already_is_found_broken_by_the_next_sweep() -> None:
    life = running(hours=3, acknowledged_at=NINE)
    sooner = a_matrix(
        2, clocks=clocks(first_response={"duration": "2 hours", "calendar": "always", "on_breach": "tell"})
    )
    (moved,) = moved_to(life, sooner).moved
    assert moved.overdue
    life.until(3)
    assert life.clocks[Kind.FIRST_RESPONSE].state is ClockState.MISSED


def test_news_that_are_owed_by_now_under_the_new_rule_are_asked_for_at_once_and_not_twice() -> None:
    def sooner(hours: int) -> Matrix:
        update = {"duration": f"{hours} hours", "calendar": "always", "on_breach": "tell"}
        return a_matrix(hours, clocks=clocks(next_update=update))

    life = running(hours=40, acknowledged_at=NINE, responded_at=NINE)
    moved_to(life, sooner(41))
    assert len(of(life.until(40), NewsOwed)) == 1
    moved_to(life, sooner(42), allow_later=True)
    assert of(life.until(40), NewsOwed) == []


def test_a_threshold_it_reaches_by_the_new_version_lifts_it_at_once() -> None:
    life = running()
    lower = [{"name": "small", "when": {"amount_over": "40"}, "to_tier": 2, "because": "more than forty"}]
    done = moved_to(life, a_matrix(2, thresholds=lower, tiers=tiers("1 hour")))
    assert life.dispute.tier == 2
    assert [told.because for plan in done.plans for told in of(plan.told, Climbed)] == [("more than forty",)]
    assert done.moved == ()
    assert life.clocks[Kind.TIER].tier == 2


def test_nothing_brings_it_down_a_tier_but_the_end_of_its_tier() -> None:
    life = running(signals=("legal_threat",))
    life.heard()
    assert life.dispute.tier == 4
    moved_to(life, a_matrix(2, thresholds=[]))
    assert life.dispute.tier == 4
    done = moved_to(life, a_matrix(3, thresholds=[], tiers=a_body()["tiers"][:3]))
    assert (life.dispute.tier, life.dispute.handler) == (3, "Manager Ann")
    assert len([told for plan in done.plans for told in of(plan.told, TakenUp)]) == 1
    assert life.clocks[Kind.TIER].tier == 3


def test_severity_is_judged_again_unless_it_was_given_by_hand() -> None:
    severe: dict[str, Any] = {
        "default": "normal",
        "rules": [{"name": "b", "when": {"categories": ["billing_error"]}, "severity": "high", "because": "money"}],
    }
    quick = tiers()
    quick[0]["deadline"] = {"low": "4 hours", "normal": "4 hours", "high": "2 hours", "critical": "1 hour"}
    life = running()
    done = moved_to(life, a_matrix(2, severity=severe, tiers=quick))
    assert life.dispute.severity is Severity.HIGH
    assert changes(done) == {"tier": -2.0}
    by_hand = running(severity=Severity.LOW)
    moved_to(by_hand, a_matrix(2, severity=severe))
    assert by_hand.dispute.severity is Severity.LOW


def test_somebody_who_is_not_in_the_new_version_hands_over() -> None:
    life = running()
    others = [a_tier("Agent", "4 hours", holders=[{"name": "Bob"}]), *a_body()["tiers"][1:]]
    moved_to(life, a_matrix(2, tiers=others))
    assert life.dispute.handler == "Bob"


def test_whoever_may_not_handle_a_dispute_does_not_get_it_by_a_migration() -> None:
    people = [{"name": "Bob"}, {"name": "Carol"}]
    to = a_matrix(2, tiers=[a_tier("Agent", "4 hours", holders=people), *a_body()["tiers"][1:]])
    for barred, gets in (("Bob", "Carol"), ("Carol", "Bob")):
        life = running()
        beyond = Beyond(bench=Bench(former=frozenset({barred})))
        done = migrate(life.dispute, life.clocks, Versions(life.matrix, to), CALENDARS, life.now, beyond=beyond)
        assert done.dispute.handler == gets


def test_a_clock_that_stands_still_moves_and_still_stands_still() -> None:
    life = running(acknowledged_at=NINE)
    life.moved(Trigger.WAIT_FOR_CUSTOMER)
    done = moved_to(life, a_matrix(2, tiers=tiers("6 hours")))
    assert changes(done) == {"tier": 2.0}
    assert life.clocks[Kind.TIER].state is ClockState.PAUSED
    life.until(2)
    life.moved(Trigger.RESUME)
    assert life.clocks[Kind.TIER].due_at == NINE + 7 * HOUR


def test_migrating_twice_does_nothing_the_second_time() -> None:
    life = running()
    to = a_matrix(2, tiers=tiers("6 hours"))
    moved_to(life, to)
    again = moved_to(life, to)
    assert again.moved == ()
    assert all(not plan.told and not plan.clocks for plan in again.plans)


DURATIONS = st.sampled_from([f"{n} hours" for n in (1, 2, 5, 9, 30, 200)])


@given(hours=st.floats(0, 40), deadlines=st.lists(DURATIONS, min_size=7, max_size=7))
def test_whatever_the_versions_no_promise_to_the_customer_moves_later_unasked(
    hours: float, deadlines: list[str]
) -> None:
    life = running(hours=hours)
    before = {kind: clock.due_at for kind, clock in life.clocks.items() if clock.open}
    rule = {"calendar": "always", "on_breach": "tell"}
    names = ("acknowledgement", "first_response", "next_update", "resolution")
    parts: dict[str, Any] = {name: rule | {"duration": each} for name, each in zip(names, deadlines, strict=False)}
    moved_to(life, a_matrix(2, clocks=clocks(**parts), tiers=tiers(*deadlines[4:])))
    for kind, due_at in before.items():
        after = life.clocks[kind].due_at
        assert due_at is not None
        assert after is not None
        assert kind not in PROMISES or after <= due_at


@pytest.mark.parametrize("hours", [0, 5, 200])
def test_a_settled_dispute_only_moves_what_is_still_owed(hours: float) -> None:
    life = running()
    life.moved(Trigger.RESOLVE)
    life.until(1 + hours)
    slower = clocks(
        follow_up={"duration": "9 calendar days", "calendar": "always", "warn_at": [], "on_breach": "ask_follow_up"}
    )
    done = moved_to(life, a_matrix(2, clocks=slower, tiers=tiers("1 hour")))
    assert changes(done) == ({"follow_up": 48.0} if hours < 168 else {})
