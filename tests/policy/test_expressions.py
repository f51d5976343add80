"""Conditions in words: what they mean, what is refused and where, and that they agree with conditions as tables."""

import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.conditions import SIGNALS, Circumstances, Condition, Facts, Rates
from shared.domain.dispute import CATEGORIES, Category, Severity
from shared.domain.errors import PolicyFault
from shared.domain.expression_facts import FACTS
from shared.domain.lifecycle import Stage, Status
from shared.domain.money import Money
from shared.policy.expression_grammar import ExpressionFault
from shared.policy.expressions import compiled
from tests.builders import a_dispute
from tests.domain.matrices import NINE, a_body, a_matrix

ROOT = Path(__file__).parents[2]
RATES = Rates("EUR", {"GBP": Decimal("1.25")})


def facts(**given: Any) -> Facts:
    rest = {name: given.pop(name) for name in list(given) if name in Circumstances.__struct_fields__}
    amount = given.pop("amount", None)
    return Facts(
        category=given.pop("category", "other"),
        amount=None if amount is None else Money.of(*amount.split()),
        signals=frozenset(given.pop("signals", ())),
        rest=Circumstances(**({"received_at": NINE} | rest)),
        **given,
    )


@pytest.mark.parametrize(
    ("text", "holds", "fails"),
    [
        ("amount > 150", {"amount": "150.01 EUR"}, {"amount": "150 EUR"}),
        ("amount > 150", {"amount": "120.01 GBP"}, {"amount": "120 GBP"}),
        ("amount >= 120 GBP", {"amount": "150 EUR"}, {"amount": "149.99 EUR"}),
        ("not amount > 150", {"amount": "150 EUR"}, {"amount": "151 EUR"}),
        ('currency == "GBP"', {"amount": "1 GBP"}, {"amount": "1 EUR"}),
        ('category in ["warranty", "other"]', {"category": "warranty"}, {"category": "billing_error"}),
        ('category not in ["warranty"]', {"category": "other"}, {"category": "warranty"}),
        ('severity >= "high"', {"severity": Severity.CRITICAL}, {"severity": Severity.NORMAL}),
        ('severity in ["low", "normal"]', {"severity": Severity.LOW}, {"severity": Severity.HIGH}),
        ('"safety" in signals', {"signals": ["safety", "calm"]}, {"signals": ["calm"]}),
        ('"safety" not in signals', {"signals": ["calm"]}, {"signals": ["safety"]}),
        ('signals any ["safety", "media"]', {"signals": ["media"]}, {"signals": ["calm"]}),
        ('signals all ["safety", "media"]', {"signals": ["media", "safety"]}, {"signals": ["media"]}),
        ('emotion > "frustrated"', {"signals": ["worried", "angry"]}, {"signals": ["worried"]}),
        ("vulnerable", {"customer_class": "vulnerable"}, {}),
        ("vulnerable", {"signals": ["vulnerable"]}, {"signals": ["calm"]}),
        ("not vulnerable", {}, {"signals": ["vulnerable"]}),
        ("needs_person == false", {"needs_person": False}, {"needs_person": True}),
        ("contact_count > 2 and reopen_count < 1", {"contact_count": 3}, {"contact_count": 3, "reopen_count": 1}),
        ("3 <= prior_disputes", {"prior_disputes": 3}, {"prior_disputes": 2}),
        ('jurisdiction == "GB" or language != "en"', {"language": "de"}, {"jurisdiction": "IE", "language": "en"}),
        ('channel == "letter" and product == "router"', {"channel": "letter", "product": "router"}, {}),
        ('remedy_sought == "refund"', {"remedy_sought": "refund"}, {"remedy_sought": "repair"}),
        ("age > 5 days", {"now": NINE + timedelta(days=5, seconds=1)}, {"now": NINE + timedelta(days=5)}),
        ("age <= 36 hours", {"now": NINE + timedelta(hours=36)}, {"now": NINE + timedelta(hours=37)}),
        ("tier >= 2", {"tier": 2}, {"tier": None}),
        ('stage >= "internal_2"', {"stage": Stage.EXTERNAL}, {"stage": Stage.INTERNAL_1}),
        ('waiting == "customer"', {"status": Status.AWAITING_CUSTOMER}, {"status": Status.INVESTIGATING}),
        ('waiting != "customer"', {"status": Status.INVESTIGATING}, {"status": Status.AWAITING_CUSTOMER}),
        ("breach_risk >= 0.8", {"breach_risk": 0.8}, {"breach_risk": 0.79}),
        ('metadata.vip == "yes"', {"metadata": {"vip": "yes"}}, {"metadata": {"vip": "no"}}),
        ('metadata["Order kind"] in ["b2b"]', {"metadata": {"Order kind": "b2b"}}, {}),
        ("amount is unknown", {}, {"amount": "1 EUR"}),
        ("not (tier > 1 or vulnerable)", {"tier": 1}, {"tier": 2}),
        ("vulnerable or tier > 1 and contact_count > 1", {"signals": ["vulnerable"]}, {"tier": 2}),
    ],
)
def test_an_expression_means_what_it_says(text: str, holds: Mapping[str, Any], fails: Mapping[str, Any]) -> None:
    expression = compiled(text)
    assert expression.judge(facts(**holds), RATES) is not None
    assert expression.judge(facts(**fails), RATES) is None


