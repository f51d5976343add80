"""Which tier a dispute belongs to, why, and what it steps over on the way."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.domain.clock_record import ClockState, Kind, OnBreach
from shared.domain.dispute import Severity
from shared.domain.escalation import RULES, Asked, Case, Escalate, Hold, decide, take_up
from shared.domain.frozen import altered
from shared.domain.lifecycle import Stage, Status, Trigger
from shared.domain.money import Money
from shared.domain.plan import Climbed, TakenUp
from tests.builders import a_dispute
from tests.domain.escalating import Life, climbs, of
from tests.domain.matrices import NINE, a_body, a_matrix, a_tier

BEGINS = "every dispute begins with Agent (tier 1)"


def at_tier(tier: int, **facts: Any) -> Case:
    return Case(a_dispute(tier=tier, **facts), a_matrix(), NINE)


@pytest.mark.parametrize(
    ("facts", "tier", "because"),
    [
        ({}, 1, (BEGINS,)),
        ({"amount": Money.of("500.00", "EUR")}, 1, (BEGINS,)),
        ({"amount": Money.of("500.01", "EUR")}, 3, ("a large amount",)),
        ({"amount": Money.of("400.00", "GBP")}, 1, (BEGINS,)),
        ({"amount": Money.of("400.01", "GBP")}, 3, ("a large amount",)),
        ({"amount": None}, 1, (BEGINS,)),
        (
            {"amount": Money.of("1", "XOF")},
            3,
            ("a large amount (no reference rate for XOF; a person must look)",),
        ),
        ({"signals": ("angry", "legal_threat")}, 4, ("law is mentioned",)),
        ({"contact_count": 3}, 2, ("third contact",)),
        ({"contact_count": 2}, 1, (BEGINS,)),
        ({"reopen_count": 2, "contact_count": 9}, 3, ("reopened twice",)),
    ],
)
def test_a_dispute_begins_at_the_front_line_or_where_a_threshold_puts_it(
    facts: dict[str, Any], tier: int, because: tuple[str, ...]
) -> None:
    seat = take_up(Case(a_dispute(**facts), a_matrix(), NINE))
    assert (seat.tier, seat.because) == (tier, because)


@pytest.mark.parametrize(
    ("when", "facts", "holds"),
    [
        ({"categories": ["warranty"]}, {}, False),
        ({"categories": ["warranty", "billing_error"]}, {}, True),
        ({"customer_classes": ["premium"]}, {"customer_class": "premium"}, True),
        ({"customer_classes": ["premium"]}, {"customer_class": "standard"}, False),
        ({"severity_at_least": "high"}, {"severity": Severity.CRITICAL}, True),
        ({"severity_at_least": "high"}, {"severity": Severity.NORMAL}, False),
        ({"prior_disputes_at_least": 2}, {"prior_disputes": 2}, True),
        ({"prior_disputes_at_least": 2}, {"prior_disputes": 1}, False),
        ({"needs_person": True}, {}, False),
        ({"needs_person": False}, {}, True),
        ({"amount_over": "60", "currency": "USD"}, {"amount": Money.of("61", "USD")}, True),
        ({"amount_over": "60", "currency": "USD"}, {"amount": Money.of("60", "USD")}, False),
        ({"amount_over": "1", "categories": ["warranty"]}, {}, False),
    ],
)
def test_every_part_of_a_condition_must_hold(when: dict[str, Any], facts: dict[str, Any], *, holds: bool) -> None:
    threshold = {"name": "it", "when": when, "to_tier": 2, "because": "it holds"}
    seat = take_up(Case(a_dispute(**facts), a_matrix(thresholds=[threshold]), NINE))
    assert seat.tier == (2 if holds else 1)


def test_the_highest_tier_that_any_rule_asks_for_wins_with_its_reasons() -> None:
    verdict = decide(at_tier(1, contact_count=3, signals=("legal_threat",), amount=Money.of("9999", "EUR")))
    assert verdict == Escalate(4, "Executive Ann", ("law is mentioned",), ())


def test_a_rule_that_asks_for_the_present_tier_or_less_changes_nothing() -> None:
    assert decide(at_tier(3, amount=Money.of("9999", "EUR"), contact_count=3)) == Hold()


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED, Status.WITHDRAWN, Status.REFERRED_EXTERNAL])
def test_nothing_escalates_once_it_is_resolved_ended_or_with_an_outside_body(status: Status) -> None:
    assert decide(at_tier(1, status=status, signals=("legal_threat",))) == Hold()


def test_a_wish_by_hand_goes_to_the_next_tier_or_to_the_one_named_and_never_down() -> None:
    plain = at_tier(2)
    for asked, to in ((Asked(), 3), (Asked(4), 4), (Asked(9), 4), (Asked(3), 3)):
        verdict = decide(altered(plain, asked=asked))
        assert isinstance(verdict, Escalate)
        assert verdict.to == to
    assert decide(altered(plain, asked=Asked(1))) == Hold()
    assert decide(altered(at_tier(4), asked=Asked())) == Hold()


def test_every_rule_proposes_nothing_for_an_ordinary_dispute() -> None:
    assert [list(rule(at_tier(1))) for rule in RULES] == [[]] * len(RULES)


def away(name: str) -> dict[str, Any]:
    return {"name": name, "absent": [{"from": "2026-05-01", "until": "2026-05-31"}]}


def test_an_empty_or_absent_tier_is_stepped_over_and_the_record_says_so() -> None:
    body = a_body()
    body["tiers"][1]["holders"] = []
    body["tiers"][2]["holders"] = [away("Max")]
    verdict = decide(Case(a_dispute(tier=1), a_matrix(tiers=body["tiers"]), NINE, asked=Asked()))
    assert isinstance(verdict, Escalate)
    assert (verdict.to, verdict.handler) == (4, "Executive Ann")
    assert verdict.skipped == ("Lead (tier 2): it has no holder", "Manager (tier 3): nobody is present")


def test_a_deputy_acts_for_an_absent_holder_before_the_tier_is_stepped_over() -> None:
    lead = a_tier("Lead", "8 hours", holders=[away("Lea")], deputies=[{"name": "Dan"}])
    matrix = a_matrix(tiers=[a_tier("Agent", "4 hours"), lead], thresholds=[])
    verdict = decide(Case(a_dispute(tier=1), matrix, NINE, asked=Asked()))
    assert verdict == Escalate(
        2,
        "Dan",
        ("a higher tier was asked for", "no holder of Lead (tier 2) is present; a deputy acts"),
        (),
    )


def test_when_nobody_is_present_anywhere_the_tier_asked_for_keeps_it_and_says_so() -> None:
    matrix = a_matrix(tiers=[a_tier("Agent", "4 hours"), a_tier("Lead", "8 hours", holders=[])], thresholds=[])
    verdict = decide(Case(a_dispute(tier=1), matrix, NINE, asked=Asked()))
    assert isinstance(verdict, Escalate)
    assert (verdict.to, verdict.handler) == (2, None)
    assert verdict.because[-1] == "nobody is present from Lead (tier 2) up; it waits there without a handler"


def test_an_absence_given_in_dates_covers_the_whole_of_its_last_day_in_the_matrix_zone() -> None:
    holders = [{"name": "Max", "absent": [{"from": "2026-05-04", "until": "2026-05-04"}]}]
    matrix = a_matrix(zone="Europe/Madrid", tiers=[a_tier("Agent", "4 hours", holders=holders)], thresholds=[])
    (holder,) = matrix.tier(1).holders
    midnight = NINE.replace(hour=22)
    assert not holder.present(midnight - timedelta(seconds=1))
    assert holder.present(midnight)


def test_disputes_are_spread_over_the_people_present_and_each_keeps_its_own() -> None:
    people = [{"name": name} for name in ("Ann", "Ben", "Cleo")] + [away("Max")]
    matrix = a_matrix(tiers=[a_tier("Agent", "4 hours", holders=people)], thresholds=[])
    handlers = [take_up(Case(a_dispute(id=UUID(int=n)), matrix, NINE)).handler for n in range(300)]
    assert {name: handlers.count(name) for name in set(handlers)} == {"Ann": 100, "Ben": 100, "Cleo": 100}
    assert take_up(Case(a_dispute(id=UUID(int=7)), matrix, NINE)).handler == handlers[7]


def test_taking_up_starts_the_clocks_and_names_their_dues() -> None:
    life = Life()
    (told,) = life.heard()
    assert isinstance(told, TakenUp)
    assert told.first
    assert {kind.value: (due - NINE) / timedelta(hours=1) for kind, due in told.clocks.items()} == {
        "acknowledgement": 2,
        "first_response": 6,
        "next_update": 100,
        "tier": 4,
        "resolution": 8 * 7 * 24,
    }
    assert (life.dispute.tier, life.dispute.handler, life.dispute.policy_version) == (1, "Agent Ann", 1)
    assert life.dispute.version == 2


def test_hearing_of_the_same_thing_twice_does_nothing_the_second_time() -> None:
    life = Life()
    life.heard()
    before = (life.dispute, dict(life.clocks), dict(life.timers))
    assert life.heard() == []
    assert (life.dispute, life.clocks, life.timers) == before


def test_a_wish_that_is_heard_before_the_dispute_was_taken_up_is_not_lost() -> None:
    life = Life()
    (told,) = life.heard(asked=Asked())
    assert isinstance(told, TakenUp)
    assert (told.tier, told.because) == (2, ("a higher tier was asked for",))


def test_a_threshold_reached_later_climbs_at_once_and_the_new_tier_has_its_whole_time() -> None:
    life = Life()
    life.heard()
    life.until(1)
    told = life.with_facts(contact_count=3)
    assert climbs(told) == [(1, 2)]
    (climb,) = of(told, Climbed)
    assert (climb.clock, climb.because, climb.next_due_at) == (None, ("third contact",), NINE + timedelta(hours=9))
    assert life.ended[-1].state is ClockState.STOPPED


def test_the_handler_stays_while_the_tier_stays_even_when_away_for_a_while() -> None:
    life = Life()
    life.heard()
    body = a_body()
    body["tiers"][0]["holders"] = [away("Agent Ann"), {"name": "Zoe"}]
    life.matrix = a_matrix().staffed_by(a_matrix(2, tiers=body["tiers"]))
    assert life.heard() == []
    assert life.dispute.handler == "Agent Ann"


def test_a_handler_who_left_the_house_is_replaced_in_running_cases_too() -> None:
    life = Life()
    life.heard()
    body = a_body()
    body["tiers"][0]["holders"] = [{"name": "Zoe"}]
    life.matrix = a_matrix().staffed_by(a_matrix(2, tiers=body["tiers"]))
    (told,) = life.heard()
    assert isinstance(told, TakenUp)
    assert (told.handler, told.tier, told.first) == ("Zoe", 1, False)
    assert life.dispute.policy_version == 1


def test_a_running_case_keeps_the_deadlines_of_the_version_that_promised_them() -> None:
    life = Life()
    life.heard()
    short = a_body()
    for tier in short["tiers"]:
        tier["deadline"] = "1 hour"
    life.matrix = a_matrix(1).staffed_by(a_matrix(2, tiers=short["tiers"]))
    assert climbs(life.until(13)) == [(1, 2), (2, 3)]
    assert [clock.policy_version for clock in life.ended if clock.kind is Kind.TIER] == [1, 1]


def test_a_wish_that_is_heard_together_with_a_change_of_handler_is_not_lost() -> None:
    life = Life()
    life.heard()
    body = a_body()
    body["tiers"][0]["holders"] = [{"name": "Zoe"}]
    life.matrix = a_matrix().staffed_by(a_matrix(2, tiers=body["tiers"]))
    assert climbs(life.heard(asked=Asked())) == [(1, 2)]


def test_a_threshold_reached_together_with_a_second_review_climbs_at_once() -> None:
    life = Life()
    life.heard()
    life.moved(Trigger.RESOLVE).moved(Trigger.REOPEN).moved(Trigger.RESOLVE)
    told = len(life.told)
    life.moved(Trigger.REQUEST_STAGE_2)
    assert climbs(life.told[told:]) == [(2, 3)]
    assert life.heard() == []


def test_a_second_review_is_not_by_the_handler_of_the_first() -> None:
    life = Life(
        matrix=a_matrix(tiers=[a_tier("Agent", "4 hours", holders=[{"name": "Ann"}, {"name": "Ben"}])], thresholds=[])
    )
    life.heard()
    first = life.dispute.handler
    life.now += timedelta(hours=1)
    life.moved(Trigger.RESOLVE)
    life.now += timedelta(hours=1)
    life.moved(Trigger.REQUEST_STAGE_2)
    assert life.dispute.stage is Stage.INTERNAL_2
    assert life.dispute.handler not in (first, None)


def test_a_second_review_climbs_when_the_tier_has_nobody_else() -> None:
    life = Life()
    life.heard()
    life.now += timedelta(hours=1)
    life.moved(Trigger.RESOLVE, Trigger.REQUEST_STAGE_2)
    assert (life.dispute.tier, life.dispute.handler) == (2, "Lead Ann")
    assert life.clocks[Kind.TIER].tier == 2


def test_a_second_review_that_nobody_else_could_do_stays_with_the_first_handler_and_says_so() -> None:
    life = Life(matrix=a_matrix(tiers=[a_tier("Agent", "4 hours")], thresholds=[]))
    life.heard()
    life.moved(Trigger.RESOLVE, Trigger.REQUEST_STAGE_2)
    assert life.dispute.handler == "Agent Ann"
    (told,) = of(life.told[1:], TakenUp)
    assert told.because == ("nobody but the first handler is there for the second review",)


def test_a_reopened_dispute_goes_back_to_its_handler_with_new_clocks() -> None:
    life = Life()
    life.heard()
    life.now += timedelta(hours=1)
    life.moved(Trigger.RESOLVE)
    life.now += timedelta(hours=1)
    life.moved(Trigger.REOPEN)
    tier = life.clocks[Kind.TIER]
    assert life.dispute.handler == "Agent Ann"
    assert (tier.generation, tier.due_at) == (2, NINE + timedelta(hours=6))
    assert life.clocks[Kind.RESOLUTION].generation == 2
    assert life.clocks[Kind.FOLLOW_UP].state is ClockState.STOPPED
    assert Kind.FOLLOW_UP not in life.timers


def test_a_resolution_and_a_reopening_heard_of_together_still_start_new_clocks() -> None:
    life = Life()
    life.heard()
    life.now += timedelta(hours=1)
    life.moved(Trigger.RESOLVE, Trigger.REOPEN)
    assert (life.clocks[Kind.TIER].generation, life.ended[-1].state) == (2, ClockState.STOPPED)


def test_the_second_reopening_climbs() -> None:
    life = Life()
    life.heard()
    for _ in range(2):
        life.now += timedelta(hours=1)
        life.moved(Trigger.RESOLVE)
        life.moved(Trigger.REOPEN)
    assert life.dispute.tier == 3


def test_every_tier_promise_escalates_unless_the_policy_says_otherwise() -> None:
    assert a_matrix().tier(1).deadlines[Severity.NORMAL].on_breach is OnBreach.ESCALATE
