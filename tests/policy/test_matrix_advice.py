"""A matrix that holds may still be worth a second look, and the remark says where and why."""

from typing import Any

import pytest

from shared.domain.matrix import Matrix
from shared.policy.matrix import parse_matrix
from shared.policy.matrix_advice import advice
from tests.domain.matrices import a_body, a_tier, clocks

ANN = {"name": "Ann", "email": "ann@house.example"}
BOB = {"name": "Bob", "email": "bob@house.example"}


def quiet(*thresholds: dict[str, Any], **parts: Any) -> Matrix:
    """A matrix about which there is nothing to say, with these thresholds."""
    limits: tuple[dict[str, Any], ...] = ({"amount": "150"}, {"amount": "500"}, {"unlimited": True})
    tiers = [
        a_tier(f"T{number}", "4 hours", holders=[ANN], deputies=[BOB], authority=limit)
        for number, limit in enumerate(limits, 1)
    ]
    return parse_matrix(a_body(**({"tiers": tiers, "thresholds": list(thresholds)} | parts)), version=1)


def a_threshold(name: str, when: Any, to_tier: int = 2, **more: Any) -> dict[str, Any]:
    return {"name": name, "when": when, "to_tier": to_tier, "because": name} | more


def remarks(*thresholds: dict[str, Any], **parts: Any) -> list[tuple[str, str]]:
    return [(each.place, each.detail) for each in advice(quiet(*thresholds, **parts))]


def test_a_matrix_without_gaps_is_left_alone() -> None:
    assert (
        remarks(
            a_threshold("big", {"amount_over": "150"}),
            a_threshold("bigger", {"amount_over": "500"}, 3),
            a_threshold("words", 'category == "warranty" and amount > 20'),
            a_threshold("loud", {"signals_any": ["media"]}),
        )
        == []
    )


def hurried(*deadlines: Any, **parts: Any) -> list[tuple[str, str]]:
    """What is said of tiers with these deadlines."""
    unlimited = {"authority": {"unlimited": True}}
    tiers = [a_tier(f"T{n}", each, holders=[ANN], deputies=[BOB], **unlimited) for n, each in enumerate(deadlines, 1)]
    return remarks(tiers=tiers, **parts)


def test_a_tier_with_less_time_than_the_least_gap_is_told() -> None:
    ((place, detail),) = hurried("4 hours", "10 minutes")
    assert place == "tiers.1.deadline"
    assert detail == (
        "T2 (tier 2) has less time than min_gap, the least gap between two climbs; "
        "after a climb because of a deadline it gets the gap instead"
    )
    by_severity = {"low": "4 hours", "normal": "30 minutes", "high": "29 minutes", "critical": "5 minutes"}
    ((_, some),) = hurried(by_severity)
    assert some.startswith("T1 (tier 1) has less time at severity high and critical than min_gap")


def test_a_tier_with_as_much_time_or_with_days_is_not() -> None:
    assert hurried("30 minutes", "1 calendar day", "2 business days or 40 minutes, whichever first") == []
    assert hurried("2 business days or 20 minutes, whichever first") != []
    assert hurried("4 hours", min_gap="5 hours") != []


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ({"amount_over": "500"}, {"amount_over": "150"}),
        ({"signals_any": ["media"]}, {"signals_any": ["media", "safety"]}),
        ({"signals_any": ["media"], "contact_count_at_least": 2}, {"signals_any": ["media"]}),
        ({"contact_count_at_least": 4}, {"contact_count_at_least": 3}),
        ({"severity_at_least": "critical"}, {"severity_at_least": "high"}),
        ({"categories": ["warranty"], "needs_person": True}, {"categories": ["warranty", "other"]}),
        ("vulnerable and tier == 1", "vulnerable and tier == 1"),
    ],
)
def test_a_threshold_that_another_covers_decides_nothing(narrow: Any, wide: Any) -> None:
    authority = {"authority": {"unlimited": True}}
    tiers = [a_tier(f"T{n}", "4 hours", holders=[ANN], deputies=[BOB], **authority) for n in range(3)]
    found = remarks(a_threshold("narrow", narrow), a_threshold("wide", wide, 3), tiers=tiers)
    told = "'narrow' decides nothing: whenever it holds, 'wide' holds too and asks for tier 3"
    assert found == [("thresholds.0", told)]
    lower = remarks(a_threshold("narrow", narrow, 3), a_threshold("wide", wide, 2), tiers=tiers)
    assert "thresholds.0" not in dict(lower)
    assert remarks(a_threshold("narrow", narrow), a_threshold("wide", wide, 3, cool_down="1 hour"), tiers=tiers) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"amount_over": "500"}, {"amount_over": "150", "currency": "USD"}),
        ({"signals_any": ["media"]}, {"signals_any": ["safety"]}),
        ({"signals_any": ["media"]}, {"customer_classes": ["premium"]}),
        ("vulnerable", "tier > 1"),
        ({"needs_person": True}, {"needs_person": False}),
    ],
)
def test_thresholds_that_may_hold_apart_are_both_wanted(one: Any, other: Any) -> None:
    found = remarks(a_threshold("one", one), a_threshold("other", other, 3))
    assert not [detail for _, detail in found if "decides nothing" in detail]


