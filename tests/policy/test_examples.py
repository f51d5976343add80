"""The example matrices hold, there is nothing to remark on, and they decide as their comments say."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.domain.conditions import Facts
from shared.domain.dispute import Category, Severity
from shared.domain.escalation import Case, threshold_reached
from shared.domain.lifecycle import Status
from shared.domain.matrix import Matrix
from shared.domain.money import Money
from shared.domain.promising import Allowed, may_promise
from shared.domain.severity import assess
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.policy.matrix import parse_matrix
from shared.policy.matrix_advice import advice
from tests.builders import a_dispute
from tests.domain.matrices import NINE

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.toml"))
CALENDARS = load_calendars(DEFAULT_CALENDARS, range(2026, 2028))


def read(example: Path) -> Matrix:
    return parse_matrix(example.read_text(encoding="utf-8"), version=1, calendars=CALENDARS)


@pytest.fixture(scope="module")
def six() -> Matrix:
    (example,) = [each for each in EXAMPLES if each.stem == "escalation-six-tiers"]
    return read(example)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_holds_and_nothing_in_it_is_worth_a_second_look(example: Path) -> None:
    assert advice(read(example)) == ()


@pytest.mark.parametrize(
    ("facts", "hours", "tier"),
    [
        ({}, 1, 1),
        ({"amount": Money.of("150.01", "EUR")}, 1, 2),
        ({"signals": ("distressed",)}, 1, 3),
        ({"signals": ("angry",), "contact_count": 3}, 1, 2),
        ({"signals": ("frustrated",), "contact_count": 3}, 1, 1),
        ({"status": Status.INVESTIGATING}, 241, 4),
        ({"status": Status.AWAITING_CUSTOMER}, 241, 1),
        ({"severity": Severity.HIGH}, 73, 4),
        ({"signals": ("legal_threat",), "amount": Money.of("1000.01", "EUR")}, 1, 5),
        ({"signals": ("regulator",)}, 1, 5),
        ({"reopen_count": 1, "prior_disputes": 3}, 1, 4),
        ({"metadata": {"contract": "priority", "account manager": "Lee"}}, 1, 2),
        ({"metadata": {"contract": "priority"}}, 1, 1),
        (
            {
                "category": Category("unauthorised_charge", 1.0, needs_person=False),
                "customer_class": "business",
                "amount": Money.of("233", "EUR"),
            },
            1,
            3,
        ),
    ],
)
def test_a_dispute_belongs_where_the_six_tiers_say(six: Matrix, facts: dict[str, Any], hours: int, tier: int) -> None:
    dispute = a_dispute(**({"received_at": NINE, "amount": None} | facts))
    reached = threshold_reached(Case(dispute, six, NINE + timedelta(hours=hours)))
    assert max([proposal.to for proposal in reached], default=1) == tier


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        ({"signals": ("calm",), "amount": None}, Severity.LOW),
        ({"signals": ("calm",)}, Severity.NORMAL),
        ({"signals": ("calm",), "amount": None, "customer_class": "vulnerable"}, Severity.NORMAL),
        (
            {"category": Category("unauthorised_charge", 1.0, needs_person=False), "signals": ("vulnerable",)},
            Severity.CRITICAL,
        ),
    ],
)
def test_severity_is_judged_as_the_example_says(six: Matrix, facts: dict[str, Any], severity: Severity) -> None:
    assert assess(six, Facts.of(a_dispute(**facts))).severity is severity


def test_a_kind_gesture_is_for_first_time_customers_larger(six: Matrix) -> None:
    def goodwill(prior: int) -> Any:
        return may_promise(
            six,
            tier=1,
            category="other",
            customer_class="standard",
            remedy="goodwill",
            amount=Money.of("60", "EUR"),
            prior_disputes=prior,
        )

    assert goodwill(0) == Allowed()
    assert goodwill(1).tier == 2
