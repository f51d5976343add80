"""The linear model: word and word-pair weights, packed so that one sum over a text scores every category at once.

Each known word or pair maps to one whole number that holds, side by side in 32-bit lanes, its weight for every
category and every domain. Adding these numbers adds all lanes together, which costs a few nanoseconds a word in plain
Python. Weights are stored as 16-bit fixed point above a bias; no lane can overflow within `TEXT_LIMIT_CHARACTERS`.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from math import exp, sqrt
from operator import add, mul

LANE_BITS = 32
LANE_MASK = 0xFFFF_FFFF
WEIGHT_BIAS = 1 << 14
"""Added to every weight, so that lanes stay above zero; half of 16 bits, for a word's row may hold its stem's too."""

FIXED_LANES = 3
"""Lanes before the weights: how many weights were added, known words, squared rarity."""

HITS_CAP = 3
"""More phrases of one category than this add nothing."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising line through (raw, confidence) points."""

    raw: Sequence[float]
    confidence: Sequence[float]

    def __call__(self, raw: float) -> float:
        """The share of right answers to expect at this raw probability, between 0 and 1."""
        at = bisect_right(self.raw, raw)
        if at == 0:
            return self.confidence[0]
        if at == len(self.raw):
            return self.confidence[-1]
        low, high = self.raw[at - 1], self.raw[at]
        part = (raw - low) / (high - low)
        return self.confidence[at - 1] + part * (self.confidence[at] - self.confidence[at - 1])


@dataclass(frozen=True, slots=True)
class Score:
    """Probability per category before calibration, and what it rests on."""

    probabilities: list[float]
    domains: list[float]
    """How much the text resembles each domain; adds up to 1."""
    known_words: int


@dataclass(frozen=True, slots=True)
class Model:
    """Everything a model file holds; immutable, safe to share between threads."""

    categories: tuple[str, ...]
    table: Mapping[str, int]
    weight_step: float
    """The size of one unit of a stored weight."""
    rarity_step: float
    domains: tuple[str, ...]
    domain_bias: Sequence[float]
    category_odds: Sequence[Sequence[float]]
    """Per domain, how common every category is there, as odds."""
    phrase_weights: Mapping[str, Sequence[float]]
    calibrations: Mapping[str, Sequence[Calibration]]
    """Per taxonomy, one curve for each domain."""
    thresholds: Mapping[str, float]
    """Per taxonomy, the confidence below which a person decides."""
    telling: Mapping[str, Mapping[str, int]]
    """Per category, the words and pairs that speak for it strongly enough to be given as a reason."""

    def score(self, grams: AbstractSet[str], hits: Mapping[str, int], *, domain: str | None = None) -> Score:
        """Probabilities from a text's words and pairs, known or not, and from phrase hits per category.

        Without a `domain`, the text itself shows how much it resembles each.
        """
        lanes = self._sum(grams)
        known, known_words, rarity = lanes[:FIXED_LANES]
        scale = self.weight_step / sqrt(rarity * self.rarity_step) if rarity else 0.0
        offset = known * WEIGHT_BIAS
        scores = [(lane - offset) * scale for lane in lanes[FIXED_LANES:]]
        count = len(self.categories)
        category_scores = scores[:count]
        for label, times in hits.items():
            share = min(times, HITS_CAP) / HITS_CAP
            category_scores = [
                score + share * weight
                for score, weight in zip(category_scores, self.phrase_weights[label], strict=True)
            ]
        domains = (
            [float(name == domain) for name in self.domains]
            if domain
            else _softmax(map(add, scores[count:], self.domain_bias))
        )
        return Score(self._mixed(category_scores, domains), domains, known_words)

    def confidence(self, taxonomy: str, raw: float, domains: Sequence[float]) -> float:
        """The share of right answers to expect: rising with the raw probability, as sure as the domain's labels are."""
        curves = self.calibrations[taxonomy]
        return sum(share * curve(raw) for share, curve in zip(domains, curves, strict=True))

    def _sum(self, grams: AbstractSet[str]) -> tuple[int, ...]:
        lanes = FIXED_LANES + len(self.categories) + len(self.domain_bias)
        total = sum(filter(None, map(self.table.get, grams)))
        return struct.unpack(f"<{lanes}I", total.to_bytes(lanes * 4, "little"))

    def _mixed(self, scores: Sequence[float], domains: Sequence[float]) -> list[float]:
        """Domains differ in what is common; each domain's view counts as much as the text resembles that domain."""
        top = max(scores)
        powers = [exp(score - top) for score in scores]
        mixed = [0.0] * len(scores)
        for share, odds in zip(domains, self.category_odds, strict=True):
            view = list(map(mul, powers, odds))
            part = share / sum(view)
            mixed = [already + part * more for already, more in zip(mixed, view, strict=True)]
        return mixed


def grams_of(words: Sequence[str]) -> AbstractSet[str]:
    """The words and the pairs of neighbours, each once."""
    return {*words, *map(" ".join, pairwise(words))}


def _softmax(scores: Iterable[float]) -> list[float]:
    listed = list(scores)
    top = max(listed)
    powers = [exp(score - top) for score in listed]
    total = sum(powers)
    return [power / total for power in powers]
