"""This month's answers against last month's: shares, and what chance alone explains."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.drift import Answers, Verdict, by_chance, drift, stability_index

COUNTS = st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 5000), max_size=7)


def answers(categories: dict[str, int], *, person: int = 0, confidence: float = 0.5, corrected: int = 0) -> Answers:
    total = sum(categories.values())
    return Answers(categories, person, confidence * total, (confidence**2 + 0.01) * total, corrected)


def test_the_index_worked_out_by_hand() -> None:
    # (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5) = 0.1 ln 1.5
    assert stability_index({"a": 50_000, "b": 50_000}, {"a": 60_000, "b": 40_000}) == pytest.approx(0.04055, abs=1e-4)


@given(COUNTS, COUNTS)
def test_the_index_is_never_below_nothing_and_the_same_both_ways(last: dict[str, int], this: dict[str, int]) -> None:
    assert stability_index(last, this) >= 0
    assert stability_index(last, this) == pytest.approx(stability_index(this, last))
    assert stability_index(last, last) == 0


@pytest.mark.parametrize(("categories", "quantile"), [(2, 3.84), (7, 12.59), (9, 15.51)])
def test_what_chance_explains_follows_the_chi_square_table(categories: int, quantile: float) -> None:
    assert by_chance(categories, 1000, 500) == pytest.approx(quantile * (1 / 1000 + 1 / 500), rel=0.03)


def test_months_in_which_nothing_changes_rarely_go_beyond_chance() -> None:
    dice, names = Random(4), list("abcdefg")
    weights = [30, 20, 15, 15, 10, 5, 5]

    def month(size: int) -> dict[str, int]:
        drawn = dice.choices(names, weights, k=size)
        return {name: drawn.count(name) for name in names}

    beyond = sum(stability_index(month(400), month(300)) > by_chance(7, 400, 300) for _ in range(400))
    assert 4 <= beyond <= 40  # one in twenty: 20, give or take


def test_the_verdict_is_by_size_and_by_number() -> None:
    even = {"a": 500, "b": 500}
    assert drift(answers(even), answers({"a": 520, "b": 480})).verdict is Verdict.STEADY
    assert drift(answers(even), answers({"a": 680, "b": 320})).verdict is Verdict.MOVED
    assert drift(answers(even), answers({"a": 900, "b": 100})).verdict is Verdict.DRIFTED
    assert drift(answers(even), answers({"a": 90, "b": 9})).verdict is Verdict.TOO_FEW
    assert drift(answers({}), answers({})).verdict is Verdict.TOO_FEW


def test_a_category_that_is_new_is_a_figure_and_not_infinity() -> None:
    found = drift(answers({"a": 1000}), answers({"a": 500, "b": 500}))
    assert found.verdict is Verdict.DRIFTED
    assert found.psi < 10


def test_figures_beside_the_index_are_told_with_what_chance_explains() -> None:
    last = answers({"a": 1000}, person=300, confidence=0.7, corrected=50)
    same = drift(last, answers({"a": 1000}, person=310, confidence=0.701, corrected=55))
    assert not any(each.beyond_chance for each in (same.needs_person, same.confidence, same.corrected))
    other = drift(last, answers({"a": 1000}, person=400, confidence=0.6, corrected=150))
    assert all(each.beyond_chance for each in (other.needs_person, other.confidence, other.corrected))
    assert (other.needs_person.last, other.needs_person.this) == (0.3, 0.4)
    assert other.needs_person.z == pytest.approx(0.1 / (0.35 * 0.65 * 2 / 1000) ** 0.5)
    nothing = drift(answers({}), last)
    assert (nothing.confidence.last, nothing.confidence.z, nothing.corrected.beyond_chance) == (None, None, False)
