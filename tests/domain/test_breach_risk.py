"""Breach risk: a sober prior, a model of plain numbers that is refused when damaged, and factors that add up."""

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.breach_features import NAMES, Around, Features, features_of
from shared.domain.breach_model import DamagedModel, document, model_of
from shared.domain.breach_risk import (
    ENOUGH,
    FACTOR_LEAST,
    Calibration,
    Factor,
    Model,
    Weight,
    logit,
    prior_log_odds,
    probability,
    score,
)
from shared.domain.breach_words import in_words
from shared.domain.conditions import Rates
from shared.domain.dispute import CATEGORIES, Category, Severity
from shared.domain.money import Money
from tests.builders import MONDAY_NINE, a_dispute

RATES = Rates("EUR")
SHARES = st.floats(0, 1)


def features(share: float = 0.5, *, backlog: int = 10, climbs: int = 0, **facts: Any) -> Features:
    return features_of(a_dispute(**facts), Around(MONDAY_NINE, share, backlog, climbs), RATES)


def a_model(n: int = 1000, calibration: Calibration | None = None, **weights: float) -> Model:
    found = tuple(Weight(name, 0.0, 1.0, weights.get(name, 0.0)) for name in NAMES)
    return Model(n, -2.0, found, calibration or Calibration("platt", (1.0, 0.0)))


@given(SHARES, SHARES, st.integers(1, 6), st.integers(1, 6))
def test_the_prior_rises_with_the_time_used_and_with_the_tier(one: float, two: float, low: int, high: int) -> None:
    earlier = probability(None, features(min(one, two), tier=min(low, high)))
    assert earlier <= probability(None, features(max(one, two), tier=max(low, high)))


def test_the_prior_is_the_assumption_it_says_it_is() -> None:
    """One in ten at the start; half way, 0.1 of the cases that are broken anyway against 0.45 still to be decided."""
    assert probability(None, features(0)) == pytest.approx(0.1)
    assert probability(None, features(0.5)) == pytest.approx(0.1 / (0.1 + 0.45))
    odds = [math.exp(prior_log_odds(features(0.3, tier=tier))) for tier in (1, 2)]
    assert odds[1] / odds[0] == pytest.approx(1.5)


def test_without_enough_history_the_prior_answers() -> None:
    for model in (None, a_model(ENOUGH - 1, time_used=9)):
        risk = score(model, features(0.5))
        assert (risk.probability, risk.basis, risk.n) == (probability(None, features(0.5)), "prior", 0)


def test_history_weighs_more_the_more_there_is() -> None:
    at, prior = features(0.5), probability(None, features(0.5))
    answers = [score(a_model(n, time_used=4), at) for n in (ENOUGH, 3000, 300_000)]
    assert [each.basis for each in answers] == ["history"] * 3
    distances = [each.probability - prior for each in answers]
    assert 0 < distances[0] < distances[1] < distances[2]
    learned = a_model(1, time_used=4).calibration.probability(-2.0 + 4 * at[0])
    assert answers[2].probability == pytest.approx(learned, abs=0.001)


@given(SHARES, st.integers(1, 6), st.integers(0, 30), st.sampled_from(CATEGORIES), st.sampled_from(list(Severity)))
def test_an_answer_is_a_probability_and_the_same_every_time(
    share: float, tier: int, climbs: int, category: str, severity: Severity
) -> None:
    at = features(share, climbs=climbs, tier=tier, category=Category(category, 0.9, True), severity=severity)
    model = a_model(1000, time_used=2, climbs=0.5, tier=-1, severity_critical=3)
    assert score(model, at) == score(model, at)
    assert 0 < score(model, at).probability < 1
    assert score(model, at).probability == probability(model, at)


def test_factors_name_what_presses_the_strongest_first_and_leave_out_what_does_not() -> None:
    model = a_model(100_000, time_used=1, severity_critical=3, contacts=-0.001)
    risk = score(model, features(0.5, severity=Severity.CRITICAL))
    assert [each.name for each in risk.factors] == ["severity", "time_used"]
    assert all(abs(each.contribution) >= FACTOR_LEAST for each in risk.factors)
    assert risk.factors[0].contribution == pytest.approx(3, rel=0.01)


