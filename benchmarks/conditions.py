"""What judging one threshold costs, as a table and in words: it is done at every event and at every timer that climbs.

`python -m benchmarks.conditions` judges the thresholds the product ships with and the same in words, and prints microseconds.
"""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from timeit import repeat
from typing import Any, Final

from shared.domain.conditions import Facts
from shared.domain.dispute import Category, Dispute
from shared.domain.escalation import Case, threshold_reached
from shared.domain.lifecycle import Status
from shared.domain.matrix import Matrix
from shared.policy.expressions import compiled
from shared.policy.matrix import default_body, parse_matrix
from tests.builders import a_dispute

WORDS: Final = (
    "amount > 150",
    "amount > 500",
    "amount > 2500",
    'signals any ["vulnerable", "distressed"]',
    'customer_class == "vulnerable"',
    'signals any ["safety", "legal_threat", "regulator", "media", "discrimination"]',
    "contact_count >= 3",
    "reopen_count >= 2",
    "prior_disputes >= 3",
    'severity >= "critical"',
)
"""The thresholds the product ships with, in words."""
LONG: Final = 'amount > 20 EUR and (vulnerable or "angry" in signals) and age > 2 days and waiting != "customer"'
TIMES: Final = 20_000
RECEIVED: Final = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def main() -> None:
    """Measures and prints."""
    dispute, now = _dispute(), RECEIVED + timedelta(days=3)
    facts = Facts.of(dispute, now)
    print(f"facts of a dispute        {_micros(lambda: Facts.of(dispute, now)):6.2f} us")
    for name, matrix in (("as tables", _matrix(None)), ("in words", _matrix(WORDS))):
        count = len(matrix.thresholds)
        each = _micros(partial(_judge_all, matrix, facts)) / count
        whole = _micros(partial(threshold_reached, Case(dispute, matrix, now)))
        print(f"one threshold {name:11} {each:6.2f} us; all {count} of a case {whole:6.2f} us")
    long, rates = compiled(LONG), _matrix(None).rates
    assert long.judge(facts, rates)
    print(f"five parts that hold      {_micros(lambda: long.judge(facts, rates)):6.2f} us")


def _judge_all(matrix: Matrix, facts: Facts) -> None:
    for each in matrix.thresholds:
        each.when.judge(facts, matrix.rates)


def _micros(work: Callable[[], Any]) -> float:
    return min(repeat(work, number=TIMES, repeat=5)) / TIMES * 1e6


def _matrix(words: tuple[str, ...] | None) -> Matrix:
    body = copy.deepcopy(dict(default_body()))
    if words is not None:
        for threshold, when in zip(body["thresholds"], words, strict=True):
            threshold["when"] = when
    return parse_matrix(body, version=1)


def _dispute() -> Dispute:
    return a_dispute(
        version=2,
        sequence=1,
        status=Status.INVESTIGATING,
        tier=1,
        handler="Complaints desk",
        category=Category("billing_error", 0.9, needs_person=False),
        signals=("angry",),
        policy_version=1,
        received_at=RECEIVED,
    )


if __name__ == "__main__":
    main()
