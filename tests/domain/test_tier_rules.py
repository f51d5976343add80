"""What a tier may have of its own: a calendar, an end of its clock, and thresholds that let a dispute settle."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from shared.domain.calendar import Calendar
from shared.domain.clock_record import Kind, OnBreach
from shared.domain.dispute import Severity
from shared.domain.errors import PolicyFault
from shared.domain.plan import Climbed, Missed
from shared.domain.reconcile import reconcile
from shared.policy.matrix import parse_matrix
from tests.builders import a_dispute
from tests.domain.escalating import Life, climbs, of
from tests.domain.matrices import CALENDARS, NINE, a_body, a_matrix, a_tier, clocks

REMINDED = [a_tier("Agent", "4 hours", on_breach="remind"), a_tier("Lead", "8 hours"), a_tier("Manager", "900 hours")]


def test_the_deadline_of_a_tier_counts_on_the_calendar_of_that_tier() -> None:
    weekly = {day: ((time(9), time(17)),) for day in range(5)}
    office = Calendar(name="office", zone="UTC", weekly=weekly, holidays={}, exceptions={}, holiday_years=None)
    calendars = {**CALENDARS, "office": office}
    body = a_body(tiers=[a_tier("Agent", "10 business hours", calendar="office")], thresholds=[])
    matrix = parse_matrix(body, version=1, calendars=calendars)
    plan = reconcile(a_dispute(received_at=NINE), {}, matrix, calendars, NINE)
    (due,) = [clock.due_at for clock in plan.clocks if clock.kind is Kind.TIER]
    assert due == datetime(2026, 5, 5, 11, 0, tzinfo=UTC)


def test_a_tier_that_is_reminded_first_climbs_after_the_last_reminder() -> None:
    quiet = clocks(acknowledgement=None, first_response=None)
    life = Life(matrix=a_matrix(tiers=REMINDED, thresholds=[], clocks=quiet))
    life.heard()
    told = life.until(4)
    assert (len(of(told, Missed)), climbs(told)) == (1, [])
    told = life.until(14)
    assert (len(of(told, Missed)), climbs(told)) == (1, [])
    assert climbs(life.until(33)) == []
    assert climbs(life.until(34)) == [(1, 2)]
    assert life.dispute.tier == 2


def test_a_reminder_counts_on_the_calendar_of_its_tier_and_the_last_one_escalates() -> None:
    matrix = a_matrix(tiers=REMINDED, thresholds=[])
    endings = [each[Severity.NORMAL].on_breach for each in matrix.tier(1).reminders]
    assert endings == [OnBreach.REMIND, OnBreach.ESCALATE]
    assert matrix.tier(1).deadlines[Severity.LOW].on_breach is OnBreach.REMIND
    assert matrix.tier(2).deadlines[Severity.LOW].on_breach is OnBreach.ESCALATE


def test_a_tier_that_only_tells_keeps_the_dispute() -> None:
    tiers = [a_tier("Agent", "4 hours", on_breach="tell"), a_tier("Lead", "8 hours")]
    life = Life(matrix=a_matrix(tiers=tiers, thresholds=[], clocks=clocks(acknowledgement=None, first_response=None)))
    life.heard()
    told = life.until(90)
    assert (len(of(told, Missed)), climbs(told)) == (1, [])


def test_a_tier_cannot_be_reminded_without_reminders() -> None:
    with pytest.raises(PolicyFault, match=r"tiers\.0\.on_breach: There are no clocks\.tier\.reminders"):
        a_matrix(tiers=REMINDED, thresholds=[], clocks=clocks(tier={"reminders": []}))


def cooling(cool_down: str) -> Any:
    body = a_body()
    loud = {"name": "loud", "when": {"signals_any": ["media"]}, "to_tier": 3, "because": "loud"}
    return a_matrix(thresholds=[*body["thresholds"], loud | {"cool_down": cool_down}])


def test_a_threshold_that_cools_leaves_a_dispute_with_the_tier_it_just_came_to() -> None:
    life = Life(matrix=cooling("2 hours"))
    life.heard()
    life.until(1)
    assert of(life.with_facts(signals=("media",)), Climbed) == []
    life.now = NINE + timedelta(hours=2)
    assert climbs(life.heard()) == [(1, 3)]


def test_a_reminder_is_no_climb_so_that_it_does_not_begin_the_cool_down_anew() -> None:
    body = a_body()
    reminded = [*body["tiers"][:1], body["tiers"][1] | {"on_breach": "remind"}, *body["tiers"][2:]]
    loud = {"name": "loud", "when": {"signals_any": ["media"]}, "to_tier": 3, "because": "loud", "cool_down": "9 hours"}
    life = Life(matrix=a_matrix(thresholds=[loud], tiers=reminded, clocks=clocks(acknowledgement=None)))
    life.heard()
    life.until(4)  # tier 2 gets it, with eight hours, and is reminded at twelve
    life.until(12.5)
    assert life.dispute.tier == 2
    assert of(life.with_facts(signals=("media",)), Climbed) == []
    life.now = NINE + timedelta(hours=13)
    assert climbs(life.heard()) == [(2, 3)]


def test_cooling_keeps_no_dispute_from_beginning_where_it_belongs_and_no_other_threshold_back() -> None:
    life = Life(matrix=cooling("2 hours"), dispute=a_dispute(received_at=NINE, signals=("media",)))
    life.heard()
    assert life.dispute.tier == 3
    assert climbs(life.with_facts(signals=("media", "legal_threat"))) == [(3, 4)]


def test_a_cool_down_is_elapsed_time() -> None:
    with pytest.raises(PolicyFault, match=r"thresholds\.4\.cool_down: A cool-down is given in seconds, minutes or"):
        cooling("2 business hours")
