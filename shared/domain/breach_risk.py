"""How likely a dispute is to break its resolution clock: a sober prior, a learned model, and the two weighed together.

The model is a logistic regression over the figures of `breach_features` with a calibration after it, all of it plain
numbers. Scoring needs nothing but this module.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from math import exp, log
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from shared.domain.breach_features import NAMES, TIER, TIME_USED, Features

PRIOR_BROKEN: Final = 0.1
"""Assumed, not measured: one resolution clock in ten is broken."""
PRIOR_TIER_ODDS: Final = 1.5
"""Assumed, not measured: each tier above the first makes the odds of a broken clock half as great again."""
ENOUGH: Final = 300
"""Finished resolution clocks below which a model is not listened to at all."""
SHRINKAGE: Final = 100.0
"""Finished clocks that weigh as much as the prior: a model of n has the weight n / (n + this)."""
FACTORS_MAX: Final = 6
FACTOR_LEAST: Final = 0.05
"""Log-odds below which a factor is not told."""
LEAST: Final = 0.001
"""No answer is nearer to 0 or 1 than this; a clock that has run out is no risk any more but a fact."""


class Standing(StrEnum):
    """Whether there is a resolution clock to be broken, and what became of it."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    NONE = "none"


class Calibration(Struct, frozen=True, gc=False):
    """What turns log-odds into a probability: Platt's straight line, or isotonic steps joined by straight lines.

    `platt` has `x` = (slope, intercept); `isotonic` has knots `x` (log-odds, rising) and `y` (probabilities).
    """

    kind: Literal["platt", "isotonic"]
    x: tuple[float, ...]
    y: tuple[float, ...] = ()

    def probability(self, log_odds: float) -> float:
        """The calibrated probability, kept away from 0 and 1."""
        if self.kind == "platt":
            return bounded(sigmoid(self.x[0] * log_odds + self.x[1]))
        return bounded(_joined(self.x, self.y, log_odds))


class Weight(Struct, frozen=True, gc=False):
    """What one standard deviation of a figure adds to the log-odds."""

    name: str
    mean: float
    scale: float
    weight: float


class Model(Struct, frozen=True, gc=False):
    """A learned model; `n` counts the finished resolution clocks it was learned from."""

    n: int
    intercept: float
    weights: tuple[Weight, ...]
    calibration: Calibration


class Factor(NamedTuple):
    """A figure that presses the risk up or, below 0, down, in log-odds against an ordinary dispute."""

    name: str
    contribution: float


class Risk(NamedTuple):
    """A probability and why; `n` is what it was learned from, 0 for the prior."""

    probability: float
    factors: tuple[Factor, ...]
    basis: Literal["prior", "history"]
    n: int


def prior_log_odds(features: Features) -> float:
    """Of ten disputes nine are decided, evenly over the time allowed, and one is not: by Bayes, what is left says the rest.

    P(broken | undecided at share s) = 0.1 / (0.1 + 0.9 (1 - s)), and each tier above the first raises the odds by half.
    """
    return logit(PRIOR_BROKEN) + features[TIME_USED] + features[TIER] * log(PRIOR_TIER_ODDS)


def probability(model: Model | None, features: Features) -> float:
    """The probability alone, for many disputes at once; the same that `score` gives."""
    weight = weight_of(model)
    prior = prior_log_odds(features)
    if model is None or not weight:
        return bounded(sigmoid(prior))
    learned = model.calibration.probability(log_odds(model, features))
    return bounded(sigmoid(weight * logit(learned) + (1.0 - weight) * prior))


def score(model: Model | None, features: Features) -> Risk:
    """The risk with its main factors, the strongest first. Without a model, or one of too little history, the prior's."""
    weight = weight_of(model)
    found = {"time_used": (1.0 - weight) * features[TIME_USED]}
    found["tier"] = (1.0 - weight) * features[TIER] * log(PRIOR_TIER_ODDS)
    if model is not None and weight:
        for each, value in zip(model.weights, features, strict=True):
            push = weight * each.weight * (value - each.mean) / each.scale
            name = _told_as(each.name)
            found[name] = found.get(name, 0.0) + push
    told = sorted((Factor(*item) for item in found.items()), key=_strongest)
    main = tuple(each for each in told[:FACTORS_MAX] if abs(each.contribution) >= FACTOR_LEAST)
    if model is None or not weight:
        return Risk(probability(None, features), main, "prior", 0)
    return Risk(probability(model, features), main, "history", model.n)


def weight_of(model: Model | None) -> float:
    """How much a model counts against the prior: nothing below `ENOUGH`, then more the more it has learned from."""
    return 0.0 if model is None or model.n < ENOUGH else model.n / (model.n + SHRINKAGE)


def log_odds(model: Model, features: Features) -> float:
    """What the regression says, before calibration."""
    total = model.intercept
    for each, value in zip(model.weights, features, strict=True):
        total += each.weight * (value - each.mean) / each.scale
    return total


def standing(met_at: datetime | None, missed_at: datetime | None, *, running: bool) -> Standing:
    """What became of a resolution clock with these marks."""
    if missed_at is not None:
        return Standing.BROKEN
    if met_at is not None:
        return Standing.KEPT
    return Standing.OPEN if running else Standing.NONE


def sigmoid(x: float) -> float:
    """The probability of these log-odds."""
    return 1.0 / (1.0 + exp(-x)) if x >= 0 else exp(x) / (1.0 + exp(x))


def logit(p: float) -> float:
    """The log-odds of this probability, which must lie between 0 and 1."""
    return log(p / (1.0 - p))


def bounded(p: float) -> float:
    """The probability, kept away from 0 and 1 by `LEAST`."""
    return min(1.0 - LEAST, max(LEAST, p))


def _told_as(name: str) -> str:
    """Two figures say how much of the time is gone, and three how large the amount is; a reader is told each once."""
    if name == "share_used":
        return "time_used"
    if name == "amount_known":
        return "amount"
    if name == "amount_band":
        return "amount"
    return name.partition("_")[0] if name.startswith(("category_", "severity_")) else name


def _strongest(factor: Factor) -> tuple[float, str]:
    return -abs(factor.contribution), factor.name


def _joined(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """The value at x of the line through the knots, flat beyond both ends."""
    place = bisect_right(xs, x)
    if place == 0:
        return ys[0]
    if place == len(xs):
        return ys[-1]
    left, right = xs[place - 1], xs[place]
    part = (x - left) / (right - left)
    return ys[place - 1] + part * (ys[place] - ys[place - 1])


__all__ = [
    "ENOUGH",
    "NAMES",
    "Calibration",
    "Factor",
    "Model",
    "Risk",
    "Standing",
    "Weight",
    "probability",
    "score",
    "standing",
    "weight_of",
]
