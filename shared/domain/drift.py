"""Whether this month's answers still look like last month's: shares compared, with what chance alone would explain.

The population stability index is the sum of (p - q) ln(p / q) over the categories. While nothing changes, it is about
chi-square distributed with one degree of freedom less than there are categories, times 1/n + 1/m; so a figure counts
only when it is beyond what 95 of 100 unchanged months would show. Above that, by custom, 0.1 is worth a look and 0.25
means that something else is being categorised now, or that something else answers.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import log, sqrt
from typing import Any, Final, NamedTuple

LEAST: Final = 100
"""Fewer answers than this in either month tell nothing."""
MOVED: Final = 0.1
DRIFTED: Final = 0.25
_PRIOR: Final = 0.5
"""Added to every count, so that a category nobody named last month gives a figure and not infinity (Jeffreys)."""
_Z_95: Final = 1.645
Z_BEYOND: Final = 2.576
"""Of the figures beside the index, one in a hundred lies beyond this by chance; there are three of them."""


class Verdict(StrEnum):
    """What the index says."""

    TOO_FEW = "too_few"
    STEADY = "steady"
    MOVED = "moved"
    DRIFTED = "drifted"


MEANING: Final[Mapping[Verdict, str]] = {
    Verdict.TOO_FEW: "too few answers in one of the months to tell anything",
    Verdict.STEADY: "no more than chance and custom allow",
    Verdict.MOVED: "worth a look: what customers complain of, or how it is read, has moved",
    Verdict.DRIFTED: "other complaints than before, or other answers; measure the model anew before relying on it",
}


class Answers(NamedTuple):
    """What was answered in a month; `confidence` and `squares` are sums, corrections those of disputes of this month."""

    categories: Mapping[str, int]
    needs_person: int
    confidence: float
    squares: float
    corrected: int

    @property
    def total(self) -> int:
        """How many answers."""
        return sum(self.categories.values())


class Compared(NamedTuple):
    """A figure last month and this month; `z` is the difference in standard errors, None where it cannot be told."""

    last: float | None
    this: float | None
    z: float | None

    @property
    def beyond_chance(self) -> bool:
        """Whether chance alone would show such a difference less than once in a hundred months."""
        return self.z is not None and abs(self.z) > Z_BEYOND


class Drift(NamedTuple):
    """This month against last month."""

    last: Answers
    this: Answers
    psi: float
    """The population stability index."""
    chance: float
    """What the index stays below in 95 of 100 months in which nothing changes."""
    verdict: Verdict
    needs_person: Compared
    confidence: Compared
    corrected: Compared

    @property
    def names(self) -> list[str]:
        """The categories that were answered in either month."""
        return sorted(self.last.categories.keys() | self.this.categories.keys())

    @property
    def figures(self) -> dict[str, Compared]:
        """What is compared beside the categories, by name."""
        return {"needs_person": self.needs_person, "mean_confidence": self.confidence, "corrected": self.corrected}


def document(found: Drift) -> dict[str, Any]:
    """Every figure as JSON values; shares and the index to four places."""
    return {
        "verdict": found.verdict.value,
        "meaning": MEANING[found.verdict],
        "population_stability_index": round(found.psi, 4),
        "explained_by_chance": round(found.chance, 4),
        "answers": {"last": found.last.total, "this": found.this.total},
        "categories": {
            name: {"last": found.last.categories.get(name, 0), "this": found.this.categories.get(name, 0)}
            for name in found.names
        },
        **{name: _told(each) for name, each in found.figures.items()},
    }


def drift(last: Answers, this: Answers) -> Drift:
    """The comparison; with an empty month there is a verdict of too few."""
    index = stability_index(last.categories, this.categories)
    chance = by_chance(len(last.categories.keys() | this.categories.keys()), last.total, this.total)
    return Drift(
        last,
        this,
        index,
        chance,
        _verdict(index, chance, min(last.total, this.total)),
        _shares(last.needs_person, last.total, this.needs_person, this.total),
        _means(last, this),
        _shares(last.corrected, last.total, this.corrected, this.total),
    )


def stability_index(last: Mapping[str, int], this: Mapping[str, int]) -> float:
    """The population stability index of two counts by category; 0 for none and for the same shares, never below."""
    names = sorted(last.keys() | this.keys())
    before, after = _smoothed(last, names), _smoothed(this, names)
    return sum((q - p) * log(q / p) for p, q in zip(before, after, strict=True))


def by_chance(categories: int, last: int, this: int) -> float:
    """What the index stays below in 95 of 100 cases while nothing changes; Wilson and Hilferty's chi-square quantile."""
    freedom = categories - 1
    if freedom < 1 or not last or not this:
        return 0.0
    part = 2 / (9 * freedom)
    return float(freedom * (1 - part + _Z_95 * sqrt(part)) ** 3 * (1 / last + 1 / this))


def _told(each: Compared) -> dict[str, float | bool | None]:
    figures = {name: None if value is None else round(value, 4) for name, value in each._asdict().items()}
    return {**figures, "beyond_chance": each.beyond_chance}


def _smoothed(counts: Mapping[str, int], names: list[str]) -> list[float]:
    total = sum(counts.values()) + _PRIOR * len(names)
    return [(counts.get(name, 0) + _PRIOR) / total for name in names]


def _verdict(index: float, chance: float, least: int) -> Verdict:
    if least < LEAST:
        return Verdict.TOO_FEW
    if index <= max(MOVED, chance):
        return Verdict.STEADY
    return Verdict.MOVED if index <= DRIFTED else Verdict.DRIFTED


def _shares(before: int, of_before: int, after: int, of_after: int) -> Compared:
    if not of_before or not of_after:
        return Compared(before / of_before if of_before else None, after / of_after if of_after else None, None)
    last, this = before / of_before, after / of_after
    pooled = (before + after) / (of_before + of_after)
    error = sqrt(pooled * (1 - pooled) * (1 / of_before + 1 / of_after))
    return Compared(last, this, (this - last) / error if error else None)


def _means(last: Answers, this: Answers) -> Compared:
    means = [each.confidence / each.total if each.total else None for each in (last, this)]
    if means[0] is None or means[1] is None:
        return Compared(means[0], means[1], None)
    error = sqrt(_of_mean(last, means[0]) + _of_mean(this, means[1]))
    return Compared(means[0], means[1], (means[1] - means[0]) / error if error else None)


def _of_mean(month: Answers, mean: float) -> float:
    """The squared standard error of a month's mean confidence."""
    return max(0.0, month.squares / month.total - mean * mean) / month.total
