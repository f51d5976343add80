"""A model learned from past clocks: split by time, fitted, calibrated, and measured on what it had not seen.

scikit-learn is needed here alone (the extra `train` of pyproject.toml); what is learned is plain numbers.
"""

from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from services.launch.risk.measures import Bin, Measures, Told, bins, measured
from shared.domain.breach_features import NAMES
from shared.domain.breach_history import Backlog, Landmark, PastClock, landmarks
from shared.domain.breach_risk import LEAST, Calibration, Model, Weight, probability
from shared.domain.conditions import Rates
from shared.domain.errors import Conflict, RecourseError
from shared.domain.timekeeping import Calendars

CLOCKS_LEAST: Final = 50
TRAIN, CALIBRATE = 0.6, 0.8
"""The oldest clocks teach up to the first share, calibrate up to the second; the newest measure."""
ISOTONIC_BROKEN: Final = 100
"""Broken landmarks below which isotonic steps would follow chance; then Platt's line is used."""


class Seen(NamedTuple):
    """A clock that ended, due at this instant, with its landmarks."""

    due_at: datetime
    landmarks: tuple[Landmark, ...]


class Learned(NamedTuple):
    """A model, what it was split into, and how it did on the newest part against the prior and against the base rate."""

    model: Model
    clocks: tuple[int, int, int]
    landmarks: tuple[int, int, int]
    since: tuple[datetime, datetime, datetime]
    base_rate: float
    of_model: Measures
    of_prior: Measures
    of_base_rate: Measures
    bins: tuple[Bin, ...]
    prior_bins: tuple[Bin, ...]

    def report(self) -> dict[str, Any]:
        """For the model's row: everything but the model."""
        return {
            "clocks": dict(zip(_PARTS, self.clocks, strict=True)),
            "landmarks": dict(zip(_PARTS, self.landmarks, strict=True)),
            "due_from": {part: at.isoformat() for part, at in zip(_PARTS, self.since, strict=True)},
            "base_rate": round(self.base_rate, 5),
            "calibration": self.model.calibration.kind,
            "measured_on_test": {
                "model": self.of_model.as_dict(),
                "prior": self.of_prior.as_dict(),
                "base_rate": self.of_base_rate.as_dict(),
            },
            "bins": [[round(each.mean, 5), each.broken, each.total] for each in self.bins],
        }


_PARTS: Final = ("train", "calibrate", "test")


def seen(pasts: Sequence[PastClock], calendars: Calendars, rates: Rates, backlog: Backlog) -> list[Seen]:
    """The clocks in the order of their due; one whose calendar is gone, or that never was looked at, is left out."""
    found: list[Seen] = []
    for past in pasts:
        if past.clock.due_at is None or past.clock.promise.spec.calendar not in calendars:
            continue
        try:
            looked = tuple(landmarks(past, calendars, rates, backlog))
        except RecourseError:
            continue
        if looked:
            found.append(Seen(past.clock.due_at, looked))
    return sorted(found, key=lambda each: each.due_at)


def learn(clocks: Sequence[Seen]) -> Learned:
    """The model and its measures; the same for the same clocks.

    Raises:
        Conflict: there is too little to learn from, or scikit-learn is not installed.
    """
    if len(clocks) < CLOCKS_LEAST:
        raise Conflict(
            f"{len(clocks)} finished resolution clocks are too few to learn from; {CLOCKS_LEAST} are needed."
        )
    if find_spec("sklearn") is None:
        raise Conflict("Learning needs scikit-learn, the extra `train` of pyproject.toml: pip install scikit-learn.")
    first, second = int(len(clocks) * TRAIN), int(len(clocks) * CALIBRATE)
    parts = (clocks[:first], clocks[first:second], clocks[second:])
    train, calibrate, test = ([mark for each in part for mark in each.landmarks] for part in parts)
    for name, part in zip(_PARTS, (train, calibrate, test), strict=True):
        if len({mark.broken for mark in part}) < 2:
            raise Conflict(f"All clocks of the part to {name} with ended alike; there is nothing to tell apart.")
    model = _fitted(train, calibrate, n=second)
    base_rate = sum(mark.broken for mark in train) / len(train)
    said, prior = answers(model, test), answers(None, test)
    return Learned(
        model=model,
        clocks=(first, second - first, len(clocks) - second),
        landmarks=(len(train), len(calibrate), len(test)),
        since=(parts[0][0].due_at, parts[1][0].due_at, parts[2][0].due_at),
        base_rate=base_rate,
        of_model=measured(said),
        of_prior=measured(prior),
        of_base_rate=measured([Told(base_rate, mark.broken) for mark in test]),
        bins=tuple(bins(said)),
        prior_bins=tuple(bins(prior)),
    )


def answers(model: Model | None, marks: Sequence[Landmark]) -> list[Told]:
    """What the product would have answered at each landmark, the prior weighed in."""
    return [Told(probability(model, mark.features), mark.broken) for mark in marks]


def _fitted(train: Sequence[Landmark], calibrate: Sequence[Landmark], *, n: int) -> Model:
    import numpy as np
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    figures = np.array([mark.features for mark in train])
    mean, scale = figures.mean(axis=0), figures.std(axis=0)
    scale[scale < LEAST] = 1.0
    regression = LogisticRegression(max_iter=1000)
    regression.fit((figures - mean) / scale, [mark.broken for mark in train])
    x = regression.decision_function((np.array([mark.features for mark in calibrate]) - mean) / scale)
    y = np.array([mark.broken for mark in calibrate], dtype=float)
    if y.sum() >= ISOTONIC_BROKEN:
        steps = IsotonicRegression(y_min=LEAST, y_max=1 - LEAST).fit(x, y)
        calibration = Calibration("isotonic", _floats(steps.X_thresholds_), _floats(steps.y_thresholds_))
    else:
        line = LogisticRegression(max_iter=1000).fit(x.reshape(-1, 1), y)
        calibration = Calibration("platt", (float(line.coef_[0][0]), float(line.intercept_[0])))
    facts = zip(NAMES, _floats(mean), _floats(scale), _floats(regression.coef_[0]), strict=True)
    return Model(n, float(regression.intercept_[0]), tuple(Weight(*each) for each in facts), calibration)


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(each) for each in values)
