"""How good probabilities are: Brier score, log loss, expected calibration error and AUC, and the bins of a diagram."""

from collections.abc import Sequence
from math import log
from typing import Any, Final, NamedTuple

BINS: Final = 10
_LEAST: Final = 1e-9


class Told(NamedTuple):
    """A probability that was given, and what happened."""

    probability: float
    broken: bool


class Bin(NamedTuple):
    """Answers of about the same probability: their mean, how many were broken of how many."""

    mean: float
    broken: int
    total: int


class Measures(NamedTuple):
    """Brier score and log loss are better when smaller, as is the expected calibration error; AUC is None for one outcome."""

    brier: float
    log_loss: float
    ece: float
    auc: float | None

    def as_dict(self) -> dict[str, Any]:
        """For a report, to five places."""
        return {name: None if value is None else round(value, 5) for name, value in self._asdict().items()}


def measured(told: Sequence[Told]) -> Measures:
    """All of them; there must be at least one answer."""
    count = len(told)
    brier = sum((each.probability - each.broken) ** 2 for each in told) / count
    loss = -sum(log(max(_LEAST, each.probability if each.broken else 1 - each.probability)) for each in told) / count
    ece = sum(each.total / count * abs(each.mean - each.broken / each.total) for each in bins(told))
    return Measures(brier, loss, ece, _auc(told))


def bins(told: Sequence[Told]) -> list[Bin]:
    """Ten bins of equal width, those left out that are empty."""
    found: list[list[Told]] = [[] for _ in range(BINS)]
    for each in told:
        found[min(BINS - 1, int(each.probability * BINS))].append(each)
    return [
        Bin(sum(each.probability for each in some) / len(some), sum(each.broken for each in some), len(some))
        for some in found
        if some
    ]


def _auc(told: Sequence[Told]) -> float | None:
    """The chance that a broken one was given more than a kept one, ties counted half (Mann and Whitney)."""
    broken = sum(each.broken for each in told)
    kept = len(told) - broken
    if not broken or not kept:
        return None
    ordered = sorted(told, key=lambda each: each.probability)
    ranks, first = 0.0, 0
    while first < len(ordered):
        last = first
        while last < len(ordered) and ordered[last].probability == ordered[first].probability:
            last += 1
        ranks += (first + last + 1) / 2 * sum(each.broken for each in ordered[first:last])
        first = last
    return (ranks - broken * (broken + 1) / 2) / (broken * kept)
