"""Shipped regimes lived through: the real packs, the real calendars, and what escalation starts and ends by them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from shared.domain.calendar import Calendar
from shared.domain.clock_record import Clock, ClockState, Kind
from shared.domain.dispute import Category, Dispute
from shared.domain.frozen import altered
from shared.domain.lifecycle import Trigger
from shared.domain.milestones import Beyond
from shared.domain.plan import Missed, Told
from shared.domain.reconcile import reconcile
from shared.domain.regime_choice import RegimeBook
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.policy.regime_policy import parse_regimes
from tests.builders import a_dispute
from tests.domain.matrices import CALENDARS, a_matrix


@cache
def calendars() -> Mapping[str, Calendar]:
    return {**CALENDARS, **load_calendars(DEFAULT_CALENDARS, range(2024, 2036))}


@dataclass
class Case:
    """A dispute under the shipped packs; `then` lets a fact come true and escalation hear of it."""

    dispute: Dispute
    book: RegimeBook
    clocks: dict[Kind, Clock] = field(default_factory=dict)
    marks: dict[str, tuple[datetime, ...]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    def then(self, when: str, *marks: str, move: Trigger | None = None, **facts: Any) -> "Case":
        now = instant(when)
        if move is not None:
            self.dispute = self.dispute.after(move, now)
        self.dispute = altered(self.dispute, **facts)
        for name in marks:
            self.marks[name] = (*self.marks.get(name, ()), now)
        return self.heard(now)

    def heard(self, now: datetime) -> "Case":
        beyond = Beyond(self.marks, self.book.owing(self.dispute))
        plan = reconcile(self.dispute, self.clocks, a_matrix(), calendars(), now, beyond=beyond)
        self.clocks |= {clock.kind: clock for clock in plan.clocks}
        self.dispute = plan.dispute
        self.told += plan.told
        return self

    def regime_clocks(self) -> dict[str, str]:
        """The milestones that run, with the local time of the pack at which they are due."""
        return {
            kind.removeprefix("regime:"): clock.due_at.astimezone(
                calendars()[clock.promise.spec.calendar].tz
            ).isoformat()
            for kind, clock in self.clocks.items()
            if kind.startswith("regime:") and clock.open and clock.due_at is not None
        }

    def state(self, kind: str) -> ClockState:
        return self.clocks[Kind(f"regime:{kind}")].state


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def a_case(received: str, *, category: str = "other", body: Mapping[str, Any] | None = None, **facts: Any) -> Case:
    dispute = a_dispute(received_at=instant(received), category=Category(category, 1.0, needs_person=False), **facts)
    return Case(dispute, parse_regimes(body or {}, version=1, calendars=calendars())).heard(instant(received))


def line(name: str, **more: str) -> dict[str, str]:
    return {"product_line": name, **more}


def test_a_shop_has_no_regulators_clock() -> None:
    assert a_case("2026-06-01T10:00+01:00", jurisdiction="GB", product="bank account").regime_clocks() == {}


def test_a_payment_complaint_in_britain_resolved_early_keeps_both_limits() -> None:
    case = a_case("2026-06-01T10:00+01:00", jurisdiction="GB", metadata=line("payment_service"))
    assert case.regime_clocks() == {
        "uk.fca.disp.payments/final_response": "2026-06-22T17:00:00+01:00",
        "uk.fca.disp.early/early_resolution": "2026-06-04T17:00:00+01:00",
    }
    case.then("2026-06-03T12:00+01:00", move=Trigger.RESOLVE)
    assert len(case.regime_clocks()) == 2, "a decision that nobody was told of meets neither"
    case.then("2026-06-03T15:00+01:00", "summary_resolution_sent")
    assert case.state("uk.fca.disp.payments/final_response") is ClockState.MET
    assert case.state("uk.fca.disp.early/early_resolution") is ClockState.MET


def test_a_decision_without_its_letter_leaves_the_final_response_owed_until_it_is_missed() -> None:
    case = a_case("2026-06-01T10:00+01:00", jurisdiction="GB", metadata=line("payment_service"))
    case.then("2026-06-10T12:00+01:00", move=Trigger.RESOLVE)
    case.then("2026-06-10T12:05+01:00", "decision_sent")  # our own letter names no ombudsman
    assert case.state("uk.fca.disp.payments/final_response") is ClockState.RUNNING
    case.then("2026-06-23T10:00+01:00", "final_response_sent")
    late = case.clocks[Kind("regime:uk.fca.disp.payments/final_response")]
    assert (late.state, late.met_at) == (ClockState.MISSED, instant("2026-06-23T10:00+01:00"))


def test_a_letter_on_the_delay_is_the_other_written_response_and_opens_no_six_months() -> None:
    case = a_case("2026-06-01T10:00+01:00", jurisdiction="GB", metadata=line("mortgage"))
    case.then("2026-07-20T10:00+01:00", "delay_notice_sent")
    assert case.state("uk.fca.disp.std/final_response") is ClockState.MET
    assert "uk.fca.disp.std/ombudsman_referral" not in case.regime_clocks()
    case.then("2026-08-03T10:00+01:00", "final_response_sent")
    assert case.regime_clocks()["uk.fca.disp.std/ombudsman_referral"] == "2027-02-03T10:00:00+00:00"


def test_an_australian_complaint_closed_in_five_working_days_is_owed_no_letter_and_a_later_one_is() -> None:
    early = a_case("2026-06-01T10:00+10:00", jurisdiction="AU", metadata=line("credit_card"))
    early.then("2026-06-05T10:00+10:00", move=Trigger.RESOLVE)
    assert early.state("au.rg271/response") is ClockState.MET
    later = a_case("2026-06-01T10:00+10:00", jurisdiction="AU", metadata=line("credit_card"))
    later.then("2026-06-15T10:00+10:00", move=Trigger.RESOLVE)
    assert later.state("au.rg271/response") is ClockState.RUNNING
    later.then("2026-06-16T10:00+10:00", "outcome_sent")
    assert later.state("au.rg271/response") is ClockState.MET
    hardship = line("credit_card", circumstances="hardship")
    owed = a_case("2026-06-01T10:00+10:00", jurisdiction="AU", metadata=hardship)
    owed.then("2026-06-05T10:00+10:00", move=Trigger.RESOLVE)
    assert owed.state("au.rg271/response") is ClockState.RUNNING


def test_a_tenants_complaint_goes_through_both_stages_each_reply_counted_from_its_acknowledgement() -> None:
    case = a_case("2026-06-01T10:00+01:00", jurisdiction="GB", metadata=line("housing"))
    assert case.regime_clocks() == {"uk.housing/stage_1_acknowledgement": "2026-06-08T17:00:00+01:00"}
    acknowledged = instant("2026-06-03T12:00+01:00")
    case.then("2026-06-03T12:00+01:00", acknowledged_at=acknowledged)
    assert case.regime_clocks() == {"uk.housing/stage_1_reply": "2026-06-17T17:00:00+01:00"}
    case.then("2026-06-10T12:00+01:00", "outcome_sent", move=Trigger.RESOLVE)
    assert case.state("uk.housing/stage_1_reply") is ClockState.MET
    case.then("2026-06-15T10:00+01:00", "stage_2_requested", move=Trigger.REQUEST_STAGE_2)
    assert case.regime_clocks() == {"uk.housing/stage_2_acknowledgement": "2026-06-22T17:00:00+01:00"}
    case.then("2026-06-16T10:00+01:00", "stage_2_acknowledged")
    assert case.regime_clocks() == {"uk.housing/stage_2_reply": "2026-07-14T17:00:00+01:00"}


def test_an_error_on_a_debit_card_in_america_is_credited_told_found_and_corrected_each_in_its_time() -> None:
    case = a_case("2026-06-01T10:00-04:00", category="billing_error", jurisdiction="US", metadata=line("debit_card"))
    assert case.regime_clocks() == {
        "us.reg_e.1005_11/provisional_credit": "2026-06-15T17:00:00-04:00",
        "us.reg_e.1005_11/investigation": "2026-06-15T17:00:00-04:00",
    }
    case.then("2026-06-10T10:00-04:00", "provisional_credit_given")
    assert case.regime_clocks()["us.reg_e.1005_11/provisional_credit_notice"] == "2026-06-12T17:00:00-04:00"
    case.then("2026-06-11T10:00-04:00", "provisional_credit_told", "finding_made", "investigation_finished")
    assert case.regime_clocks() == {
        "us.reg_e.1005_11/correction": "2026-06-12T17:00:00-04:00",
        "us.reg_e.1005_11/results": "2026-06-16T17:00:00-04:00",
    }


def test_a_billing_error_resolved_before_thirty_days_needs_no_acknowledgement() -> None:
    case = a_case("2026-06-01T10:00-04:00", category="billing_error", jurisdiction="US", metadata=line("credit_card"))
    assert case.regime_clocks()["us.reg_z.1026_13/acknowledgement"] == "2026-07-01T10:00:00-04:00"
    case.then("2026-06-20T10:00-04:00", "decision_sent", move=Trigger.RESOLVE)
    assert case.state("us.reg_z.1026_13/acknowledgement") is ClockState.STOPPED
    assert case.state("us.reg_z.1026_13/resolution") is ClockState.MET


def test_the_right_to_reject_counts_from_delivery_and_stands_still_for_a_repair() -> None:
    case = a_case("2026-06-01T10:00+01:00", category="product_quality", jurisdiction="GB", metadata=line("goods"))
    assert case.regime_clocks() == {}
    case.marks["goods_delivered"] = (instant("2026-05-20T12:00+01:00"),)
    case.heard(instant("2026-06-01T11:00+01:00"))
    assert case.regime_clocks() == {"uk.cra2015.goods/reject": "2026-06-20T00:00:00+01:00"}
    assert case.state("uk.cra2015.later/presumption") is ClockState.MET
    case.then("2026-06-18T00:00+01:00", "repair_requested")
    assert case.state("uk.cra2015.goods/reject") is ClockState.PAUSED
    case.then("2026-06-28T00:00+01:00", "repair_done")
    # two days were left; seven are longer
    assert case.regime_clocks() == {"uk.cra2015.goods/reject": "2026-07-06T00:00:00+01:00"}


def test_a_customers_window_that_was_over_before_they_came_breaks_no_promise() -> None:
    case = a_case("2026-06-01T10:00+01:00", category="warranty", jurisdiction="GB", metadata=line("goods"))
    case.marks["goods_delivered"] = (instant("2025-05-20T12:00+01:00"),)
    case.heard(instant("2026-06-01T11:00+01:00"))
    assert not [told for told in case.told if isinstance(told, Missed) and told.clock.kind.startswith("regime:")]


def test_the_date_on_the_dispute_goes_before_the_networks_usual_time() -> None:
    own = line("visa_payment", network_due_at="2026-06-12T23:59:00Z")
    case = a_case("2026-06-01T10:00+00:00", jurisdiction="US", metadata=own)
    case.then("2026-06-02T10:00+00:00", "evidence_requested")
    assert case.regime_clocks() == {"card.visa/response": "2026-06-12T23:59:00+00:00"}


def test_news_are_owed_every_twenty_working_days_in_ireland_until_it_is_resolved() -> None:
    case = a_case("2026-06-02T10:00+01:00", jurisdiction="IE", metadata=line("mortgage"))
    assert case.regime_clocks() == {
        "ie.cpc/acknowledgement": "2026-06-09T17:00:00+01:00",
        "ie.cpc/update": "2026-06-30T17:00:00+01:00",
        "ie.cpc/resolution": "2026-07-28T17:00:00+01:00",
    }
    informed = instant("2026-06-12T10:00+01:00")  # by telephone, which is no written update
    case.then("2026-06-12T10:00+01:00", acknowledged_at=instant("2026-06-04T10:00+01:00"), informed_at=informed)
    assert case.regime_clocks()["ie.cpc/update"] == "2026-06-30T17:00:00+01:00"
    case.then("2026-06-16T10:00+01:00", "update_sent")
    case.heard(instant("2026-06-16T10:01+01:00"))
    assert case.regime_clocks()["ie.cpc/update"] == "2026-07-14T17:00:00+01:00"
    case.then("2026-07-01T10:00+01:00", move=Trigger.RESOLVE)
    assert case.state("ie.cpc/update") is ClockState.STOPPED
    assert case.regime_clocks() == {"ie.cpc/outcome_letter": "2026-07-08T17:00:00+01:00"}


def test_a_bank_hears_of_all_its_regimes_and_a_dispute_that_says_none_of_none() -> None:
    body = {"default_jurisdiction": "IE", "default_product_line": "credit_card"}
    bank = a_case("2026-06-02T10:00+01:00", body=body, jurisdiction=None)
    assert {kind.partition("/")[0] for kind in bank.regime_clocks()} == {"eu.psd2.art101", "ie.cpc"}
    none = a_case("2026-06-02T10:00+01:00", body=body, jurisdiction=None, metadata={"regime": "none"})
    assert none.regime_clocks() == {}
