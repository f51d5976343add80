"""The risk worked out for many instants at once: the same answers to the last digit, and none too late."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.breach_features import NAMES, Around, at_weekend, features_of, in_office_hours
from shared.domain.breach_grounds import PARTS, TIMES, Grounds, rises
from shared.domain.breach_risk import ENOUGH, Calibration, Model, Weight, probability, weight_of
from shared.domain.conditions import SIGNALS, Rates
from shared.domain.dispute import CATEGORIES, CUSTOMER_CLASSES, Category, Dispute, Severity
from tests.builders import MONDAY_NINE, a_dispute

RATES = Rates("EUR")
WEIGHTS = st.floats(-2, 2, allow_nan=False)
INSTANTS = st.integers(0, 14 * 24 * 60).map(lambda minutes: MONDAY_NINE + timedelta(minutes=minutes))
DISPUTES = st.builds(
    lambda category, severity, signals, customer_class, tier: a_dispute(
        category=Category(category, 0.9, needs_person=False),
        severity=severity,
        signals=tuple(signals),
        customer_class=customer_class,
        tier=tier,
    ),
    st.sampled_from(CATEGORIES),
    st.sampled_from(list(Severity)),
    st.lists(st.sampled_from(SIGNALS), max_size=3, unique=True),
    st.sampled_from(CUSTOMER_CLASSES),
    st.integers(1, 5),
)


@st.composite
def models(draw: st.DrawFn) -> Model | None:
    """None, one of too little history, or a model of any weights with either calibration."""
    if draw(st.booleans()):
        return None
    weights = tuple(Weight(name, draw(st.floats(0, 2)), draw(st.floats(0.2, 2)), draw(WEIGHTS)) for name in NAMES)
    xs = sorted(draw(st.lists(st.floats(-6, 6), min_size=1, max_size=6, unique=True)))
    ys = sorted(draw(st.lists(st.floats(0, 1), min_size=len(xs), max_size=len(xs))))
    platt = Calibration("platt", (draw(st.floats(-0.5, 2)), draw(WEIGHTS)))
    calibration = draw(st.sampled_from([platt, Calibration("isotonic", tuple(xs), tuple(ys))]))
    return Model(draw(st.sampled_from([ENOUGH - 1, ENOUGH, 30_000])), draw(WEIGHTS), weights, calibration)


def straight(model: Model | None, dispute: Dispute, share: float, now: datetime) -> float:
    """The risk as the engine works it out."""
    return probability(model, features_of(dispute, Around(now, share, 40, 1), RATES))


def grounds(model: Model | None, dispute: Dispute) -> Grounds:
    return Grounds(model, features_of(dispute, Around(MONDAY_NINE, 0.0, 40, 1), RATES))


@given(models(), DISPUTES, st.floats(-0.1, 1.1), INSTANTS)
def test_the_answer_is_that_of_the_engine_to_the_last_digit(
    model: Model | None, dispute: Dispute, share: float, now: datetime
) -> None:
    found = grounds(model, dispute).probability(share, (in_office_hours(now), at_weekend(now)))
    assert found == straight(model, dispute, share, now)


@given(models(), DISPUTES, st.integers(1, 100), INSTANTS)
def test_before_the_part_it_names_the_risk_is_never_so_high(
    model: Model | None, dispute: Dispute, percent: int, now: datetime
) -> None:
    first = grounds(model, dispute).reached(percent)[in_office_hours(now), at_weekend(now)]
    assert first == 1 or rises(model) or not weight_of(model)
    for part in range(1, first):
        assert round(straight(model, dispute, part / PARTS, now), 2) * 100 < percent - 0.5


def test_the_prior_reaches_a_half_at_eight_ninths_of_the_time() -> None:
    """0.1 / (0.1 + 0.9 (1 - s)) is a half there, and 49.5 percent, which is told as a half, at 0.8867."""
    assert grounds(None, a_dispute(tier=1)).reached(50) == dict.fromkeys(TIMES, 89)
    assert grounds(None, a_dispute(tier=1)).reached(99) == dict.fromkeys(TIMES, PARTS)


def in_time(used: float, share: float, slope: float = 1.0) -> Model:
    """A model that looks at nothing but the time."""
    looked_at = {"time_used": used, "share_used": share}
    weights = tuple(Weight(name, 0.0, 1.0, looked_at.get(name, 0.0)) for name in NAMES)
    return Model(1000, 0.0, weights, Calibration("platt", (slope, 0.0)))


@pytest.mark.parametrize(("used", "share"), [(1, 1), (0, 0), (1, -1), (0, 3), (-0.01, 1)])
def test_a_model_whose_risk_never_falls_with_time_is_told(used: float, share: float) -> None:
    assert rises(in_time(used, share))


@pytest.mark.parametrize(("used", "share", "slope"), [(1, -1.1, 1), (-0.1, 5, 1), (1, 1, -1)])
def test_one_whose_risk_may_fall_is_told_too(used: float, share: float, slope: float) -> None:
    assert not rises(in_time(used, share, slope))
