"""The milestones of a regime as clocks: begun on their facts, met by theirs, once for each time a fact comes true."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from shared.db.promises import promise_of, spec_text
from shared.domain.clock_record import ClockState, Kind, OnBreach
from shared.domain.clock_spec import ClockSpec
from shared.domain.duration import parse_term
from shared.domain.frozen import altered
from shared.domain.lifecycle import Trigger
from shared.domain.milestones import promised
from shared.domain.plan import Climbed, Missed
from shared.domain.regime import After, ExtensionRule, Marker, Milestone, Nature, PauseRule, Regime, clock_kind
from shared.domain.regime_choice import Owed, Owing
from tests.builders import a_dispute
from tests.domain.escalating import Life, of
from tests.domain.matrices import NINE, a_matrix, clocks

HOUR = timedelta(hours=1)
QUIET = clocks(acknowledgement=None, first_response=None, next_update=None, resolution=None)


def a_milestone(name: str, starts_on: Marker | After, met_by: Marker, term: str, **more: Any) -> Milestone:
    rule = {key: more.pop(key) for key in ("pausable", "recurring", "warn_at") if key in more}
    given: dict[str, Any] = {"nature": Nature.DUTY, "on_breach": OnBreach.TELL, "source": "S1 a rule"} | more
    spec = ClockSpec(kind=clock_kind("xx.rule", name), duration=parse_term(term), calendar="always", **rule)
    return Milestone(name=name, title=name.title(), starts_on=starts_on, met_by=(met_by,), spec=spec, **given)


def under(*milestones: Milestone, metadata: Mapping[str, str] | None = None) -> Life:
    """A dispute that owes these milestones and of which escalation has heard."""
    facts: dict[str, Any] = {"jurisdictions": (), "products": ("goods",), "categories": (), "customer_classes": ()}
    regime = Regime(
        id="xx.rule",
        title="A rule",
        priority=1,
        enabled=True,
        note=None,
        source="S1",
        as_of=date(2026, 1, 1),
        milestones=milestones,
        **facts,
    )
    owing = Owing(tuple(Owed(regime, each) for each in milestones), 7)
    life = Life(a_dispute(received_at=NINE, metadata=dict(metadata or {})), a_matrix(clocks=QUIET), owing=owing)
    life.heard()
    return life


def kind(name: str) -> Kind:
    return Kind(clock_kind("xx.rule", name))


CREDIT = a_milestone("credit", Marker.RECEIVED, Marker.PROVISIONAL_CREDIT_GIVEN, "10 hours", warn_at=(0.5,))
NOTICE = a_milestone("notice", After("credit"), Marker.PROVISIONAL_CREDIT_TOLD, "2 hours")


def at(hours: float) -> datetime:
    return NINE + timedelta(hours=hours)


def test_a_milestone_starts_with_the_receipt_and_keeps_the_regimes_version_beside_the_matrix() -> None:
    life = under(CREDIT)
    clock = life.clocks[kind("credit")]
    assert (clock.started_at, clock.due_at, clock.policy_version) == (NINE, at(10), 7)
    assert life.clocks[Kind.TIER].policy_version == 1


def test_one_that_depends_on_another_starts_when_that_was_met_and_not_before() -> None:
    life = under(NOTICE, CREDIT)
    assert kind("notice") not in life.clocks
    life.until(3)
    life.marked("provisional_credit_given")
    assert life.clocks[kind("credit")].state is ClockState.MET
    assert life.clocks[kind("notice")].due_at == at(5)


def test_facts_reported_late_count_from_when_they_were_so() -> None:
    life = under(NOTICE, CREDIT)
    life.until(9)
    life.marks["provisional_credit_given"] = (at(3),)
    life.heard()
    assert life.clocks[kind("credit")].met_at == at(3)
    assert life.clocks[kind("notice")].started_at == at(3)
    assert life.clocks[kind("notice")].due_at == at(5)


def test_what_was_done_in_time_but_reported_late_is_met_late_in_the_books_and_its_dependent_starts() -> None:
    life = under(NOTICE, CREDIT)
    life.until(11)
    assert of(life.told, Missed)[0].clock.kind == kind("credit")
    life.marked("provisional_credit_given")
    assert life.clocks[kind("credit")].state is ClockState.MISSED
    assert life.clocks[kind("notice")].due_at == at(13)


REPLY: dict[str, Any] = {"must_send": ("a reply",), "letters": (Marker.FINAL_RESPONSE_SENT, Marker.DECISION_SENT)}


def test_one_that_demands_a_letter_is_met_when_it_was_done_and_told_whichever_came_last() -> None:
    reply = a_milestone("reply", Marker.RECEIVED, Marker.FINDING_MADE, "10 hours", **REPLY)
    told_last, done_last = under(reply), under(reply)
    told_last.until(2)
    told_last.marked("finding_made")
    assert told_last.clocks[kind("reply")].state is ClockState.RUNNING
    told_last.until(4)
    told_last.marked("decision_sent")
    assert told_last.clocks[kind("reply")].met_at == at(4)
    done_last.until(1)
    done_last.marked("final_response_sent")
    assert done_last.clocks[kind("reply")].state is ClockState.RUNNING
    done_last.until(3)
    done_last.marked("finding_made")
    assert done_last.clocks[kind("reply")].met_at == at(3)


def test_what_was_decided_in_time_and_told_late_is_missed_and_told_once() -> None:
    life = under(a_milestone("reply", Marker.RECEIVED, Marker.RESOLVED, "10 hours", **REPLY))
    life.until(2)
    life.moved(Trigger.RESOLVE)
    life.until(11)
    assert [each.clock.kind for each in of(life.told, Missed)] == [kind("reply")]
    life.marked("decision_sent")
    late = life.clocks[kind("reply")]
    assert (late.state, late.met_at) == (ClockState.MISSED, at(11))
    assert len(of(life.told, Missed)) == 1


def test_a_letter_that_went_out_before_the_clock_began_is_none_of_its_own() -> None:
    reply = a_milestone("reply", Marker.STAGE_2_REQUESTED, Marker.RESOLVED, "10 hours", **REPLY)
    life = under(reply)
    life.marks["decision_sent"] = (at(0),)
    life.until(1)
    life.marked("stage_2_requested")
    life.moved(Trigger.RESOLVE)
    assert life.clocks[kind("reply")].open


def test_what_is_done_early_enough_needs_no_letter_where_the_regime_says_so() -> None:
    free = {**REPLY, "no_letter_within": parse_term("3 hours")}
    early = under(a_milestone("reply", Marker.RECEIVED, Marker.FINDING_MADE, "10 hours", **free))
    early.until(3)
    early.marked("finding_made")
    assert early.clocks[kind("reply")].met_at == at(3)
    later = under(a_milestone("reply", Marker.RECEIVED, Marker.FINDING_MADE, "10 hours", **free))
    later.until(3.1)
    later.marked("finding_made")
    assert later.clocks[kind("reply")].open
    assert promise_of(spec_text(later.clocks[kind("reply")].promise)) == later.clocks[kind("reply")].promise


def test_waiting_for_the_customer_stops_no_regime() -> None:
    life = under(CREDIT)
    life.moved(Trigger.WAIT_FOR_CUSTOMER, on="customer")
    assert life.clocks[kind("credit")].due_at == at(10)
    life.until(10)
    assert of(life.told, Missed)[0].clock.due_at == at(10)


def test_its_own_pause_stops_it_from_one_fact_to_the_other_and_leaves_the_least_after() -> None:
    pause = PauseRule(Marker.REPAIR_REQUESTED, Marker.REPAIR_DONE, None, parse_term("7 hours"))
    reject = a_milestone("reject", Marker.RECEIVED, Marker.GOODS_REJECTED, "10 hours", pause=pause, pausable=True)
    life = under(reject)
    life.until(8)
    life.marked("repair_requested")
    assert life.clocks[kind("reject")].state is ClockState.PAUSED
    life.until(50)
    life.marked("repair_done")
    assert life.clocks[kind("reject")].due_at == at(57)
    life.until(56.9)
    assert not of(life.told, Missed)
    life.until(57)
    assert [each.clock.kind for each in of(life.told, Missed)] == [kind("reject")]


def test_a_pause_with_a_free_time_begins_only_after_it() -> None:
    pause = PauseRule(Marker.CUSTOMER_ASKED, Marker.CUSTOMER_ANSWERED, parse_term("3 hours"))
    reply = a_milestone("reply", Marker.RECEIVED, Marker.FINAL_RESPONSE_SENT, "10 hours", pause=pause, pausable=True)
    life = under(reply)
    life.until(1)
    life.marked("customer_asked")
    life.until(6)
    life.marked("customer_answered")
    assert life.clocks[kind("reply")].due_at == at(12)  # asked at 1, free until 4, answered at 6: two hours


def test_a_recurring_milestone_goes_on_where_the_last_period_ended_until_the_resolution() -> None:
    update = a_milestone(
        "update", Marker.RECEIVED, Marker.INFORMED, "20 hours", recurring=True, void_on=(Marker.RESOLVED,)
    )
    life = under(update)
    life.until(15)
    life.with_facts(informed_at=life.now)
    assert life.clocks[kind("update")].due_at == at(35)
    life.until(40)
    assert [each.clock.due_at for each in of(life.told, Missed)] == [at(35)]
    assert life.clocks[kind("update")].due_at == at(55)
    life.moved(Trigger.RESOLVE)
    life.until(70)
    assert len(of(life.told, Missed)) == 1
    life.marks["reopened"] = (life.now,)
    life.moved(Trigger.REOPEN)
    assert life.clocks[kind("update")].due_at == at(90)


def test_a_chance_not_taken_is_over_and_breaks_no_promise() -> None:
    life = under(altered_nature(CREDIT, Nature.OPPORTUNITY))
    life.until(11)
    assert life.clocks[kind("credit")].state is ClockState.MISSED
    assert not of(life.told, Missed)
    assert not life.clocks[kind("credit")].promised


def test_a_fact_that_makes_it_void_ends_it() -> None:
    life = under(a_milestone("ack", Marker.RECEIVED, Marker.ACKNOWLEDGED, "9 hours", void_on=(Marker.RESOLVED,)))
    life.until(2)
    life.moved(Trigger.RESOLVE)
    assert life.clocks[kind("ack")].state is ClockState.STOPPED


def test_a_duty_towards_the_customer_is_owed_beyond_the_resolution_but_not_beyond_a_withdrawal() -> None:
    letter = a_milestone("letter", Marker.RESOLVED, Marker.OUTCOME_SENT, "5 hours")
    resolved = under(letter)
    resolved.until(1)
    resolved.moved(Trigger.RESOLVE)
    resolved.until(7)
    assert [each.clock.kind for each in of(resolved.told, Missed)] == [kind("letter")]
    withdrawn = under(CREDIT)
    withdrawn.moved(Trigger.WITHDRAW)
    assert withdrawn.clocks[kind("credit")].state is ClockState.STOPPED


def test_a_duty_that_escalates_climbs_once() -> None:
    life = under(a_milestone("reply", Marker.RECEIVED, Marker.RESOLVED, "2 hours", on_breach=OnBreach.ESCALATE))
    life.until(3)
    assert [(each.from_tier, each.to_tier) for each in of(life.told, Climbed)] == [(1, 2)]


def test_a_date_of_the_cases_own_takes_the_place_of_the_term_and_nonsense_does_not() -> None:
    rule = a_milestone("response", Marker.RECEIVED, Marker.EVIDENCE_SUBMITTED, "30 hours", due_from="network_due_at")
    assert under(rule, metadata={"network_due_at": "2026-05-05T11:00:00+02:00"}).clocks[kind("response")].due_at == at(
        24
    )
    for text in ("tomorrow", "2026-05-05T11:00:00", ""):
        assert under(rule, metadata={"network_due_at": text}).clocks[kind("response")].due_at == at(30)


def test_hearing_it_again_and_in_another_order_starts_nothing_twice() -> None:
    one, other = under(CREDIT, NOTICE), under(NOTICE, CREDIT)
    for life in (one, other):
        life.until(4)
        life.marked("provisional_credit_given")
        before = dict(life.clocks)
        assert life.heard() == []
        assert life.clocks == before
    assert {k: c.due_at for k, c in one.clocks.items()} == {k: c.due_at for k, c in other.clocks.items()}


def test_reopening_does_not_begin_the_regulators_time_anew() -> None:
    life = under(a_milestone("reply", Marker.RECEIVED, Marker.RESOLVED, "90 hours"))
    life.until(5)
    life.moved(Trigger.RESOLVE)
    life.until(6)
    life.moved(Trigger.REOPEN)
    assert life.clocks[kind("reply")].generation == 1
    assert life.clocks[kind("reply")].state is ClockState.MET


@pytest.mark.parametrize("own_date", [None, NINE])
def test_every_part_of_a_milestones_rule_survives_storage(own_date: datetime | None) -> None:
    whole = a_milestone(
        "whole",
        Marker.RECEIVED,
        Marker.RESOLVED,
        "2 months",
        void_on=(Marker.CLOSED,),
        pausable=True,
        pause=PauseRule(
            Marker.CUSTOMER_ASKED, Marker.CUSTOMER_ANSWERED, parse_term("1 week"), parse_term("7 calendar days")
        ),
        extension=ExtensionRule(
            parse_term("10 business days"),
            parse_term("90 calendar days"),
            2,
            ("complex",),
            requires=(Marker.PROVISIONAL_CREDIT_GIVEN,),
            before_expiry=False,
        ),
    )
    promise = promised(whole, {})
    assert promise.watch is not None
    promise = altered(promise, watch=altered(promise.watch, due=own_date))
    assert promise_of(spec_text(promise)) == promise


def altered_nature(milestone: Milestone, nature: Nature) -> Milestone:
    facts = {name: getattr(milestone, name) for name in Milestone.__slots__} | {"nature": nature}
    return Milestone(**facts)
