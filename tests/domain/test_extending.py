"""More time is granted as far as a clock's rule allows, once for each wish, and refusals say what would be allowed."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.db.promises import promise_of, spec_text
from shared.domain.clock_record import ClockState, Kind
from shared.domain.duration import Duration, Unit
from shared.domain.errors import Conflict, InvalidValue
from shared.domain.extending import Wish, extended, notice_kind
from shared.domain.lifecycle import Trigger
from shared.domain.plan import Extended, Missed, Plan, Warned
from shared.domain.regime import ExtensionRule, Marker
from tests.domain.escalating import Life, of
from tests.domain.matrices import CALENDARS, NINE, a_matrix, clocks
from tests.domain.test_milestones import a_milestone, at, kind, under

QUIET = clocks(acknowledgement=None, first_response=None, next_update=None)


def a_life(**rule: Any) -> Life:
    """A dispute whose resolution is due 20 hours after receipt and may be extended twice by 10 hours."""
    resolution = {"duration": "20 hours", "calendar": "always", "on_breach": "tell", "pausable": True, "warn_at": [0.5]}
    resolution |= {"extension": {"max": "10 hours", "times": 2}} | rule
    life = Life(matrix=a_matrix(clocks=QUIET | {"resolution": resolution}))
    life.heard()
    return life


def wish(by: Duration | datetime | int, **more: Any) -> Wish:
    length = Duration(by, Unit.HOUR) if isinstance(by, int) else by
    given: dict[str, Any] = {"kind": Kind.RESOLUTION, "generation": 1, "reason": "an expert is asked", "request": "one"}
    return Wish(by=length, **(given | more))


def ask(life: Life, wanted: Wish) -> list[Any]:
    plan: Plan = extended(life.dispute, life.clocks, life.matrix, CALENDARS, life.now, life.marks, wanted)
    return life.apply(plan)


def test_the_deadline_moves_its_timer_with_it_and_the_history_says_from_where() -> None:
    life = a_life()
    (told,) = ask(life, wish(5))
    assert isinstance(told, Extended)
    assert (told.before, told.clock.due_at) == (at(20), at(25))
    life.until(24.9)
    assert not of(life.told, Missed)
    life.until(25)
    assert [each.clock.due_at for each in of(life.told, Missed)] == [at(25)]


def test_the_same_wish_heard_again_gives_nothing_more() -> None:
    life = a_life()
    ask(life, wish(5))
    assert ask(life, wish(5)) == []
    assert life.clocks[Kind.RESOLUTION].due_at == at(25)


def test_a_wish_for_an_earlier_generation_gives_nothing() -> None:
    assert ask(a_life(), wish(5, generation=2)) == []


def test_it_is_extended_as_often_as_the_rule_says_and_no_more() -> None:
    life = a_life()
    ask(life, wish(10))
    ask(life, wish(at(35), request="two"))
    assert life.clocks[Kind.RESOLUTION].due_at == at(35)
    with pytest.raises(Conflict, match="at most 2 times"):
        ask(life, wish(1, request="three"))


@pytest.mark.parametrize("by", [11, NINE + timedelta(hours=30, seconds=1)])
def test_more_than_one_extension_may_add_is_refused_with_the_date_that_may_be_had(by: Any) -> None:
    with pytest.raises(InvalidValue, match="at most 10 hours, that is until 2026-05-05T15:00:00Z"):
        ask(a_life(), wish(by))


@pytest.mark.parametrize("hours", [19, 20])
def test_what_is_not_later_is_no_extension(hours: float) -> None:
    with pytest.raises(InvalidValue, match="ends later"):
        ask(a_life(), wish(at(hours)))


def test_a_rule_without_extension_says_so() -> None:
    with pytest.raises(Conflict, match="has no extension"):
        ask(a_life(extension=None), wish(1))


def test_what_has_run_out_is_not_extended_even_before_the_sweep_has_seen_it() -> None:
    life = a_life()
    life.asleep_until(20)
    with pytest.raises(Conflict, match="not run out"):
        ask(life, wish(1))
    life.until(20)
    with pytest.raises(Conflict, match="not run out"):
        ask(life, wish(1))


def test_a_cap_is_not_lifted() -> None:
    with pytest.raises(Conflict, match="at the latest, whatever"):
        ask(a_life(cap="20 hours"), wish(1))


def test_during_a_pause_the_time_is_added_and_the_deadline_stays_unknown() -> None:
    life = a_life()
    life.until(1)
    life.moved(Trigger.WAIT_FOR_CUSTOMER, on="customer")
    ask(life, wish(5))
    assert life.clocks[Kind.RESOLUTION].state is ClockState.PAUSED
    life.until(11)
    life.moved(Trigger.RESUME)
    assert life.clocks[Kind.RESOLUTION].due_at == at(35)


def test_a_warning_that_lies_ahead_again_is_given_again() -> None:
    life = a_life()
    life.until(11)
    ask(life, wish(10))
    life.until(15)
    assert [each.warn_at for each in of(life.told, Warned) if each.clock.kind is Kind.RESOLUTION] == [at(10), at(15)]


def test_a_regimes_extension_asks_for_its_reason_its_facts_and_its_latest_end() -> None:
    rule = ExtensionRule(
        None, Duration(45, Unit.HOUR), 1, ("provisional credit was given",), requires=(Marker.PROVISIONAL_CREDIT_GIVEN,)
    )
    life = under(a_milestone("investigation", Marker.RECEIVED, Marker.RESOLVED, "10 hours", extension=rule))
    wanted = wish(at(45), kind=kind("investigation"), reason="provisional credit was given")
    with pytest.raises(InvalidValue, match="The reasons allowed are: provisional credit was given"):
        ask(life, wanted._replace(reason="we are busy"))
    with pytest.raises(Conflict, match="needs these facts first: provisional_credit_given"):
        ask(life, wanted)
    life.marked("provisional_credit_given")
    with pytest.raises(InvalidValue, match="45 hours after the start"):
        ask(life, wanted._replace(by=at(46)))
    ask(life, wanted)
    assert life.clocks[kind("investigation")].due_at == at(45)


def test_an_extension_comes_as_long_before_the_end_as_the_customer_is_to_be_told() -> None:
    rule = ExtensionRule(Duration(5, Unit.HOUR), None, 2, (), notice=Duration(3, Unit.HOUR))
    life = under(a_milestone("answer", Marker.RECEIVED, Marker.RESOLVED, "10 hours", extension=rule))
    life.until(7.01)
    with pytest.raises(Conflict, match="told of an extension at least 3 hours before the time runs out"):
        ask(life, wish(5, kind=kind("answer")))
    assert life.clocks[kind("answer")].due_at == at(10)
    in_time = under(a_milestone("answer", Marker.RECEIVED, Marker.RESOLVED, "10 hours", extension=rule))
    in_time.until(7)
    ask(in_time, wish(5, kind=kind("answer")))
    assert in_time.clocks[kind("answer")].due_at == at(15)


def a_regulated_life(**rule: Any) -> Life:
    """A reply is owed within 10 hours; more time is allowed where the customer gets the letter on the delay."""
    told: dict[str, Any] = {"must_send": ("the reasons",), "letters": (Marker.DELAY_NOTICE_SENT,)}
    extension = ExtensionRule(by=None, max_total=None, times_max=2, reasons=(), **(told | rule))
    sends: dict[str, Any] = {"must_send": ("a reply",), "letters": (Marker.FINAL_RESPONSE_SENT,)}
    return under(a_milestone("reply", Marker.RECEIVED, Marker.RESOLVED, "10 hours", extension=extension, **sends))


MORE = wish(5, kind=kind("reply"))
NOTICE = notice_kind(kind("reply"))


def test_the_letter_that_an_extension_demands_is_owed_by_the_deadline_there_was() -> None:
    life = a_regulated_life()
    life.until(2)
    ask(life, MORE)
    notice = life.clocks[NOTICE]
    assert (notice.started_at, notice.due_at, life.clocks[kind("reply")].due_at) == (at(2), at(10), at(15))
    assert promise_of(spec_text(notice.promise)) == notice.promise
    life.until(3)
    life.marked("delay_notice_sent")
    assert life.clocks[NOTICE].met_at == at(3)


def test_a_letter_on_the_delay_that_nobody_sent_is_missed_like_any_other_duty() -> None:
    life = a_regulated_life()
    ask(life, MORE)
    life.until(10)
    assert [each.clock.kind for each in of(life.told, Missed)] == [NOTICE]


def test_no_notice_of_more_time_is_owed_once_the_answer_itself_went_out() -> None:
    life = a_regulated_life()
    ask(life, MORE)
    life.until(1)
    life.marked("final_response_sent")
    assert life.clocks[NOTICE].state is ClockState.STOPPED


def test_while_a_notice_is_owed_another_extension_leaves_it_as_it_is() -> None:
    life = a_regulated_life()
    ask(life, MORE)
    ask(life, wish(5, kind=kind("reply"), request="two"))
    assert (life.clocks[NOTICE].generation, life.clocks[NOTICE].due_at) == (1, at(10))


def test_an_extension_that_demands_no_letter_has_no_clock_for_one() -> None:
    life = a_regulated_life(must_send=(), letters=())
    ask(life, MORE)
    assert NOTICE not in life.clocks
