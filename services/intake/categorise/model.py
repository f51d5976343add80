"""The linear model: weights of patterns, packed so that one sum over a text scores every category at once.

Each pattern maps to one whole number that holds, side by side in lanes of 24 bits, its squared rarity and its weight for
every category (once per head, and once more as a matter of its own) and every domain. Adding these numbers adds all lanes together, which costs some fifty nanoseconds a
pattern in plain Python. In a lane stands the weight and BIAS, so that none is below zero; as many patterns as cannot
overflow a lane are added up at a time. What a text costs is mostly the wait for memory: hence lanes no wider than need be.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import exp, sqrt
from operator import add, itemgetter, mul
from struct import Struct
from typing import NamedTuple

from services.intake.categorise.confidence import Surety
from services.intake.categorise.search import Search

LANE_BYTES = 3
WEIGHT_MAX = (1 << 15) - 1
BIAS = WEIGHT_MAX + 1
"""Added to every stored number, which makes it one of 16 bits without a sign."""

TOGETHER_MAX = (1 << 8 * LANE_BYTES) // (BIAS + WEIGHT_MAX)
"""So many patterns are added up at a time; of no more can a lane hold the sum."""

PATTERNS_MAX = 65_000
"""Of a model."""

FIXED_LANES = 1
"""Lanes before the weights: squared rarity."""

HITS_CAP = 3
"""More phrases of one label than this add nothing."""


RESEMBLING_SHARE = 0.1
"""A text that resembles a domain less is not held to that domain's threshold."""

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
    matters: list[float]
    """Per category, how likely the text raises it at all, as the logarithm of its odds; empty where the model knows no matters."""


class Telling(NamedTuple):
    """The patterns that may explain one category."""

    numbers: AbstractSet[int]
    rank: Mapping[int, int]
    """0 for the strongest."""


_View = tuple[Sequence[int], int, Sequence[float], Sequence[float] | None]
"""Domains, the head that speaks for them, how common each category is, what its answers are worth: None where all the same."""