def test_with_a_calibration_that_changes_nothing_the_factors_add_up_to_the_answer() -> None:
    """Against a model whose ordinary dispute has every figure at 0."""
    model = a_model(900, time_used=1.3, tier=0.4)
    at = features(0.7, tier=3)
    start = 0.9 * -2.0 + 0.1 * logit(0.1)
    said = start + sum(each.contribution for each in score(model, at).factors)
    assert logit(score(model, at).probability) == pytest.approx(said)


def test_isotonic_knots_are_joined_by_lines_and_flat_beyond_their_ends() -> None:
    steps = Calibration("isotonic", (-1.0, 0.0, 2.0), (0.1, 0.3, 0.9))
    assert [steps.probability(x) for x in (-5, -1, -0.5, 1, 2, 9)] == pytest.approx([0.1, 0.1, 0.2, 0.6, 0.9, 0.9])


def test_a_model_is_the_same_after_being_written_and_read() -> None:
    for calibration in (Calibration("platt", (0.9, -0.1)), Calibration("isotonic", (-1.0, 0.5), (0.2, 0.4))):
        model = a_model(1234, calibration, time_used=0.1 + 0.2, tier=1 / 3)
        text = json.dumps(document(model))
        assert model_of(json.loads(text)) == model
        assert document(model_of(json.loads(text))) == json.loads(text)


def damages() -> list[Any]:
    def at(*path: str | int, value: Any) -> Any:
        def damage(body: dict[str, Any]) -> None:
            place: Any = body
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value

        return damage

    return [
        at("n", value=5),
        at("intercept", value="-2"),
        at("weights", 0, "weight", value=9.0),
        at("weights", 0, "scale", value=0),
        at("format", value=2),
        at("digest", value="0" * 64),
        at("more", value=1),
        at("calibration", "x", value=[]),
        lambda body: body.pop("digest"),
        lambda body: body["weights"].pop(),
        dict.clear,
    ]


@pytest.mark.parametrize("damage", damages())
def test_a_damaged_model_is_refused(damage: Any) -> None:
    body = copy.deepcopy(document(a_model()))
    damage(body)
    with pytest.raises(DamagedModel):
        model_of(body)


@pytest.mark.parametrize(
    "model",
    [
        a_model(calibration=Calibration("isotonic", (1.0, 1.0), (0.1, 0.2))),
        a_model(calibration=Calibration("isotonic", (1.0, 2.0), (0.3, 0.2))),
        a_model(calibration=Calibration("isotonic", (1.0, 2.0), (0.3, 1.2))),
        a_model(calibration=Calibration("platt", (1.0,))),
        Model(-1, 0.0, a_model().weights, Calibration("platt", (1.0, 0.0))),
        Model(9, 0.0, a_model().weights[1:], Calibration("platt", (1.0, 0.0))),
    ],
)
def test_a_model_that_makes_no_sense_is_refused_even_with_a_digest_that_fits(model: Model) -> None:
    with pytest.raises(DamagedModel):
        model_of(document(model))


def test_every_figure_is_finite_whatever_the_dispute() -> None:
    extreme = features(
        7.0,
        backlog=10**9,
        climbs=10**6,
        amount=Money.of("99999999", "EUR"),
        contact_count=10**6,
        reopen_count=10**6,
        signals=("vulnerable", "regulator"),
    )
    assert len(extreme) == len(NAMES)
    assert all(map(math.isfinite, extreme))


def test_an_amount_without_a_reference_rate_is_not_known() -> None:
    named = dict(zip(NAMES, features(amount=Money.of("5000", "CHF")), strict=True))
    assert (named["amount_known"], named["amount_band"]) == (0, 0)


def test_a_factor_is_told_in_plain_words() -> None:
    assert in_words(Factor("time_used", 1.2)) == "raises it: how much of the time is used"
    assert in_words(Factor("backlog", -0.4)) == "lowers it: how many disputes are open"
