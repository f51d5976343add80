"""Who may promise what: within the limit at once, above it the lowest tier that may, in any currency."""

from typing import Any

import pytest

from shared.domain.authority import MONEY_REMEDIES
from shared.domain.dispute import REMEDIES
from shared.domain.errors import InvalidValue, NotFound
from shared.domain.matrix import Matrix
from shared.domain.money import Money
from shared.domain.promising import Allowed, NeedsTier, may_promise
from tests.domain.matrices import a_body, a_matrix, a_tier


def asked(
    amount: str | None, currency: str = "EUR", *, tier: int = 1, matrix: Matrix | None = None, **facts: Any
) -> Any:
    given = {"category": "billing_error", "customer_class": "standard", "remedy": "refund"} | facts
    money = None if amount is None else Money.of(amount, currency)
    return may_promise(matrix or a_matrix(), tier=tier, amount=money, **given)


@pytest.mark.parametrize(
    ("amount", "currency", "tier", "needed"),
    [
        ("150.00", "EUR", 1, None),
        ("150.01", "EUR", 1, 2),
        ("500.01", "EUR", 1, 3),
        ("2500.01", "EUR", 1, 4),
        ("500.01", "EUR", 2, 3),
        ("99999", "EUR", 4, None),
        ("120.00", "GBP", 1, None),
        ("120.01", "GBP", 1, 2),
        ("600", "USD", 2, None),
        ("600.01", "USD", 2, 4),
        ("0", "EUR", 1, None),
    ],
)
def test_a_tier_promises_up_to_its_limit_and_above_it_the_lowest_tier_that_may_is_named(
    amount: str, currency: str, tier: int, needed: int | None
) -> None:
    verdict = asked(amount, currency, tier=tier)
    if needed is None:
        assert verdict == Allowed()
    else:
        assert verdict.tier == needed


def test_the_limit_of_the_asking_tier_is_told_in_the_currency_of_the_remedy() -> None:
    assert asked("200", "EUR") == NeedsTier(
        2, Money.of("150", "EUR"), "200.00 EUR is above the limit of Agent (tier 1), 150.00 EUR"
    )
    assert asked("200", "GBP").limit == Money.of("120.00", "GBP")


def test_a_currency_without_a_reference_rate_is_only_for_a_tier_without_limit() -> None:
    assert asked("1", "XOF") == NeedsTier(4, None, "no reference rate for XOF; a person must look")
    assert asked("1", "XOF", tier=4) == Allowed()


def test_when_no_tier_may_promise_it_none_is_named() -> None:
    matrix = a_matrix(tiers=[a_tier("Agent", "4 hours", authority={"amount": "10"})], thresholds=[])
    assert asked("11", matrix=matrix).tier is None


def test_a_tier_without_authority_promises_nothing_that_costs_money() -> None:
    matrix = a_matrix(
        tiers=[a_tier("Agent", "4 hours"), a_tier("Lead", "1 hour", authority={"amount": "5"})], thresholds=[]
    )
    assert asked("0.01", matrix=matrix).tier == 2
    assert asked(None, matrix=matrix, remedy="apology") == Allowed()


@pytest.mark.parametrize("remedy", sorted(set(REMEDIES) - MONEY_REMEDIES))
def test_what_moves_no_money_is_anybodys_to_promise(remedy: str) -> None:
    assert asked(None, remedy=remedy) == Allowed()


@pytest.mark.parametrize("remedy", sorted(MONEY_REMEDIES))
def test_money_cannot_be_promised_without_saying_how_much(remedy: str) -> None:
    with pytest.raises(InvalidValue, match="State the amount"):
        asked(None, remedy=remedy)


def test_an_override_for_a_category_or_class_wins_over_the_general_limit() -> None:
    tiers = a_body()["tiers"]
    tiers[0]["authority"]["overrides"] = [
        {"categories": ["warranty"], "customer_classes": ["premium"], "amount": "400"},
        {"categories": ["warranty"], "amount": "50"},
    ]
    matrix = a_matrix(tiers=tiers)
    assert asked("400", matrix=matrix, category="warranty", customer_class="premium") == Allowed()
    assert asked("51", matrix=matrix, category="warranty").tier == 2
    assert asked("150", matrix=matrix, customer_class="premium") == Allowed()


def test_an_override_may_be_for_a_remedy_and_for_first_time_customers_alone() -> None:
    tiers = a_body()["tiers"]
    tiers[0]["authority"]["overrides"] = [
        {"remedies": ["goodwill"], "first_time_only": True, "amount": "75"},
        {"remedies": ["goodwill"], "amount": "25"},
    ]
    matrix = a_matrix(tiers=tiers)
    assert asked("75", matrix=matrix, remedy="goodwill", prior_disputes=0) == Allowed()
    assert asked("75", matrix=matrix, remedy="goodwill", prior_disputes=1).tier == 2
    assert asked("75", matrix=matrix, remedy="goodwill").tier == 2
    assert asked("150", matrix=matrix, remedy="refund") == Allowed()


def test_a_tier_that_the_matrix_does_not_have_may_promise_nothing() -> None:
    with pytest.raises(NotFound):
        asked("1", tier=5)
    with pytest.raises(NotFound):
        asked("1", tier=0)
