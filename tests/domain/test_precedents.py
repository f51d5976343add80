"""How alike disputes are, what is asked of the index, and what is suggested: properties that hold for any numbers."""

import math
from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.frozen import altered
from shared.domain.lifecycle import Outcome
from shared.domain.precedents import (
    FOUND_AT_ONCE_MAX,
    FOUND_MAX,
    LOOKUPS_MAX,
    Case,
    Match,
    Past,
    amount_likeness,
    likeness,
    lookups,
    ranked,
    worth,
)
from shared.domain.suggesting import (
    MATCHES_MIN,
    SHARE_LOW_MIN,
    SUPPORT_MIN,
    quartiles,
    spread,
    suggested,
    wilson,
)

WORDS = st.text(alphabet="abcdefgh", min_size=1, max_size=3)
DOCUMENTS = st.dictionaries(WORDS, st.floats(1, 1e6), max_size=40)
AMOUNTS = st.floats(0.01, 1e6)
PAST = Past(
    id=UUID(int=1),
    reference="D-1",
    words=("kettle", "leaks"),
    category="warranty",
    issue=None,
    product=None,
    amount=None,
    customer_class="standard",
    jurisdiction=None,
    outcome=Outcome.UPHELD,
    remedy="refund",
    share=None,
    days=1.0,
    reopened=False,
    overturned=False,
    rating=None,
)
CASE = Case(
    words={"kettle": 6.0, "leaks": 5.0, "the": 0.1},
    spelled={"kettle": "kettles"},
    category="warranty",
    issue=None,
    product=None,
    amount=100.0,
    customer_class="premium",
    jurisdiction="GB",
)


@given(DOCUMENTS, st.floats(1, 1e7))
def test_the_questions_are_bounded_and_no_rare_word_is_passed_over_for_a_commoner_one(
    documents: dict[str, float], total: float
) -> None:
    chosen = lookups(documents, total)
    assert len(chosen) <= LOOKUPS_MAX
    single = [
        each.words[0] for each in chosen if len(each.words) == 1 and documents[each.words[0]] <= FOUND_AT_ONCE_MAX
    ]
    assert sum(documents[word] for word in single) <= FOUND_MAX + FOUND_AT_ONCE_MAX
    left_out = [documents[word] for word in documents if word not in single and documents[word] <= FOUND_AT_ONCE_MAX]
    assert not single or not left_out or max(documents[word] for word in single) <= min(left_out)
    assert all(each.worth >= 0 for each in chosen)
    assert bool(chosen) == bool(documents)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e7))
def test_a_rarer_word_says_more(one: float, other: float, total: float) -> None:
    low, high = sorted((one, other))
    assert worth(low, total) >= worth(high, total) >= 0


@given(st.dictionaries(WORDS, st.floats(0.1, 14), min_size=1), st.sets(WORDS))
def test_likeness_is_between_nothing_and_one_and_shared_words_raise_it(
    words: dict[str, float], other: set[str]
) -> None:
    alike, shared = likeness(words, other)
    assert 0 <= alike <= 1
    assert set(shared) == set(words) & other
    assert (alike > 0) == bool(shared)
    assert likeness(words, words)[0] == pytest.approx(1)
    assert likeness(words, other | {"zzzz"})[0] <= alike + 1e-12


@given(AMOUNTS, AMOUNTS, st.floats(0.01, 100))
def test_amounts_are_compared_by_their_ratio_alone(one: float, other: float, factor: float) -> None:
    near = amount_likeness(one, other)
    assert 0 <= near <= 1
    assert near == pytest.approx(amount_likeness(other, one), abs=1e-9)
    assert near == pytest.approx(amount_likeness(one * factor, other * factor), abs=1e-6)
    assert (near > 0) == (0.5 < one / other < 2)


def test_whatever_agrees_raises_the_score_and_is_said() -> None:
    (plain,) = ranked(CASE, [altered(PAST, category="other", words=("kettle", "leaks"))])
    (same,) = ranked(CASE, [altered(PAST, amount=100.0, customer_class="premium", jurisdiction="GB")])
    assert plain.reasons == ("both texts say: kettles, leaks",)
    assert same.reasons == (
        "both texts say: kettles, leaks",
        "same category: warranty",
        "same class of customer: premium",
        "same jurisdiction: GB",
        "similar amount",
    )
    assert same.score == pytest.approx(plain.score + 0.12 + 0.03 + 0.02 + 0.1)


def test_a_text_that_says_nothing_alike_is_no_match_whatever_else_agrees() -> None:
    assert ranked(CASE, [altered(PAST, words=("parcel", "late"), amount=100.0)]) == []
    common = altered(PAST, words=("the", *(f"w{n}" for n in range(30))))
    assert ranked(CASE, [common]) == []


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_interval_holds_the_share_and_stays_between_nothing_and_all(part: int, rest: int) -> None:
    share, low, high = wilson(part, part + rest)
    assert 0 <= low <= share <= high <= 1


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # By hand from (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n) with z = 1.96.
    [(9, 12, 0.4677, 0.9111), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)],
)
def test_the_interval_is_that_of_wilson(part: int, whole: int, low: float, high: float) -> None:
    told = wilson(part, whole)
    assert told.low == pytest.approx(low, abs=1e-4)
    assert told.high == pytest.approx(high, abs=1e-4)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Exactly, over the binomial distribution: on average over shares from 5 % to 95 % of 30 cases."""
    covered = []
    for truth in (n / 20 for n in range(1, 20)):
        chances = [math.comb(30, k) * truth**k * (1 - truth) ** (30 - k) for k in range(31)]
        covered.append(sum(p for k, p in enumerate(chances) if wilson(k, 30).low <= truth <= wilson(k, 30).high))
    assert sum(covered) / len(covered) == pytest.approx(0.95, abs=0.01)
    assert min(covered) > 0.9


@given(st.lists(st.floats(0, 10), max_size=30))
def test_quartiles_are_in_order_and_within_what_was_paid(figures: list[float]) -> None:
    told = quartiles(figures)
    assert (told is None) == (len(figures) < 3)
    if told is not None:
        assert min(figures) <= told.low <= told.median <= told.high <= max(figures)


MATCHES = st.lists(
    st.builds(
        lambda outcome, remedy, share, reopened: Match(
            altered(PAST, outcome=outcome, remedy=remedy, share=share, reopened=reopened), 0.5, 0.5, ()
        ),
        st.sampled_from(Outcome),
        st.sampled_from((None, "refund", "apology")),
        st.none() | st.floats(0, 2),
        st.booleans(),
    ),
    max_size=40,
)


@given(MATCHES)
def test_a_suggestion_has_its_stated_support_and_is_what_most_had(matches: list[Match]) -> None:
    told = suggested(matches)
    had = Counter((each.past.outcome, each.past.remedy) for each in matches)
    if told is None:
        best = max(had.values(), default=0)
        low = wilson(best, len(matches)).low
        assert len(matches) < MATCHES_MIN or best < SUPPORT_MIN or low < SHARE_LOW_MIN
        return
    assert (told.of, len(told.rested_on)) == (len(matches), told.support)
    assert told.support == had[told.outcome, told.remedy] == max(had.values()) >= SUPPORT_MIN
    assert told.reopened <= told.support
    assert told.share.low >= SHARE_LOW_MIN


@given(MATCHES)
def test_the_spread_counts_every_match_once(matches: list[Match]) -> None:
    told = spread(matches)
    assert told.matches == len(matches) == sum(n for _, n in told.outcomes) == sum(n for _, n in told.remedies)
    assert told.reopened == sum(each.past.reopened for each in matches)
