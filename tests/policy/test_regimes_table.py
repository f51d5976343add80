"""Every figure of every shipped regime pack against one plain table."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest

from shared.domain.calendar import Calendar
from shared.domain.clocks import Extension, Pause, due_at
from shared.domain.duration import Duration
from shared.domain.regime import LETTERS, Marker, Milestone, Nature, Regime, by_id, clock_kind, kind_of
from shared.domain.regime_facts import MEANINGS
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.policy.regimes import load_packs, shipped
from tests.policy.regime_rows import ROWS, Row

FAR = Extension(datetime(2035, 1, 1, tzinfo=UTC), "as far as it goes")


@cache
def calendars() -> Mapping[str, Calendar]:
    return load_calendars(DEFAULT_CALENDARS, range(2024, 2036))


def row_of(regime: Regime, each: Milestone) -> tuple[str, ...]:
    return (
        regime.id,
        each.name,
        " ".join(each.only_if),
        str(each.starts_on),
        str(each.spec.duration),
        extension_of(each),
        " ".join(re.findall(r"(?:^|; )(S\d+)", each.source)),
    )


def extension_of(each: Milestone) -> str:
    rule = each.extension
    if rule is None:
        return ""
    if rule.max_total is not None:
        return f"to {rule.max_total}"
    return "open" if rule.by is None else f"by {rule.by}"


def milestone_of(row: Row) -> Milestone:
    regime = by_id(shipped())[row.pack]
    [found] = [each for each in regime.milestones if row_of(regime, each) == tuple(row[:7])]
    return found


def test_the_table_holds_every_figure_of_every_pack_and_no_other() -> None:
    assert [row_of(regime, each) for regime in shipped() for each in regime.milestones] == [row[:7] for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.pack} {row.milestone} {row.term} {row.only_if}")
def test_a_deadline_worked_out_by_hand_is_met(row: Row) -> None:
    each = milestone_of(row)
    calendar, start = calendars()[each.spec.calendar], datetime.fromisoformat(row.start)
    assert due_at(each.spec, calendar, started_at=start) == datetime.fromisoformat(row.due)


@pytest.mark.parametrize("row", [row for row in ROWS if row.extended], ids=lambda row: f"{row.pack} {row.only_if}")
def test_an_extension_ends_where_its_rule_says(row: Row) -> None:
    each = milestone_of(row)
    assert each.extension is not None
    by = each.extension.by
    granted = FAR if by is None else Extension(by, "chosen") if isinstance(by, Duration) else None
    assert granted is not None
    calendar, start = calendars()[each.spec.calendar], datetime.fromisoformat(row.start)
    due = due_at(each.spec, calendar, started_at=start, extensions=[granted])
    assert due == datetime.fromisoformat(row.extended)


def test_every_maximum_has_its_worked_example() -> None:
    assert not [row for row in ROWS if row.extension.startswith(("to", "by")) and not row.extended]


def test_the_right_to_reject_stands_still_while_a_repair_is_awaited() -> None:
    each = next(m for m in by_id(shipped())["uk.cra2015.goods"].milestones if m.name == "reject")
    delivered, day = datetime.fromisoformat("2026-06-01T15:00+01:00"), timedelta(days=1)
    repair = Pause(delivered + 10 * day, delivered + 20 * day, "repair")
    due = due_at(each.spec, calendars()["uk"], started_at=delivered, pauses=[repair])
    assert due == datetime.fromisoformat("2026-07-12T00:00+01:00")


def test_nothing_pauses_but_by_its_own_rule() -> None:
    every = [each for regime in shipped() for each in regime.milestones]
    assert [each.spec.kind for each in every if each.spec.pausable] == [
        "regime:uk.cra2015.goods/reject",
        "regime:uk.fca.disp.std/final_response",
    ]
    assert all(each.spec.pausable is (each.pause is not None) for each in every)


def test_waiting_for_the_customer_moves_no_regulatory_deadline() -> None:
    each = milestone_of(next(row for row in ROWS if row.pack == "uk.fca.disp.payments"))
    received = datetime.fromisoformat("2026-06-01T10:00+01:00")
    wait = Pause(received, received + timedelta(days=5), "customer")
    calendar = calendars()["uk"]
    assert due_at(each.spec, calendar, started_at=received, pauses=[wait]) == due_at(
        each.spec, calendar, started_at=received
    )


UNCONFIRMED = [
    ("eu.sgd.2019_771", "burden_of_proof", ""),
    ("uk.fca.disp.std", "final_response", "two_stage"),
    ("us.magnuson_moss.703", "decision", ""),
    ("us.magnuson_moss.703", "decision", "warrantor_skipped"),
]


def test_what_is_not_confirmed_ships_switched_off_and_says_so() -> None:
    off = [(r.id, m.name, " ".join(m.only_if), m.note or "") for r in shipped() for m in r.milestones if not m.enabled]
    assert sorted(each[:3] for each in off) == UNCONFIRMED
    assert all(note.startswith("Not confirmed") for *_, note in off)
    assert [(r.id, (r.note or "")[:13]) for r in shipped() if not r.enabled] == [
        ("us.magnuson_moss.703", "Not confirmed")
    ]


def test_every_pack_names_source_and_day_and_counts_on_a_calendar_that_is_there() -> None:
    for regime in load_packs(calendars=calendars()):
        assert regime.source.startswith("S")
        assert regime.as_of.year == 2026
        assert all(each.source and each.spec.source == each.source for each in regime.milestones)


def test_every_regime_that_escalates_is_a_duty_of_the_business() -> None:
    for each in (each for regime in shipped() for each in regime.milestones):
        assert (each.on_breach == "escalate") is (each.nature is Nature.DUTY)


def test_a_milestones_clock_is_stored_under_its_regime_and_its_name() -> None:
    assert clock_kind("ie.cpc", "update") == "regime:ie.cpc/update"
    assert kind_of("regime:ie.cpc/update") == ("ie.cpc", "update")
    assert kind_of("tier") is None
    for regime in shipped():
        assert all(kind_of(each.spec.kind) == (regime.id, each.name) for each in regime.milestones)


def test_the_caps_are_those_of_the_extensions_and_of_regulation_z() -> None:
    caps = {
        (m.spec.kind.removeprefix("regime:"), " ".join(m.only_if)): str(m.spec.cap)
        for regime in shipped()
        for m in regime.milestones
        if m.spec.cap is not None
    }
    assert caps == {
        ("card.visa/filing", ""): "540 calendar days",
        ("eu.psd2.art101/reply", ""): "35 business days",
        ("uk.fca.disp.payments/final_response", ""): "35 business days",
        ("us.cfpb.portal/response", ""): "60 calendar days",
        ("us.reg_e.1005_11/investigation", "new_account"): "90 calendar days",
        ("us.reg_e.1005_11/investigation", "point_of_sale foreign"): "90 calendar days",
        ("us.reg_e.1005_11/investigation", ""): "45 calendar days",
        ("us.reg_z.1026_13/resolution", ""): "90 calendar days",
    }


def test_the_figures_of_pauses_and_the_days_from_which_a_figure_holds() -> None:
    every = [each for regime in shipped() for each in regime.milestones]
    pauses = {m.spec.kind: (str(m.pause.free), str(m.pause.least_after)) for m in every if m.pause is not None}
    assert pauses == {
        "regime:uk.cra2015.goods/reject": ("None", "7 calendar days, end of day"),
        "regime:uk.fca.disp.std/final_response": ("1 week", "None"),
    }
    assert [(m.spec.kind, str(m.spec.duration), m.since, m.until) for m in every if m.since or m.until] == [
        ("regime:eu.sgd.2019_771/liability", "2 years", None, date(2026, 7, 30)),
        ("regime:eu.sgd.2019_771/liability", "2 years", date(2026, 7, 31), None),
        ("regime:uk.ofcom.adr/adr_letter", "8 weeks", None, date(2026, 4, 7)),
        ("regime:uk.ofcom.adr/adr_letter", "6 weeks", date(2026, 4, 8), None),
    ]


def test_the_date_on_a_card_dispute_goes_before_the_networks_usual_time() -> None:
    takes = [m.spec.kind for regime in shipped() for m in regime.milestones if m.due_from == "network_due_at"]
    assert takes == [
        "regime:card.amex/response",
        "regime:card.discover/response",
        "regime:card.mastercard/response",
        "regime:card.visa/response",
        "regime:paypal/inquiry",
    ]


def test_whatever_has_to_be_sent_names_the_letter_that_is_checked_for_it() -> None:
    every = [each for regime in shipped() for each in regime.milestones]
    demanding = [(m.must_send, m.letters) for m in every] + [
        (m.extension.must_send, m.extension.letters) for m in every if m.extension
    ]
    assert all(bool(told) is bool(letters) and LETTERS.issuperset(letters) for told, letters in demanding)
    assert any(told for told, _ in demanding)


def test_the_letters_that_the_product_writes_count_only_where_they_say_what_is_asked_for() -> None:
    own = {"decision_sent", "extension_notice_sent"}
    every = [(m.spec.kind.removeprefix("regime:"), m) for regime in shipped() for m in regime.milestones]
    assert sorted({kind for kind, m in every if own & set(m.letters)}) == [
        "br.sac/answer",
        "us.reg_z.1026_13/resolution",
    ]
    assert sorted({kind for kind, m in every if m.extension and own & set(m.extension.letters)}) == [
        "eu.psd2.art101/reply",
        "uk.fca.disp.payments/final_response",
    ]


def test_every_fact_has_a_meaning() -> None:
    assert list(MEANINGS) == list(Marker)


def test_only_the_irish_update_recurs() -> None:
    recurring = [each.spec.kind for regime in shipped() for each in regime.milestones if each.spec.recurring]
    assert recurring == ["regime:ie.cpc/update"]


def test_the_longer_investigation_needs_the_provisional_credit_first() -> None:
    rules = [m.extension for m in by_id(shipped())["us.reg_e.1005_11"].milestones if m.extension]
    assert len(rules) == 3
    assert all(rule.requires == ("provisional_credit_given",) for rule in rules)