def test_of_two_alike_only_the_later_is_remarked_on() -> None:
    found = remarks(a_threshold("one", {"needs_person": True}), a_threshold("two", {"needs_person": True}))
    assert [place for place, _ in found] == ["thresholds.1"]


def test_amounts_that_stay_with_a_tier_that_may_not_promise_them_are_told() -> None:
    found = remarks(a_threshold("big", {"amount_over": "400"}), a_threshold("bigger", {"amount_over": "500"}, 3))
    assert found == [
        ("tiers.0.authority", "amounts above 150 EUR, which T1 (tier 1) may promise, stay there up to 400 EUR")
    ]


def test_people_nobody_can_reach_tiers_without_deputies_and_limits_upside_down_are_told() -> None:
    tiers = [
        a_tier("Agent", "4 hours", authority={"amount": "500"}, deputies=[BOB]),
        a_tier("Lead", "4 hours", authority={"amount": "100"}, holders=[]),
    ]
    assert remarks(a_threshold("risky", "breach_risk > 0.9", 1), tiers=tiers) == [
        ("thresholds.0", "'risky' asks for tier 1, with which every dispute begins"),
        ("tiers.1", "Lead (tier 2) has no holder; its disputes go to its deputies or the next tier"),
        ("tiers.1", "Lead (tier 2) has no deputy; nobody takes its disputes while its holders are away"),
        ("tiers.0.holders", "Agent Ann has no e-mail address to be told at"),
        ("tiers.1.authority", "Lead (tier 2) may promise less than Agent (tier 1): 100 EUR and 500 EUR"),
        ("tiers.1.authority", "nobody may promise more than 500 EUR"),
    ]


def test_a_risk_that_nobody_will_ever_know_is_told() -> None:
    risky = a_threshold("risky", "breach_risk > 0.9")
    assert remarks(risky) == []
    unknown = "'risky' looks at breach_risk, which is never known, for this matrix promises no resolution"
    assert remarks(risky, clocks=clocks(resolution=None)) == [("thresholds.0", unknown)]


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ('channel == "mail"', ["mail"]),
        ('channel in ["email", "fax", "post"] and amount > 5', ["fax", "post"]),
        ("channel not in ['telegram']", ["telegram"]),
        ('vulnerable or "mail" != channel', ["mail"]),
        ('channel == "email" or metadata.channel == "mail"', []),
    ],
)
def test_a_channel_by_which_no_dispute_comes_is_told(when: str, words: list[str]) -> None:
    found = remarks(a_threshold("t", when))
    assert [detail.split("'")[3] for _, detail in found] == words
    assert all("disputes come by api, portal, email" in detail for _, detail in found)


def test_an_age_that_may_be_passed_during_a_cool_down_is_told() -> None:
    late = "an age passed while it cools down counts at the next event or clock only"
    assert remarks(a_threshold("old", "age > 5 days", cool_down="2 hours")) == [
        ("thresholds.0", f"'old' looks at an age and has a cool-down: {late}")
    ]
