"""What a breach risk rests on while nothing happens to the dispute: all its figures but the time, summed up once.

Between two events of a dispute only the share of the time used and the hour and day of the week move. For a risk that is
asked again and again as time passes, the rest is added up once; the answers are those of `probability`, to the last digit.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from math import log
from typing import Final

from shared.domain.breach_features import (
    HOURS,
    SHARE_MAX,
    SHARE_USED,
    TIER,
    TIME_USED,
    WEEKEND,
    Features,
    at_weekend,
    in_office_hours,
)
from shared.domain.breach_risk import (
    PRIOR_BROKEN,
    PRIOR_TIER_ODDS,
    Model,
    Weight,
    bounded,
    logit,
    sigmoid,
    weight_of,
)

PARTS: Final = 100
"""Into so many parts a clock's time is divided, after each of which its risk is asked."""
_ASIDE: Final = 1e-7
"""Of the clock's time: instants are whole microseconds, so that a part may be found that much earlier or later."""
_MOVES: Final = frozenset({TIME_USED, SHARE_USED, HOURS, WEEKEND})
_PRIOR: Final = logit(PRIOR_BROKEN)
_TIER_ODDS: Final = log(PRIOR_TIER_ODDS)

Times = tuple[bool, bool]
"""Whether an instant lies in office hours, and whether at a weekend."""
TIMES: Final[tuple[Times, ...]] = ((False, False), (False, True), (True, False), (True, True))


class Grounds:
    """The figures of one dispute under one model, None for the prior; `features` may be of any instant."""

    __slots__ = ("_after", "_before", "_first", "_learned", "_model", "_reached", "_tier", "_weight")

    def __init__(self, model: Model | None, features: Features) -> None:
        self._weight = weight_of(model)
        self._model = model if self._weight else None
        self._tier = features[TIER] * _TIER_ODDS
        weights = () if self._model is None else self._model.weights
        terms = [_term(each, value) for each, value in zip(weights, features, strict=False)]
        still = [(place, term) for place, term in enumerate(terms) if place not in _MOVES and term]
        self._before = tuple(term for place, term in still if place < HOURS)
        self._after = tuple(term for place, term in still if place > WEEKEND)
        self._reached: dict[int, dict[Times, int]] = {}

    def percent(self, share: float, now: datetime) -> float:
        """The risk as a whole percent, from 0 to 1, when this share of the time is used at `now`."""
        return round(self.probability(share, (in_office_hours(now), at_weekend(now))), 2)

    def probability(self, share: float, times: Times) -> float:
        """What `breach_risk.probability` says of these figures with the time moved on."""
        share = min(SHARE_MAX, max(0.0, share))
        used = -log(1.0 - share)
        prior = _PRIOR + used + self._tier
        model = self._model
        if model is None:
            return bounded(sigmoid(prior))
        learned = model.calibration.probability(self._log_odds(model, used, share, times))
        return bounded(sigmoid(self._weight * logit(learned) + (1.0 - self._weight) * prior))

    def reached(self, percent: int) -> dict[Times, int]:
        """The part after which the risk may come to so many percent, for each kind of hour: not before, for certain.

        With a model whose risk may fall as time passes, nothing is certain, and it is the first.
        """
        found = self._reached.get(percent)
        if found is None:
            found = self._reached[percent] = {times: self._first_part(percent, times) for times in TIMES}
        return found

    def _first_part(self, percent: int, times: Times) -> int:
        if not rises(self._model):
            return 1
        low, high = 1, PARTS
        while low < high:
            middle = (low + high) // 2
            if round(self.probability(middle / PARTS + _ASIDE, times), 2) * 100 >= percent - 0.5:
                high = middle
            else:
                low = middle + 1
        return low

    def _log_odds(self, model: Model, used: float, share: float, times: Times) -> float:
        """Added in the order of the figures, for a sum of fractions depends on its order."""
        weights, (office, weekend) = model.weights, times
        total = model.intercept + _term(weights[TIME_USED], used) + _term(weights[SHARE_USED], share)
        for term in self._before:
            total += term
        total += _term(weights[HOURS], office)
        total += _term(weights[WEEKEND], weekend)
        for term in self._after:
            total += term
        return total


def rises(model: Model | None) -> bool:
    """Whether the risk never falls as time passes, but for the hour and the day of the week: so for the prior.

    For a model its log-odds must not fall with the share used, at its beginning and at its end: what they rise by is
    a + b (1 - share), a straight line, divided by what is left. And its calibration must keep their order.
    """
    if model is None:
        return True
    used, share = (each.weight / each.scale for each in (model.weights[TIME_USED], model.weights[SHARE_USED]))
    onwards = used + share >= 0 and used + share * (1.0 - SHARE_MAX) >= 0
    calibration = model.calibration
    return onwards and (calibration.x[0] >= 0 if calibration.kind == "platt" else _in_order(calibration.y))


def _in_order(ys: Sequence[float]) -> bool:
    return all(first <= second for first, second in pairwise(ys))


def _term(each: Weight, value: float) -> float:
    return each.weight * (value - each.mean) / each.scale
