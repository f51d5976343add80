"""How hard a dispute presses, by the rules of the matrix and with their reasons."""

from typing import Any

import pytest

from shared.domain.conditions import Facts
from shared.domain.dispute import Severity
from shared.domain.money import Money
from shared.domain.severity import Assessment, assess
from shared.policy.matrix import default_body, parse_matrix
from tests.builders import a_dispute
from tests.domain.matrices import a_matrix

RULES = {
    "default": "normal",
    "rules": [
        {"name": "chatter", "when": {"signals_any": ["calm"]}, "severity": "low", "because": "the customer is calm"},
        {"name": "angry", "when": {"signals_any": ["angry"]}, "severity": "high", "because": "the customer is angry"},
        {"name": "big", "when": {"amount_over": "1000"}, "severity": "high", "because": "a large amount"},
        {"name": "danger", "when": {"signals_any": ["safety"]}, "severity": "critical", "because": "danger"},
    ],
}


def facts(*signals: str, **more: Any) -> Facts:
    return Facts(category="other", signals=frozenset(signals), **more)


@pytest.mark.parametrize(
    ("given", "severity", "because"),
    [
        (facts(), Severity.NORMAL, ()),
        (facts("calm"), Severity.LOW, ("the customer is calm",)),
        (facts("angry"), Severity.HIGH, ("the customer is angry",)),
        (
            facts("angry", amount=Money.of("1000.01", "EUR")),
            Severity.HIGH,
            ("the customer is angry", "a large amount"),
        ),
        (facts("angry", "safety"), Severity.CRITICAL, ("danger",)),
        (
            facts(amount=Money.of("1", "XOF")),
            Severity.HIGH,
            ("a large amount (no reference rate for XOF; a person must look)",),
        ),
    ],
)
def test_the_highest_severity_any_rule_asks_for_wins_with_its_reasons(
    given: Facts, severity: Severity, because: tuple[str, ...]
) -> None:
    assert assess(a_matrix(severity=RULES), given) == Assessment(severity, because)


def test_without_rules_the_default_of_the_policy_is_the_severity() -> None:
    assert assess(a_matrix(severity={"default": "low"}), facts("safety")).severity is Severity.LOW


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({}, Severity.NORMAL),
        ({"signals": ("angry", "safety")}, Severity.CRITICAL),
        ({"signals": ("distressed",)}, Severity.HIGH),
        ({"customer_class": "vulnerable"}, Severity.HIGH),
        ({"amount": Money.of("2500.01", "EUR")}, Severity.HIGH),
    ],
)
def test_the_matrix_the_product_ships_with_judges_severity(fields: dict[str, Any], severity: Severity) -> None:
    assert assess(parse_matrix(default_body(), version=1), Facts.of(a_dispute(**fields))).severity is severity