@dataclass(frozen=True, slots=True)
class Model:
    """Everything a model file holds; immutable, safe to share between threads."""

    categories: tuple[str, ...]
    search: Search
    """Finds the lexicon's phrases and the model's patterns."""
    rows: Sequence[int]
    """Per pattern of `search`, what is stored of it side by side."""
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
    thresholds: Mapping[str, Sequence[float]]
    """Per taxonomy and domain, the confidence below which a person decides."""
    telling: Mapping[str, "Telling"]
    """Per category, the patterns that speak for it strongly enough to be given as a reason."""
    matter_bias: Sequence[float]
    """Per category, for a block of lanes after those of the heads: several matters may be raised at once. Empty: there is none."""
    familiar: float
    """A text with fewer patterns a word than this (another language, gibberish) loses confidence in proportion."""
    _lanes: Struct = field(init=False)
    _views: Sequence[_View] = field(init=False)
    _spoken: Mapping[str, Sequence[Sequence[float]]] = field(init=False)
    """What one, two, … phrases of a label add to each category."""

    def __post_init__(self) -> None:
        """Prepares the arithmetic."""
        lanes = FIXED_LANES + blocks(self.heads, self.matter_bias) * len(self.categories) + len(self.domains)
        object.__setattr__(self, "_lanes", Struct(f"<{lanes}I"))
        object.__setattr__(self, "_views", _views(self.heads, self.category_odds, self.answer_odds))
        shares = [times / HITS_CAP for times in range(1, HITS_CAP + 1)]
        spoken = {
            label: [[share * weight for weight in weights] for share in shares]
            for label, weights in self.phrase_weights.items()
        }
        object.__setattr__(self, "_spoken", spoken)

    def score(self, present: Collection[int], hits: Mapping[str, int]) -> Score:
        """Probabilities from the patterns of a text, each given once, and from phrase hits per label, none of them 0.

        The text itself shows how much it resembles each domain.
        """
        rarity, *lanes = self._added(present)
        bias = BIAS * len(present)
        rarity -= bias
        scale = self.weight_step / sqrt(rarity * self.rarity_step) if rarity else 0.0
        scores = [(lane - bias) * scale for lane in lanes]
        count = len(scores) - len(self.domains)
        category_scores = scores[:count]
        for label, times in hits.items():
            category_scores = list(map(add, category_scores, self._spoken[label][min(times, HITS_CAP) - 1]))
        domains = _softmax(list(map(add, scores[count:], self.domain_bias)))
        matters = list(map(add, category_scores[-len(self.categories) :], self.matter_bias))
        return Score(*self._mixed(category_scores, domains), domains, matters)

    def confidence(
        self, taxonomy: str, name: str, probabilities: Mapping[str, float], domains: Sequence[float]
    ) -> float:
        """The share of right answers to expect of those that name this category, as sure as the domains' labels are."""
        found = 0.0
        for share, curve, surety in zip(domains, self.calibrations[taxonomy], self.sureties[taxonomy], strict=True):
            if share > SHARE_MIN:
                found += share * (curve(probabilities[name]) if surety is None else surety(name, probabilities))
        return found

    def threshold(self, taxonomy: str, domains: Sequence[float]) -> float:
        """The confidence below which a person decides: that of the strictest domain which the text resembles."""
        known = zip(domains, self.thresholds[taxonomy], strict=True)
        return max([least for share, least in known if share >= RESEMBLING_SHARE], default=1.0)

    def _added(self, present: Collection[int]) -> Sequence[int]:
        """The sums of the lanes, each with BIAS for every pattern."""
        if len(present) <= TOGETHER_MAX:
            return self._taken_apart(_sum(self.rows, present))
        each = list(present)
        parts = [each[at : at + TOGETHER_MAX] for at in range(0, len(each), TOGETHER_MAX)]
        return list(map(sum, zip(*(self._taken_apart(_sum(self.rows, part)) for part in parts), strict=True)))

    def _taken_apart(self, total: int) -> Sequence[int]:
        lanes = self._lanes
        wide, narrow = bytearray(lanes.size), total.to_bytes(lanes.size // 4 * LANE_BYTES, "little")
        for at in range(LANE_BYTES):
            wide[at::4] = narrow[at::LANE_BYTES]
        return lanes.unpack(wide)

    def _mixed(self, scores: Sequence[float], domains: Sequence[float]) -> tuple[list[float], list[float]]:
        """Domains differ in what is common; each domain's view counts as much as the text resembles that domain."""
        mixed: list[float] = []
        leaning: list[float] = []
        for resembling, head, odds, worth in self._views:
            share = sum([domains[domain] for domain in resembling])
            if share > SHARE_MIN:
                own = scores[head * len(odds) : (head + 1) * len(odds)]
                top = max(own)
                powers = [exp(score - top) * odd for score, odd in zip(own, odds, strict=True)]
                part = share / sum(powers)
                view = [part * power for power in powers]
                lean = view if worth is None else list(map(mul, view, worth))
                leaning = list(map(add, leaning, lean)) if leaning else lean
                mixed = list(map(add, mixed, view)) if mixed else view
        return mixed, leaning


def _sum(rows: Sequence[int], present: Collection[int]) -> int:
    if len(present) < 2:
        return sum([rows[number] for number in present])
    # All at once, so that the processor waits for several of them at the same time.
    return sum(itemgetter(*present)(rows))


def _views(
    heads: Sequence[int], category_odds: Sequence[Sequence[float]], answer_odds: Sequence[Sequence[float]]
) -> list[_View]:
    """Domains that look upon every text in the same way share a view."""
    resembling: dict[tuple[int, tuple[float, ...], tuple[float, ...]], list[int]] = {}
    for domain, (head, odds, worth) in enumerate(zip(heads, category_odds, answer_odds, strict=True)):
        resembling.setdefault((head, tuple(odds), tuple(worth)), []).append(domain)
    return [
        (domains, head, odds, None if set(worth) == {1.0} else worth)
        for (head, odds, worth), domains in resembling.items()
    ]


def blocks(heads: Sequence[int], matter_bias: Sequence[float]) -> int:
    """How many blocks of category lanes a model has."""
    return 1 + max(heads) + bool(matter_bias)


def _softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    powers = [exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]