@pytest.mark.parametrize(
    "text",
    [
        "amount > 1",
        "amount <= 1",
        'currency != "EUR"',
        'product == "router"',
        'product != "router"',
        'product not in ["router"]',
        'not (product == "router")',
        "breach_risk >= 0.1",
        "not breach_risk >= 0.1",
        "age > 0 minutes",
        'metadata.vip != "yes"',
        'emotion < "angry"',
    ],
)
def test_what_is_not_known_holds_neither_way_and_is_named(text: str) -> None:
    unknown = Facts(category="other")
    assert compiled(text).judge(unknown, RATES) is None
    assert compiled(text).unknown(unknown) == (compiled(text).looks_at[0].name,)


def test_an_unknown_part_does_not_hide_one_that_holds() -> None:
    assert compiled('product == "router" or vulnerable').judge(facts(customer_class="vulnerable"), RATES)


@pytest.mark.parametrize("text", ["amount > 1000000", "amount >= 1 GBP", "not amount <= 5", "amount != 3"])
def test_an_amount_in_a_currency_without_a_rate_is_above_every_other_and_says_so(text: str) -> None:
    holds = compiled(text).judge(facts(amount="1 XOF"), RATES)
    assert holds is not None
    assert holds.note == "no reference rate for XOF; a person must look"
    opposite = compiled(f"not ({text})").judge(facts(amount="1 XOF"), RATES)
    assert opposite is None


def test_an_amount_compared_in_its_own_currency_needs_no_rate() -> None:
    holds = compiled("amount > 5 XOF").judge(facts(amount="6 XOF"), RATES)
    assert holds is not None
    assert holds.note is None


@pytest.mark.parametrize(
    ("text", "line", "column", "detail"),
    [
        ("amont > 5", 1, 1, "no fact 'amont'; did you mean 'amount'"),
        ('amount > "five"', 1, 10, "compared with an amount such as 150 or 150 EUR, not with a word"),
        ("amount > 5 XYZ", 1, 10, "'XYZ' is not an ISO 4217 currency"),
        ('vulnerable and category == "waranty"', 1, 28, "never 'waranty'; did you mean 'warranty'"),
        ('signals any ["safety", "anger"]', 1, 24, "never 'anger'; did you mean 'angry'"),
        ('category > "other"', 1, 10, "has no more and no less"),
        ('severity >= "urgent"', 1, 13, "there are low, normal, high, critical"),
        ("age > 5", 1, 7, "such as 5 days or 36 hours"),
        ("contact_count > 2.5", 1, 17, "a whole number"),
        ("breach_risk > 2", 1, 15, "from 0 to 1"),
        ("tier", 1, 1, "not yes or no"),
        ("metadata == 1", 1, 1, "metadata has keys"),
        ("amount.value > 5", 1, 1, "only metadata has keys"),
        ("__class__.mro > 1", 1, 1, "no fact '__class__'"),
        ("contact_count > reopen_count", 1, 1, "a fact on one side and a value on the other"),
        ('"safety" in category', 1, 1, "not a set of words"),
        ('signals in ["safety"]', 1, 1, "'any' or 'all'"),
        ("amount = 5", 1, 8, "compare with =="),
        ("amount > 5 && vulnerable", 1, 12, "write and"),
        ("amount >", 1, 9, "ends too early"),
        ("vulnerable\nand amount > 5 6", 2, 16, "does not belong here"),
        ("age > 999999999 weeks", 1, 7, "that old"),
        ("not " * 30 + "vulnerable", 1, 85, "nested more than 20 deep"),
        ("vulnerable or " * 100 + "vulnerable", 1, 1000, "at most 1,000 characters"),
    ],
)
def test_what_does_not_hold_is_refused_with_its_place(text: str, line: int, column: int, detail: str) -> None:
    with pytest.raises(ExpressionFault) as fault:
        compiled(text)
    assert (fault.value.line, fault.value.column) == (line, column)
    assert detail in fault.value.detail


