"""How sure an answer is: the share of such answers that were right on texts the model had not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, isfinite, log
from typing import Any

FLOOR = 1e-3
"""Added to every probability before its logarithm is taken, so that one of 0 is a finite sign."""

LINE_MAX = 30.0
"""Beyond this sum nothing changes that is shown."""


@dataclass(frozen=True, slots=True)
class Surety:
    """Where there are texts enough: the answers to one domain's texts, each category by itself.

    The logistic of a sum: what answers of this category are worth, how probable the answer is, and how probable every
    category is. What a customer of a bank calls a billing error is right less often, at the same probability, than what
    one calls a wrong record.
    """

    said: Mapping[str, float]
    """Per category, what its answers begin with."""
    own: float
    """Per unit of the logarithm of the answer's odds."""
    each: Mapping[str, float]
    """Per category, per unit of the logarithm of its probability, whatever was answered."""
    most: float
    """No answer is surer."""

    def __call__(self, name: str, probabilities: Mapping[str, float]) -> float:
        """The share of right answers to expect of those that name this category, between 0 and 1."""
        raw = probabilities[name]
        line = self.said.get(name, 0.0) + self.own * log((raw + FLOOR) / (1.0 - raw + FLOOR))
        for category, weight in self.each.items():
            line += weight * log(probabilities.get(category, 0.0) + FLOOR)
        return self.most / (1.0 + exp(-max(-LINE_MAX, min(LINE_MAX, line))))


def surety_of(stored: Mapping[str, Any] | None) -> Surety | None:
    """What a model file's header holds for a domain; raises TypeError, KeyError or ValueError for what is no such thing."""
    if stored is None:
        return None
    said, each = ({str(name): float(value) for name, value in stored[part].items()} for part in ("said", "each"))
    own, most = float(stored["own"]), float(stored["most"])
    if not (0.0 < most <= 1.0 and all(map(isfinite, (own, *said.values(), *each.values())))):
        raise ValueError("A confidence is above 1 or none.")
    return Surety(said, own, each, most)
