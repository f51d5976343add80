"""Which regimes apply, what a business may change of them, and what a pack is refused for."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dispute import CATEGORIES, CUSTOMER_CLASSES, Dispute
from shared.domain.errors import PolicyFault
from shared.domain.regime import Regime, by_id
from shared.domain.regime_choice import RegimeBook, Selection, select
from shared.policy.regime_page import page
from shared.policy.regime_policy import default_body, parse_regimes, regimes_body, regimes_schema
from shared.policy.regimes import PACKS, load_packs, parse_pack, shipped
from tests.builders import a_dispute

ROOT = Path(__file__).parents[2]
PRODUCTS = sorted({product for regime in shipped() for product in regime.products})
PACK = (PACKS / "br.sac.toml").read_text(encoding="utf-8")

places = st.sampled_from(["GB", "IE", "DE", "US", "US-CA", "AU", "CA", "IN", "BR", "NO", None])
lines = st.sampled_from([*PRODUCTS, "spaceships", None])
categories = st.sampled_from(CATEGORIES)
classes = st.sampled_from(CUSTOMER_CLASSES)


def chosen(**facts: Any) -> list[str]:
    case = {"jurisdiction": "GB", "product": None, "category": "other", "customer_class": "standard"} | facts
    return ids(select(shipped(), **case))


def ids(selection: Selection) -> list[str]:
    return [regime.id for regime in selection.regimes]


def book(**body: Any) -> RegimeBook:
    return parse_regimes(body, version=1)


def dispute(**facts: Any) -> Dispute:
    return a_dispute(**facts)


@given(order=st.permutations(shipped()), place=places, line=lines, category=categories, customer=classes)
def test_the_choice_does_not_depend_on_the_order_of_the_packs(
    order: list[Regime], place: str | None, line: str | None, category: str, customer: str
) -> None:
    case = {"jurisdiction": place, "product": line, "category": category, "customer_class": customer}
    assert select(order, **case) == select(shipped(), **case)  # type: ignore[arg-type] # the four facts above


@given(
    place=places,
    line=lines,
    category=categories,
    customer=classes,
    named=st.none() | st.lists(st.sampled_from([regime.id for regime in shipped()]), max_size=5).map(tuple),
    off=st.sets(st.sampled_from([regime.id for regime in shipped()])),
)
def test_a_pack_that_is_switched_off_is_never_chosen(
    place: str | None, line: str | None, category: str, customer: str, named: tuple[str, ...] | None, off: set[str]
) -> None:
    regimes = [replace(regime, enabled=regime.enabled and regime.id not in off) for regime in shipped()]
    found = select(regimes, jurisdiction=place, product=line, category=category, customer_class=customer, named=named)
    assert all(regime.enabled for regime in found.regimes)
    assert not off & set(ids(found))


@given(place=places, category=categories, customer=classes)
def test_no_pack_applies_to_a_case_whose_product_line_nobody_told(
    place: str | None, category: str, customer: str
) -> None:
    assert chosen(jurisdiction=place, category=category, customer_class=customer) == []


@given(place=places, line=lines, category=categories, customer=classes)
def test_every_pack_gets_a_verdict_with_a_reason(
    place: str | None, line: str | None, category: str, customer: str
) -> None:
    found = select(shipped(), jurisdiction=place, product=line, category=category, customer_class=customer)
    assert sorted(verdict.regime for verdict in found.verdicts) == [regime.id for regime in shipped()]
    assert [verdict.regime for verdict in found.verdicts if verdict.chosen] == ids(found)
    assert all(verdict.because for verdict in found.verdicts)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"product": "mortgage"}, ["uk.fca.disp.std", "uk.fca.disp.early"]),
        ({"product": "payment_service"}, ["uk.fca.disp.payments", "uk.fca.disp.early"]),
        ({"product": "goods", "category": "product_quality"}, ["uk.cra2015.goods", "uk.cra2015.later"]),
        ({"product": "goods", "category": "billing_error"}, []),
        ({"product": "goods", "category": "product_quality", "customer_class": "business"}, []),
        ({"product": "telecoms"}, ["uk.ofcom.adr"]),
        ({"product": "housing"}, ["uk.housing"]),
        ({"jurisdiction": "IE", "product": "credit_card"}, ["eu.psd2.art101", "ie.cpc"]),
        ({"jurisdiction": "DE", "product": "credit_card"}, ["eu.psd2.art101"]),
        ({"jurisdiction": "NO", "product": "credit_card"}, []),
        ({"jurisdiction": "FR", "product": "goods", "category": "warranty"}, ["eu.sgd.2019_771"]),
        ({"jurisdiction": "US-CA", "product": "debit_card", "category": "billing_error"}, ["us.reg_e.1005_11", "us.cfpb.portal"]),
        ({"jurisdiction": "US", "product": "goods", "category": "warranty"}, []),
        ({"jurisdiction": "AU", "product": "superannuation"}, ["au.rg271"]),
        ({"jurisdiction": "AU", "product": "telecoms"}, ["au.telco"]),
        ({"jurisdiction": "CA", "product": "savings"}, ["ca.bank"]),
        ({"jurisdiction": "IN", "product": "goods"}, ["in.ecommerce"]),
        ({"jurisdiction": "IN", "product": "debit_card", "category": "billing_error"}, ["in.rbi.tat"]),
        ({"jurisdiction": "BR", "product": "telecoms"}, ["br.sac"]),
        ({"jurisdiction": None, "product": "visa_payment"}, ["card.visa"]),
        ({"jurisdiction": "JP", "product": "paypal_payment"}, ["paypal"]),
        ({"jurisdiction": None, "product": "mortgage"}, []),
    ],
    ids=str,
)  # fmt: skip
def test_packs_are_chosen_by_jurisdiction_product_line_category_and_customer(
    facts: dict[str, Any], expected: list[str]
) -> None:
    assert chosen(**facts) == expected


@pytest.mark.parametrize("category", ["billing_error", "unauthorised_charge", "service_delivery"])
def test_regulation_z_covers_what_was_not_delivered_as_agreed(category: str) -> None:
    assert "us.reg_z.1026_13" in chosen(jurisdiction="US", product="credit_card", category=category)


@pytest.mark.parametrize("category", ["product_quality", "warranty"])
def test_regulation_z_does_not_cover_the_quality_of_goods_that_were_accepted(category: str) -> None:
    assert "us.reg_z.1026_13" not in chosen(jurisdiction="US", product="credit_card", category=category)


def test_the_more_particular_pack_stands_in_for_the_general_one() -> None:
    general = replace(by_id(shipped())["uk.fca.disp.std"], products=("payment_service",))
    regimes = [general, *(regime for regime in shipped() if regime.id != general.id)]
    found = select(regimes, jurisdiction="GB", product="payment_service", category="other", customer_class="standard")
    assert ids(found) == ["uk.fca.disp.payments", "uk.fca.disp.early"]
    because = {verdict.regime: verdict.because for verdict in found.verdicts}
    assert because["uk.fca.disp.std"] == "uk.fca.disp.payments stands in for it"


def test_as_shipped_no_regime_applies_to_a_shops_dispute() -> None:
    shop = parse_regimes(default_body(), version=1)
    assert shop.choose(dispute(jurisdiction="GB", product="Current account coffee mug")).regimes == ()
    assert shop.owed(dispute(jurisdiction="US", metadata={})) == ()


def test_a_dispute_names_its_product_line_itself() -> None:
    case = dispute(jurisdiction="GB", metadata={"product_line": " Mortgage "})
    assert ids(parse_regimes(default_body(), version=1).choose(case)) == ["uk.fca.disp.std", "uk.fca.disp.early"]


def test_a_dispute_that_names_its_regimes_is_taken_at_its_word() -> None:
    bank = book(default_jurisdiction="GB", default_product_line="mortgage")
    assert ids(bank.choose(dispute(metadata={"regime": "ie.cpc, card.visa"}))) == ["card.visa", "ie.cpc"]
    assert ids(bank.choose(dispute(metadata={"regime": "none"}))) == []
    found = bank.choose(dispute(metadata={"regime": "us.magnuson_moss.703,atlantis"}))
    assert found.regimes == ()
    assert found.verdicts[-1] == ("atlantis", False, "there is no such regime")


def test_the_defaults_of_the_business_fill_what_a_dispute_does_not_say() -> None:
    bank = book(default_jurisdiction="GB", default_product_line="payment_service")
    assert ids(bank.choose(dispute(jurisdiction=None))) == ["uk.fca.disp.payments", "uk.fca.disp.early"]
    assert ids(bank.choose(dispute(jurisdiction="DE"))) == ["eu.psd2.art101"]


def test_circumstances_pick_among_milestones_of_one_name() -> None:
    bank = book(default_jurisdiction="AU", default_product_line="loan")

    def response(**metadata: str) -> str:
        owed = bank.owed(dispute(jurisdiction=None, metadata=metadata))
        [found] = [each.milestone for each in owed if each.milestone.name == "response"]
        return str(found.spec.duration)

    assert response() == "30 calendar days"
    assert response(circumstances="something else, Hardship") == "21 calendar days"
    assert response(product_line="superannuation") == "45 calendar days"


def test_a_milestone_holds_for_days_of_receipt_while_it_is_in_force() -> None:
    ofcom = by_id(shipped())["uk.ofcom.adr"]
    assert [str(m.spec.duration) for m in ofcom.owed((), date(2026, 4, 7))] == ["8 weeks"]
    assert [str(m.spec.duration) for m in ofcom.owed((), date(2026, 4, 8))] == ["6 weeks"]


def test_a_milestone_that_is_not_confirmed_is_owed_to_nobody() -> None:
    fca = by_id(shipped())["uk.fca.disp.std"]
    [response, _] = fca.owed({"two_stage"}, date(2026, 6, 1))
    assert response.pause is None


def test_a_business_has_only_the_packs_it_lists() -> None:
    bank = book(default_jurisdiction="GB", default_product_line="mortgage", enabled=["uk.fca.disp.early"])
    assert ids(bank.choose(dispute(jurisdiction=None))) == ["uk.fca.disp.early"]
    bank = book(default_jurisdiction="GB", default_product_line="mortgage", disabled=["uk.fca.disp.early"])
    assert ids(bank.choose(dispute(jurisdiction=None))) == ["uk.fca.disp.std"]


def test_a_business_may_change_single_figures_and_the_reason_stays_with_the_pack() -> None:
    own = {"regime": "uk.fca.disp.payments", "milestone": "final_response", "reason": "our own promise"}
    changed = by_id(
        book(overrides=[{**own, "term": "10 business days", "extension_max_total": "20 business days"}]).regimes
    )
    regime = changed["uk.fca.disp.payments"]
    [response] = regime.milestones
    assert response.extension is not None
    assert [str(term) for term in (response.spec.duration, response.spec.cap, response.extension.max_total)] == [
        "10 business days",
        "20 business days",
        "20 business days",
    ]
    assert regime.changes == (
        "final_response: term 10 business days, extension_max_total 20 business days; our own promise",
    )
    before = by_id(shipped())
    assert all(changed[each] == before[each] for each in before if each != regime.id)


def test_an_override_reaches_the_case_it_names_and_the_general_one_otherwise() -> None:
    own = {"regime": "ca.bank", "milestone": "response", "reason": "ours"}
    regime = by_id(
        book(
            overrides=[
                {**own, "term": "50 calendar days"},
                {**own, "only_if": "no_statutory_limit", "term": "80 calendar days"},
            ]
        ).regimes
    )["ca.bank"]
    assert [str(m.spec.duration) for m in regime.milestones[:2]] == ["80 calendar days", "50 calendar days"]


def test_a_pack_that_ships_switched_off_is_switched_on_with_a_reason() -> None:
    on = {"regime": "us.magnuson_moss.703", "enabled": True, "reason": "counsel read the rule"}
    milestones = [{**on, "milestone": "decision"}, {**on, "milestone": "decision", "only_if": "warrantor_skipped"}]
    shop = book(default_jurisdiction="US", default_product_line="goods", overrides=[on, *milestones])
    case = dispute(jurisdiction=None, metadata={"regime": "us.magnuson_moss.703"})
    assert [str(each.milestone.spec.duration) for each in shop.owed(case)] == ["40 calendar days"]


def test_a_pack_may_be_made_to_fit_the_businesss_own_product_lines_and_calendar() -> None:
    own = {"regime": "uk.housing", "products": ["flats"], "calendar": "desk", "reason": "our words for it"}
    landlord = parse_regimes(
        {"default_jurisdiction": "GB", "default_product_line": "flats", "overrides": [own]},
        version=2,
        calendars=["desk"],
    )
    assert ids(landlord.choose(dispute(jurisdiction=None))) == ["uk.housing"]
    assert {each.spec.calendar for each in by_id(landlord.regimes)["uk.housing"].milestones} == {"desk"}


def test_a_pack_whose_calendar_is_not_there_is_left_out_and_says_so() -> None:
    bank = parse_regimes({}, version=1, calendars=["always"])
    assert [regime.id for regime in bank.regimes if regime.enabled] == [
        "card.amex",
        "card.discover",
        "card.mastercard",
        "card.visa",
        "paypal",
    ]
    assert by_id(bank.regimes)["ie.cpc"].note == "ie.cpc counts on the calendar 'ie', which is not there."
    with pytest.raises(PolicyFault, match="'ie', which is not there") as caught:
        parse_regimes({"enabled": ["ie.cpc"]}, version=1, calendars=["always"])
    assert caught.value.place == "enabled.0"


REASON = {"reason": "because"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"default_product_line": "spaceships"}, "default_product_line"),
        ({"default_jurisdiction": "Britain"}, "default_jurisdiction"),
        ({"default_jurisdiction": "UK"}, "default_jurisdiction"),
        ({"colour": "blue"}, "colour"),
        ({"enabled": ["atlantis"]}, "enabled.0"),
        ({"enabled": ["us.magnuson_moss.703"]}, "enabled.0"),
        ({"disabled": ["ie.cpc", "atlantis"]}, "disabled.1"),
        ({"overrides": [{"regime": "ie.cpc", "milestone": "update"}]}, "overrides.0.reason"),
        ({"overrides": [{"regime": "ie.cpc", "milestone": "update", **REASON}]}, "overrides.0"),
        ({"overrides": [{"regime": "ie.cpc", "term": "1 month", **REASON}]}, "overrides.0"),
        ({"overrides": [{"regime": "ie.cpc", "milestone": "update", "term": "2 days", **REASON}]}, "overrides.0.term"),
        ({"overrides": [{"regime": "atlantis", "enabled": False, **REASON}]}, "overrides.0.regime"),
        ({"overrides": [{"regime": "ie.cpc", "milestone": "dance", "term": "1 month", **REASON}]}, "overrides.0.milestone"),
        ({"overrides": [{"regime": "ie.cpc", "milestone": "update", "only_if": "rain", "term": "1 month", **REASON}]}, "overrides.0.only_if"),
        ({"overrides": [{"regime": "ie.cpc", "milestone": "update", "extension_by": "1 month", **REASON}]}, "overrides.0"),
        ({"overrides": [{"regime": "ie.cpc", "milestone": "update", "products": ["x"], **REASON}]}, "overrides.0"),
        ({"overrides": [{"regime": "ie.cpc", "milestone": "update", "warn_at": [0.7, 0.5], **REASON}]}, "overrides.0.warn_at"),
        ("no = [toml", ""),
    ],
    ids=str,
)  # fmt: skip
def test_a_policy_that_does_not_hold_is_refused_with_its_place(body: dict[str, Any] | str, place: str) -> None:
    with pytest.raises(PolicyFault) as caught:
        parse_regimes(body, version=1)
    assert caught.value.place == place


def test_the_policy_is_stored_as_it_was_put_and_has_a_schema() -> None:
    body = {"default_jurisdiction": "GB", "overrides": [{"regime": "ie.cpc", "enabled": False, "reason": "not ours"}]}
    assert regimes_body(body) == body
    assert regimes_body(dict(default_body())) == default_body()
    assert set(regimes_schema()["properties"]) == {
        "default_jurisdiction",
        "default_product_line",
        "enabled",
        "disabled",
        "overrides",
    }


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('id = "br.sac"', 'id = "Br Sac"', "x.toml: id"),
        ("priority = 10", 'priority = 10\ncolour = "blue"', "x.toml: colour"),
        ('term = "7 calendar days"', 'term = "7 days"', "x.toml: milestones.0.term"),
        ('calendar = "br"', 'calendar = "moon"', "x.toml: milestones.0.calendar"),
        ('starts_on = "received"', 'starts_on = "the beginning"', "x.toml: milestones.0.starts_on"),
        ('starts_on = "received"', 'starts_on = "milestone:other"', "x.toml: milestones.0.starts_on"),
        ('starts_on = "received"', 'starts_on = "milestone:answer"', "x.toml: milestones.0.starts_on"),
        ('starts_on = "received"', 'starts_on = "resolved"', "x.toml: milestones.0"),
        ('source = ["S23"]', 'source = ["S99"]', "x.toml: milestones.0.source"),
        ('source = ["S23"]', "", "x.toml: milestones.0.source"),
        ("[sources]", '[sources]\nS1 = "nobody rests on it"', "x.toml: sources.S1"),
        ('source = ["S23"]', 'source = ["S23"]\nonly_if = ["rain"]', "x.toml: milestones.0.only_if"),
        ("[sources]", '[circumstances]\nrain = "it rains"\n[sources]', "x.toml: circumstances.rain"),
        ('source = ["S23"]', 'source = ["S23"]\nenabled = false', "x.toml: milestones.0"),
        ('note = "Which', 'enabled = false\n# note = "Which', "x.toml"),
        ('source = ["S23"]', 'source = ["S23"]\nsince = 2026-02-01\nuntil = 2026-01-01', "x.toml: milestones.0"),
        ('source = ["S23"]', 'source = ["S23"]\ncount_receipt_day = true', "x.toml: milestones.0.count_receipt_day"),
        ('source = ["S23"]', 'source = ["S23"]\nnature = "customer_window"\non_breach = "escalate"', "x.toml: milestones.0"),
        ('source = ["S23"]', 'source = ["S23"]\npause = { begins_on = "repair_done", ends_on = "repair_done" }', "x.toml: milestones.0.pause"),
        ('source = ["S23"]', 'source = ["S23"]\nextension = { by = "1 month" }', "x.toml: milestones.0.extension.reasons"),
        ("[sources]", "[sources", "x.toml"),
    ],
)  # fmt: skip
def test_a_pack_that_does_not_hold_is_refused_with_file_and_place(old: str, new: str, place: str) -> None:
    pack = PACK.replace(old, new)
    assert pack != PACK
    with pytest.raises(PolicyFault) as caught:
        parse_pack(pack, file="x.toml", calendars=["br"])
    assert caught.value.place == place


@pytest.mark.parametrize(
    ("old", "new", "begins"),
    [
        ('term = "7 calendar days"', 'term = "7 days"', "term"),
        ('calendar = "br"', 'calendar = "moon"', "calendar"),
        ("[sources]", "[sources", "[sources"),
        ("source = ", "sauce = ", "[[milestones]]"),
    ],
)
def test_a_fault_of_a_pack_names_its_line(old: str, new: str, begins: str) -> None:
    pack = PACK.replace(old, new)
    expected = next(number for number, line in enumerate(pack.splitlines(), 1) if line.startswith(begins))
    with pytest.raises(PolicyFault) as caught:
        parse_pack(pack, file="x.toml", calendars=["br"])
    assert caught.value.line == expected
    assert str(caught.value).startswith("x.toml")


def test_a_milestone_hidden_by_an_earlier_one_of_its_name_is_a_fault() -> None:
    twice = PACK + PACK[PACK.index("[[milestones]]") :]
    with pytest.raises(PolicyFault, match="never would"):
        parse_pack(twice)


def test_milestones_that_wait_for_each_other_are_a_fault() -> None:
    one = PACK[PACK.index("[[milestones]]") :]
    first = one.replace('"answer"', '"first"').replace('"received"', '"milestone:second"')
    second = one.replace('"answer"', '"second"').replace('"received"', '"milestone:first"')
    with pytest.raises(PolicyFault, match="wait for each other"):
        parse_pack(PACK + first + second)


def test_a_folder_of_packs_is_checked_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(PolicyFault, match="1 to 500 packs"):
        load_packs(tmp_path)
    (tmp_path / "br.sac.toml").write_text(PACK)
    assert [regime.id for regime in load_packs(tmp_path)] == ["br.sac"]
    (tmp_path / "ours.toml").write_text(PACK)
    with pytest.raises(PolicyFault, match=r"ours\.toml: id"):
        load_packs(tmp_path)
    (tmp_path / "ours.toml").write_text(
        PACK.replace('"br.sac"', '"ours"').replace("priority = 10", 'priority = 10\nprecludes = ["br.sac"]')
    )
    with pytest.raises(PolicyFault, match="lower priority"):
        load_packs(tmp_path)
    (tmp_path / "ours.toml").write_text(
        PACK.replace('"br.sac"', '"ours"').replace("priority = 10", 'priority = 11\nprecludes = ["atlantis"]')
    )
    with pytest.raises(PolicyFault, match="no regime 'atlantis'"):
        load_packs(tmp_path)


def test_the_policy_that_the_page_shows_by_example_holds() -> None:
    [example] = re.findall(r"```json\n(.*?)```", page(shipped()), flags=re.DOTALL)
    bank = parse_regimes(json.loads(example)["policy"], version=2, calendars=["uk"])
    assert ids(bank.choose(dispute(jurisdiction=None))) == ["uk.fca.disp.payments", "uk.fca.disp.early"]


def test_the_page_of_regimes_is_up_to_date() -> None:
    written = (ROOT / "docs" / "regimes.md").read_text(encoding="utf-8")
    assert written == page(shipped()), "python -m shared.policy.regimes > docs/regimes.md"