@given(st.text(max_size=60) | st.text("amount >150(){}[]\"' andortx._", max_size=60))
def test_any_text_is_compiled_or_refused_and_never_breaks(text: str) -> None:
    with suppress(ExpressionFault):
        holds = compiled(text).judge(facts(), RATES)
        assert holds is None or holds.note is None


@given(
    st.sampled_from(CATEGORIES),
    st.frozensets(st.sampled_from(SIGNALS)),
    st.sampled_from([None, "149.99 EUR", "150.01 EUR", "130 GBP", "1 XOF"]),
    st.integers(0, 4),
    st.sampled_from(Severity),
)
def test_words_and_tables_agree(
    category: str, signals: frozenset[str], amount: str | None, contacts: int, severity: Severity
) -> None:
    table = Condition(
        amount_over=Decimal(150),
        categories=frozenset({"warranty", "other"}),
        signals_any=frozenset({"safety", "media", "calm"}),
        contact_count_at_least=2,
        severity_at_least=Severity.NORMAL,
    )
    words = compiled(
        'amount > 150 and category in ["warranty", "other"] and signals any ["safety", "media", "calm"] '
        'and contact_count >= 2 and severity >= "normal"'
    )
    seen = facts(category=category, signals=signals, amount=amount, contact_count=contacts, severity=severity)
    assert words.judge(seen, RATES) == table.judge(seen, RATES)


def test_every_fact_is_read_from_a_dispute() -> None:
    read = Facts.of(
        a_dispute(
            category=Category("billing_error", 0.9, needs_person=False, issue="charged_twice"),
            product="router",
            remedy_sought="refund",
            signals=("angry",),
            status=Status.AWAITING_DEPARTMENT,
            tier=2,
            metadata={"vip": "yes"},
        ),
        NINE + timedelta(days=400),
        0.5,
    )
    assert compiled('metadata.vip == "yes"').judge(read, RATES)
    assert {name for name, fact in FACTS.items() if fact.read(read) is None} == set()


def test_a_threshold_in_words_stands_in_the_matrix_beside_one_as_a_table() -> None:
    thresholds = [
        {"name": "words", "when": 'amount > 500 and "media" in signals', "to_tier": 3, "because": "loud"},
        {"name": "table", "when": {"amount_over": "500"}, "to_tier": 2, "because": "large"},
    ]
    matrix = a_matrix(thresholds=thresholds)
    loud = facts(amount="501 EUR", signals=["media"])
    assert [bool(each.when.judge(loud, matrix.rates)) for each in matrix.thresholds] == [True, True]
    assert a_matrix(thresholds=thresholds) == matrix


@pytest.mark.parametrize("when", ['severity == "low"', "age > 5 days", "tier > 1", "breach_risk > 0.5"])
def test_severity_rests_on_nothing_that_changes_by_itself(when: str) -> None:
    rules = {"rules": [{"name": "x", "when": when, "severity": "high", "because": "x"}]}
    with pytest.raises(PolicyFault, match="changes by itself") as fault:
        a_matrix(severity=rules)
    assert fault.value.place == "severity.rules.0.when"


def test_a_fault_in_an_expression_names_the_threshold_and_the_place_in_the_words() -> None:
    body = a_body()
    body["thresholds"][1]["when"] = 'category == "waranty"'
    with pytest.raises(PolicyFault) as fault:
        a_matrix(thresholds=body["thresholds"])
    assert fault.value.place == "thresholds.1.when"
    assert fault.value.detail.startswith("at character 13: category is never 'waranty'")


def test_the_ages_a_matrix_compares_with_are_known_with_the_tier_they_lead_to() -> None:
    thresholds = [
        {"name": "a", "when": 'age > 5 days and severity == "high"', "to_tier": 3, "because": "old"},
        {"name": "b", "when": "age > 5 days or age > 36 hours and tier == 1", "to_tier": 2, "because": "old"},
    ]
    assert a_matrix(thresholds=thresholds).ages() == {timedelta(days=5): 3, timedelta(hours=36): 2}


def test_a_matrix_of_tables_alone_does_not_load_the_parser() -> None:
    read = "from shared.policy.matrix import default_body, parse_matrix; parse_matrix(default_body(), version=1)"
    asked = f"import sys; {read}; sys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=False).returncode == 0


def test_a_condition_may_ask_for_an_issue() -> None:
    asked = compiled('category == "billing_error" and issue == "charged_twice"')
    twice = a_dispute(category=Category("billing_error", 0.9, needs_person=False, issue="charged_twice"))
    assert asked.judge(Facts.of(twice), RATES)
    assert not asked.judge(Facts.of(a_dispute(category=Category("billing_error", 0.9, needs_person=False))), RATES)
