"""The linear model: weights of patterns, packed so that one sum over a text scores every category at once.

Each pattern maps to one whole number that holds, side by side in 32-bit lanes, its squared rarity and its weight for
every category (once per head) and every domain. Adding these numbers adds all lanes together, which costs some fifty nanoseconds a
pattern in plain Python. A lane below zero borrows from the next one; adding half of every lane's range to the sum
settles that before the lanes are taken apart.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import exp, sqrt
from operator import add, mul
from struct import Struct
from typing import NamedTuple

from services.intake.categorise.confidence import Surety
from services.intake.categorise.search import Search

LANE_BITS = 32
HALF_LANE = 1 << (LANE_BITS - 1)
WEIGHT_MAX = (1 << 15) - 1
PATTERNS_MAX = HALF_LANE // WEIGHT_MAX - 1
"""A lane cannot overflow even when a text holds every pattern of a model."""

FIXED_LANES = 1
"""Lanes before the weights: squared rarity."""

HITS_CAP = 3
"""More phrases of one label than this add nothing."""


SHARE_MIN = 1e-9
"""A domain that a text resembles less than this has no say: what it would add is beyond what is shown."""


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


class Score(NamedTuple):
    """Probability per category before calibration, and what it rests on."""

    probabilities: list[float]
    leanings: list[float]
    """What the answer is chosen by: the probabilities, each weighed by what its category's answers are worth."""
    domains: list[float]
    """How much the text resembles each domain; adds up to 1."""


class Telling(NamedTuple):
    """The patterns that may explain one category."""

    patterns: AbstractSet[str]
    rank: Mapping[str, int]
    """0 for the strongest."""


@dataclass(frozen=True, slots=True)
class Model:
    """Everything a model file holds; immutable, safe to share between threads."""

    categories: tuple[str, ...]
    search: Search
    """Finds the lexicon's phrases and the model's patterns."""
    rows: Mapping[str, int]
    """Per pattern, its numbers side by side."""
    weight_step: float
    """The size of one unit of a stored weight."""
    rarity_step: float
    domains: tuple[str, ...]
    domain_bias: Sequence[float]
    category_odds: Sequence[Sequence[float]]
    """Per domain, how common every category is there, as odds."""
    answer_odds: Sequence[Sequence[float]]
    """Per domain, what an answer of every category is worth: the rare ones would hardly ever be given otherwise."""
    heads: Sequence[int]
    """Per domain, which block of category lanes speaks for it: a bank's customers use words in a sense of their own."""
    phrase_weights: Mapping[str, Sequence[float]]
    calibrations: Mapping[str, Sequence[Calibration]]
    """Per taxonomy, one curve for each domain."""
    sureties: Mapping[str, Sequence[Surety | None]]
    """Per taxonomy and domain, what takes the curve's place where there were texts enough to learn it from."""
    thresholds: Mapping[str, float]
    """Per taxonomy, the confidence below which a person decides."""
    telling: Mapping[str, "Telling"]
    """Per category, the patterns that speak for it strongly enough to be given as a reason."""
    familiar: float
    """A text with fewer patterns a word than this (another language, gibberish) loses confidence in proportion."""
    secondary_probability: float
    """A second category is named without a phrase of its own from this raw probability on."""
    _half: int = field(init=False)
    _lanes: Struct = field(init=False)
    _spoken: Mapping[str, Sequence[Sequence[float]]] = field(init=False)
    """What one, two, … phrases of a label add to each category."""

    def __post_init__(self) -> None:
        """Prepares the arithmetic."""
        lanes = FIXED_LANES + blocks(self.heads) * len(self.categories) + len(self.domains)
        half = int.from_bytes(HALF_LANE.to_bytes(LANE_BITS // 8, "little") * lanes, "little")
        object.__setattr__(self, "_half", half)
        object.__setattr__(self, "_lanes", Struct(f"<{lanes}I"))
        shares = [times / HITS_CAP for times in range(1, HITS_CAP + 1)]
        spoken = {
            label: [[share * weight for weight in weights] for share in shares]
            for label, weights in self.phrase_weights.items()
        }
        object.__setattr__(self, "_spoken", spoken)

    def score(self, present: Iterable[str], hits: Mapping[str, int]) -> Score:
        """Probabilities from the patterns of a text, each given once, and from phrase hits per label, none of them 0.

        The text itself shows how much it resembles each domain.
        """
        total = sum(map(self.rows.__getitem__, present)) + self._half
        rarity, *lanes = self._lanes.unpack(total.to_bytes(self._lanes.size, "little"))
        rarity -= HALF_LANE
        scale = self.weight_step / sqrt(rarity * self.rarity_step) if rarity else 0.0
        scores = [(lane - HALF_LANE) * scale for lane in lanes]
        count = len(scores) - len(self.domains)
        category_scores = scores[:count]
        for label, times in hits.items():
            category_scores = list(map(add, category_scores, self._spoken[label][min(times, HITS_CAP) - 1]))
        domains = _softmax(list(map(add, scores[count:], self.domain_bias)))
        return Score(*self._mixed(category_scores, domains), domains)

    def confidence(
        self, taxonomy: str, name: str, probabilities: Mapping[str, float], domains: Sequence[float]
    ) -> float:
        """The share of right answers to expect of those that name this category, as sure as the domains' labels are."""
        found = 0.0
        for share, curve, surety in zip(domains, self.calibrations[taxonomy], self.sureties[taxonomy], strict=True):
            if share > SHARE_MIN:
                found += share * (curve(probabilities[name]) if surety is None else surety(name, probabilities))
        return found

    def _mixed(self, scores: Sequence[float], domains: Sequence[float]) -> tuple[list[float], list[float]]:
        """Domains differ in what is common; each domain's view counts as much as the text resembles that domain."""
        count = len(self.categories)
        mixed, leaning = [0.0] * count, [0.0] * count
        for share, head, odds, worth in zip(domains, self.heads, self.category_odds, self.answer_odds, strict=True):
            if share > SHARE_MIN:
                own = scores[head * count : (head + 1) * count]
                top = max(own)
                view = [exp(score - top) * odd for score, odd in zip(own, odds, strict=True)]
                part = share / sum(view)
                view = [part * each for each in view]
                mixed = list(map(add, mixed, view))
                leaning = list(map(add, leaning, map(mul, view, worth)))
        return mixed, leaning


def blocks(heads: Sequence[int]) -> int:
    """How many blocks of category lanes a model has."""
    return 1 + max(heads)


def _softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    powers = [exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]
