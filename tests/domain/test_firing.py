"""What happens when time passes: warnings, climbs, news owed, follow-ups, ends; never early, never twice, never after."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.clock_record import ClockState, Kind
from shared.domain.draft import NOTICED_LATE, SHORTER_THAN_THE_GAP
from shared.domain.lifecycle import Status, Trigger
from shared.domain.plan import Arm, Climbed, Closed, FollowUpAsked, Missed, NewsOwed, TakenUp, Warned
from tests.domain.escalating import Life, climbs, of
from tests.domain.matrices import NINE, a_body, a_matrix, a_tier, clocks

ONLY_TIERS = clocks(acknowledgement=None, first_response=None, next_update=None, resolution=None)


def after(hours: float) -> datetime:
    return NINE + timedelta(hours=hours)


def taken_up(**parts: Any) -> Life:
    life = Life(matrix=a_matrix(**parts))
    life.heard()
    return life


def test_each_warning_is_given_once_at_its_instant_and_then_the_tier_climbs() -> None:
    life = taken_up(clocks=ONLY_TIERS)
    told = life.until(4)
    assert [(each.percent, each.warn_at) for each in of(told, Warned)] == [(50, after(2)), (75, after(3))]
    (climb,) = of(told, Climbed)
    assert (climb.from_tier, climb.to_tier, climb.handler) == (1, 2, "Lead Ann")
    assert climb.because == ("the deadline of Agent (tier 1) passed",)
    assert (climb.clock.due_at, climb.clock.fired_at, climb.next_due_at) == (after(4), after(4), after(12))


def test_nothing_fires_a_moment_too_soon() -> None:
    life = taken_up(clocks=ONLY_TIERS)
    life.now = after(2) - timedelta(microseconds=1)
    assert life.fired(Kind.TIER) == []
    assert life.timers[Kind.TIER].at == after(2)


def test_a_timer_that_fires_again_after_its_clock_is_over_is_taken_away() -> None:
    life = taken_up(clocks=ONLY_TIERS)
    life.until(1000)
    life.timers[Kind.TIER] = Arm(life.now, 1)
    assert life.fired(Kind.TIER) == []
    assert life.timers == {}


def test_each_tier_climbs_to_the_next_without_drift_and_the_top_is_reminded_a_few_times_and_no_more() -> None:
    life = taken_up(clocks=ONLY_TIERS)
    told = life.until(1000)
    assert climbs(told) == [(1, 2), (2, 3), (3, 4)]
    assert [each.clock.due_at for each in of(told, Climbed)] == [after(4), after(12), after(28)]
    assert [each.clock.due_at for each in of(told, Missed)] == [after(60), after(70), after(90)]
    assert life.timers == {}
    assert life.dispute.tier == 4


def test_an_outage_longer_than_all_tiers_empties_no_ladder_the_next_tier_gets_the_gap_and_the_one_after_its_time() -> (
    None
):
    life = taken_up(clocks=ONLY_TIERS)
    life.asleep_until(500)
    told = life.until(500)
    assert climbs(told) == [(1, 2)]
    assert of(told, Warned) == []
    assert climbs(life.until(500.49)) == []
    assert climbs(life.until(500.5)) == [(2, 3)]
    assert climbs(life.until(516.49)) == []
    assert climbs(life.until(516.5)) == [(3, 4)]


def given_more(life: Life, kind: Kind) -> list[str]:
    """Why the clock was given more time than its own."""
    return [each.reason for each in life.clocks[kind].extensions]


def test_a_tier_that_begins_late_after_an_outage_says_that_this_is_why_it_has_the_least_gap() -> None:
    life = taken_up(clocks=ONLY_TIERS)
    life.asleep_until(500)
    life.until(500)
    assert given_more(life, Kind.TIER) == [NOTICED_LATE]


def test_a_tier_whose_own_time_is_shorter_than_the_least_gap_says_so_and_speaks_of_no_outage() -> None:
    short = [a_tier("Agent", "4 hours"), a_tier("Lead", "10 minutes"), a_tier("Manager", "16 hours")]
    life = taken_up(clocks=ONLY_TIERS, tiers=short, thresholds=[])
    life.asleep_until(4 + 1 / 3600)  # a second late, as any engine is now and then
    told = life.until(4 + 1 / 3600)
    assert [each.next_due_at for each in of(told, Climbed)] == [after(4.5) + timedelta(seconds=1)]
    assert given_more(life, Kind.TIER) == [SHORTER_THAN_THE_GAP]


def test_an_update_that_is_owed_more_often_than_the_least_gap_says_so_too() -> None:
    often = {"duration": "10 minutes", "calendar": "always", "on_breach": "tell"}
    life = taken_up(clocks=clocks(acknowledgement=None, first_response=None, next_update=often))
    life.until(0.2)
    assert given_more(life, Kind.NEXT_UPDATE) == [SHORTER_THAN_THE_GAP]


def test_promises_found_broken_together_after_an_outage_are_all_told_and_climb_once() -> None:
    escalating = {"duration": "6 hours", "calendar": "always", "on_breach": "escalate"}
    life = taken_up(clocks=clocks(first_response=escalating))
    life.asleep_until(2000)
    told = life.until(2000)
    assert climbs(told) == [(1, 2)]
    assert {each.clock.kind for each in of(told, Missed)} == {
        Kind.ACKNOWLEDGEMENT,
        Kind.FIRST_RESPONSE,
        Kind.NEXT_UPDATE,
        Kind.RESOLUTION,
    }
    assert climbs(life.until(2007.9)) == []
    assert climbs(life.until(2008)) == [(2, 3)]


def test_a_dispute_taken_up_after_an_outage_gives_the_front_line_the_least_gap() -> None:
    life = Life(matrix=a_matrix(clocks=ONLY_TIERS), now=after(50))
    life.heard()
    assert life.until(50.4) == []
    assert climbs(life.until(50.5)) == [(1, 2)]


def test_of_the_warnings_slept_through_only_the_latest_is_given() -> None:
    life = taken_up(clocks=ONLY_TIERS)
    life.asleep_until(3.5)
    (told,) = of(life.until(3.5), Warned)
    assert (told.percent, told.warn_at) == (75, after(3))
    assert life.until(3.9) == []


def test_a_missed_acknowledgement_is_told_and_climbs_and_may_still_be_met_late() -> None:
    life = taken_up(clocks=clocks(first_response=None, next_update=None, resolution=None))
    told = life.until(2)
    assert climbs(told) == [(1, 2)]
    (climb,) = of(told, Climbed)
    assert (climb.clock.kind, climb.because) == (Kind.ACKNOWLEDGEMENT, ("the acknowledgement deadline passed",))
    assert life.clocks[Kind.TIER].due_at == after(10)
    life.with_facts(acknowledged_at=after(3))
    clock = life.clocks[Kind.ACKNOWLEDGEMENT]
    assert (clock.state, clock.met_at, clock.missed_at) == (ClockState.MISSED, after(3), after(2))


def test_at_the_top_a_missed_promise_is_told_and_nothing_climbs() -> None:
    life = Life()
    life.dispute = life.dispute.changed(NINE, signals=("legal_threat",))
    life.heard()
    told = life.until(2)
    assert [each.clock.kind for each in of(told, Missed)] == [Kind.ACKNOWLEDGEMENT]
    assert climbs(told) == []


@pytest.mark.parametrize(
    ("kind", "fact"),
    [(Kind.ACKNOWLEDGEMENT, "acknowledged_at"), (Kind.FIRST_RESPONSE, "responded_at")],
)
def test_a_promise_kept_in_time_is_met_and_its_timer_goes(kind: Kind, fact: str) -> None:
    life = taken_up()
    life.until(0.5)
    life.with_facts(**{fact: life.now})
    clock = life.clocks[kind]
    assert (clock.state, clock.met_at) == (ClockState.MET, after(0.5))
    assert kind not in life.timers


def test_a_promise_kept_before_its_timer_was_heard_of_is_met_and_nothing_is_missed() -> None:
    life = taken_up()
    life.asleep_until(5)
    life.dispute = life.dispute.changed(life.now, acknowledged_at=after(1))
    assert of(life.fired(Kind.ACKNOWLEDGEMENT), Missed) == []
    assert life.clocks[Kind.ACKNOWLEDGEMENT].state is ClockState.MET


def test_a_promise_that_was_kept_late_while_nobody_looked_is_visibly_broken() -> None:
    life = taken_up()
    life.asleep_until(5)
    told = life.with_facts(acknowledged_at=after(3))
    assert [each.clock.kind for each in of(told, Missed)] == [Kind.ACKNOWLEDGEMENT]
    clock = life.clocks[Kind.ACKNOWLEDGEMENT]
    assert (clock.state, clock.met_at, clock.missed_at) == (ClockState.MISSED, after(3), after(2))


def test_a_promise_kept_before_the_dispute_was_taken_up_is_met_from_the_start() -> None:
    life = Life(now=after(1))
    life.with_facts(acknowledged_at=after(0.5))
    assert life.clocks[Kind.ACKNOWLEDGEMENT].state is ClockState.MET
    assert Kind.ACKNOWLEDGEMENT not in life.timers


def test_news_are_owed_just_before_the_promised_date_and_once_given_the_next_are_promised() -> None:
    life = taken_up(
        clocks=clocks(acknowledgement=None, first_response=None, resolution=None, tier={"on_breach": "tell"})
    )
    (owed,) = of(life.until(95), NewsOwed)
    assert (owed.clock.due_at, owed.next_due_at) == (after(100), after(195))
    life.with_facts(informed_at=after(96))
    assert life.ended[-1].state is ClockState.MET
    assert life.clocks[Kind.NEXT_UPDATE].due_at == after(196)
    assert [each.clock.generation for each in of(life.until(191), NewsOwed)] == [2]


def test_news_not_given_are_a_broken_promise_and_the_next_are_owed_from_then_on() -> None:
    life = taken_up(
        clocks=clocks(acknowledgement=None, first_response=None, resolution=None, tier={"on_breach": "tell"})
    )
    told = life.until(200)
    assert [each.clock.due_at for each in of(told, Missed) if each.clock.kind is Kind.NEXT_UPDATE] == [
        after(100),
        after(200),
    ]
    assert life.clocks[Kind.NEXT_UPDATE].due_at == after(300)


def test_after_a_long_outage_one_broken_update_is_told_and_not_one_for_every_period_slept_through() -> None:
    life = taken_up(
        clocks=clocks(acknowledgement=None, first_response=None, resolution=None, tier={"on_breach": "tell"})
    )
    life.asleep_until(1000)
    told = life.until(1000)
    assert len([each for each in of(told, Missed) if each.clock.kind is Kind.NEXT_UPDATE]) == 1


def test_an_internal_clock_stands_still_while_the_customer_is_waited_for_and_a_promise_does_not() -> None:
    life = taken_up()
    life.until(1)
    life.moved(Trigger.WAIT_FOR_CUSTOMER)
    assert life.clocks[Kind.TIER].state is ClockState.PAUSED
    assert Kind.TIER not in life.timers
    assert life.clocks[Kind.FIRST_RESPONSE].due_at == after(6)
    life.with_facts(acknowledged_at=after(1))
    assert climbs(life.until(50)) == []
    life.moved(Trigger.RESUME)
    assert life.clocks[Kind.TIER].due_at == after(53)
    assert [each.warn_at for each in of(life.until(52.9), Warned) if each.clock.kind is Kind.TIER] == [
        after(51),
        after(52),
    ]
    assert climbs(life.until(53)) == [(1, 2)]


def test_waiting_for_a_department_stops_no_clock() -> None:
    life = taken_up(clocks=ONLY_TIERS)
    life.moved(Trigger.WAIT_FOR_DEPARTMENT)
    assert climbs(life.until(4)) == [(1, 2)]


def test_a_pause_that_escalation_never_heard_of_still_holds_the_timer_back() -> None:
    life = taken_up(clocks=ONLY_TIERS)
    life.now = after(1)
    life.dispute = life.dispute.after(Trigger.WAIT_FOR_CUSTOMER, life.now)
    assert life.until(10) == []
    assert life.clocks[Kind.TIER].state is ClockState.PAUSED


def test_a_resolved_dispute_is_never_escalated_warned_or_missed() -> None:
    life = taken_up()
    life.now = after(1)
    life.dispute = life.dispute.after(Trigger.RESOLVE, life.now)
    for kind in (Kind.TIER, Kind.ACKNOWLEDGEMENT, Kind.RESOLUTION, Kind.NEXT_UPDATE):
        life.now = after(2000)
        assert not of(life.fired(kind), Climbed) + of(life.told[1:], Missed) + of(life.told[1:], Warned)
    assert life.clocks[Kind.TIER].state is ClockState.MET
    assert life.clocks[Kind.NEXT_UPDATE].state is ClockState.STOPPED


def test_a_deadline_that_passed_before_the_resolution_is_on_record_as_missed_even_if_nobody_noticed() -> None:
    life = taken_up(clocks=ONLY_TIERS)
    life.asleep_until(5)
    life.moved(Trigger.RESOLVE)
    clock = life.clocks[Kind.TIER]
    assert (clock.state, clock.missed_at, clock.met_at) == (ClockState.MISSED, after(4), after(5))
    assert climbs(life.told) == []


def test_seven_days_after_the_resolution_the_customer_is_asked_and_after_seven_silent_ones_it_closes() -> None:
    life = taken_up()
    life.now = after(1)
    life.moved(Trigger.RESOLVE)
    (asked,) = of(life.until(1 + 7 * 24), FollowUpAsked)
    assert (asked.clock.due_at, asked.occasion) == (after(1 + 7 * 24), 0)
    assert life.dispute.status is Status.FOLLOW_UP
    assert of(life.until(1 + 14 * 24 - 0.01), Closed) == []
    assert of(life.until(1 + 14 * 24), Closed) == [Closed("silence")]
    assert (life.dispute.status, life.timers) == (Status.CLOSED, {})


def test_a_dispute_whose_customer_confirmed_closes_as_confirmed() -> None:
    life = taken_up()
    life.now = after(1)
    life.moved(Trigger.RESOLVE)
    life.until(8 * 24)
    life.moved(Trigger.CONFIRM)
    assert of(life.until(30 * 24), Closed) == [Closed("confirmed")]


def test_an_answer_that_reopens_stops_the_wait_for_silence() -> None:
    life = taken_up()
    life.now = after(1)
    life.moved(Trigger.RESOLVE)
    life.until(8 * 24)
    life.moved(Trigger.REOPEN)
    assert life.clocks[Kind.SILENCE].state is ClockState.STOPPED
    assert of(life.until(60 * 24), Closed) == []
    assert climbs(life.told)[-1:] == [(3, 4)]


def test_each_reopening_is_followed_up_anew() -> None:
    life = taken_up()
    for occasion in range(2):
        life.now += timedelta(hours=1)
        life.moved(Trigger.RESOLVE)
        asked = of(life.until((life.now - NINE) / timedelta(hours=1) + 7 * 24), FollowUpAsked)
        assert [each.occasion for each in asked] == [occasion]
        life.moved(Trigger.REOPEN)


def test_a_withdrawn_dispute_has_no_clock_left() -> None:
    life = taken_up()
    life.moved(Trigger.WITHDRAW)
    assert life.timers == {}
    assert {clock.state for clock in life.clocks.values()} == {ClockState.STOPPED}


def test_with_an_outside_body_only_news_are_owed_and_its_decision_brings_the_deadlines_back() -> None:
    life = taken_up()
    life.now = after(1)
    life.moved(Trigger.REFER_EXTERNAL)
    assert set(life.timers) - {Kind.ACKNOWLEDGEMENT, Kind.FIRST_RESPONSE} == {Kind.NEXT_UPDATE}
    life.now = after(50)
    life.moved(Trigger.RECORD_EXTERNAL_DECISION)
    assert life.clocks[Kind.TIER].due_at == after(54)
    assert life.clocks[Kind.RESOLUTION].generation == 2


def test_a_lost_timer_is_set_again_when_the_dispute_is_looked_at_for_it() -> None:
    life = taken_up()
    armed = dict(life.timers)
    life.timers.clear()
    assert life.heard() == []
    assert life.timers == {}
    life.heard(rearm=True)
    assert life.timers == armed


def test_a_dispute_without_a_handler_gets_one_as_soon_as_somebody_is_there() -> None:
    body = a_body()
    body["tiers"] = [
        body["tiers"][0] | {"holders": [{"name": "Ann", "absent": [{"from": "2026-05-04", "until": "2026-05-04"}]}]}
    ]
    life = Life(matrix=a_matrix(tiers=body["tiers"], thresholds=[]))
    life.heard()
    assert life.dispute.handler is None
    life.asleep_until(16)
    (told,) = of(life.heard(), TakenUp)
    assert (told.handler, told.first) == ("Ann", False)
