"""Decisions counted by the tier that gave them, overturned ones told apart; thresholds counted by their reasons."""

from shared.domain.evaluation import Line, Verdicts, fired, verdicts
from tests.domain.matrices import a_matrix

AGAIN, REVIEW = Line(reopened=True), Line(reopened=True, second_review=True)
UPHELD, REFUSED = Line(outcome="upheld"), Line(outcome="not_upheld")


def tier(number: int) -> Line:
    return Line(tier=number)


def test_a_decision_that_stands_is_one_decision() -> None:
    assert verdicts([[tier(1), UPHELD], [tier(1), tier(2), REFUSED]]) == {1: Verdicts(1, 0, 0), 2: Verdicts(1, 0, 0)}


def test_another_outcome_in_a_higher_tier_overturns_the_one_before() -> None:
    history = [tier(1), REFUSED, AGAIN, tier(2), UPHELD]
    assert verdicts([history]) == {1: Verdicts(1, 1, 1), 2: Verdicts(1, 0, 0)}


def test_another_outcome_by_a_second_review_overturns_in_the_same_tier_too() -> None:
    assert verdicts([[tier(2), REFUSED, REVIEW, UPHELD]]) == {2: Verdicts(2, 1, 1)}


def test_the_same_outcome_overturns_nothing_and_neither_does_another_of_the_same_tier() -> None:
    same = [tier(1), REFUSED, AGAIN, tier(2), REFUSED]
    again = [tier(1), REFUSED, AGAIN, UPHELD]
    assert verdicts([same, again]) == {1: Verdicts(3, 2, 0), 2: Verdicts(1, 0, 0)}


def test_each_decision_is_held_against_the_next_one_alone() -> None:
    history = [tier(1), REFUSED, AGAIN, tier(2), UPHELD, REVIEW, tier(3), REFUSED, AGAIN]
    assert verdicts([history]) == {1: Verdicts(1, 1, 1), 2: Verdicts(1, 1, 1), 3: Verdicts(1, 1, 0)}


def test_thresholds_are_counted_by_their_sentence_with_or_without_a_note() -> None:
    reasons = {
        "a large amount": 3,
        "a large amount (no reference rate for XAF; a person must look)": 2,
        "a larger one": 9,
    }
    counted = {each.name: each.disputes for each in fired(a_matrix(), reasons)}
    assert counted == {"big": 5, "law": 0, "calls": 0, "again": 0}
