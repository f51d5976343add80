"""What became of a case's matches: the spread of outcomes, what was paid, and a remedy that enough of them had.

A suggestion says on how many cases it rests. It is made only above a stated minimum, decides nothing, and is silent about
what is fair: it tells what was done.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeVar

from shared.domain.lifecycle import Outcome
from shared.domain.precedents import Match

T = TypeVar("T")

MATCHES_MIN: Final = 10
"""Matches below which nothing is suggested."""
SUPPORT_MIN: Final = 5
"""Matches that must have had the very outcome and remedy."""
SHARE_LOW_MIN: Final = 1 / 3
"""What the lower end of the interval for their share must reach."""
SHARES_MIN: Final = 3
"""Paid shares from which quartiles are told."""
_Z: Final = 1.959963984540054
"""The 97.5th percentile of the normal distribution: intervals cover 95 %."""


class Interval(NamedTuple):
    """A share and its 95 % interval, from 0 to 1."""

    share: float
    low: float
    high: float


class Quartiles(NamedTuple):
    """Of so many figures."""

    n: int
    low: float
    median: float
    high: float


class Spread(NamedTuple):
    """What became of the matches: by outcome, by remedy, the share of the disputed amount that was paid, and what held."""

    matches: int
    outcomes: Sequence[tuple[Outcome, int]]
    remedies: Sequence[tuple[str | None, int]]
    paid: Quartiles | None
    days: Quartiles | None
    reopened: int
    overturned: int


class Suggestion(NamedTuple):
    """An outcome with its remedy, how many of the matches had it, and how those fared."""

    outcome: Outcome
    remedy: str | None
    support: int
    of: int
    share: Interval
    paid: Quartiles | None
    reopened: int
    overturned: int
    rested_on: Sequence[Match]


def wilson(part: int, whole: int) -> Interval:
    """The share with its score interval (Wilson 1927), which keeps its promise for small numbers too."""
    if whole <= 0:
        return Interval(0.0, 0.0, 1.0)
    share, squared = part / whole, _Z * _Z
    middle = (share + squared / (2 * whole)) / (1 + squared / whole)
    half = _Z / (1 + squared / whole) * math.sqrt(share * (1 - share) / whole + squared / (4 * whole * whole))
    return Interval(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def quartiles(figures: Sequence[float]) -> Quartiles | None:
    """Quartiles by linear interpolation; None of fewer than three figures."""
    if len(figures) < SHARES_MIN:
        return None
    ordered = sorted(figures)
    low, median, high = (_quantile(ordered, share) for share in (0.25, 0.5, 0.75))
    return Quartiles(len(ordered), low, median, high)


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def spread(matches: Sequence[Match]) -> Spread:
    """Counts it all."""
    pasts = [each.past for each in matches]
    return Spread(
        matches=len(pasts),
        outcomes=_counted([each.outcome for each in pasts]),
        remedies=_counted([each.remedy for each in pasts]),
        paid=_paid(matches),
        days=quartiles([each.days for each in pasts]),
        reopened=sum(each.reopened for each in pasts),
        overturned=sum(each.overturned for each in pasts),
    )


def _counted(given: Sequence[T]) -> list[tuple[T, int]]:
    return sorted(Counter(given).items(), key=lambda each: (-each[1], str(each[0])))


def _paid(matches: Sequence[Match]) -> Quartiles | None:
    return quartiles([each.past.share for each in matches if each.past.share is not None])


def suggested(matches: Sequence[Match]) -> Suggestion | None:
    """The outcome and remedy most matches had, when enough of them did; the better match decides between equals."""
    had = Counter((each.past.outcome, each.past.remedy) for each in matches)
    if len(matches) < MATCHES_MIN:
        return None
    (outcome, remedy), support = had.most_common(1)[0]
    share = wilson(support, len(matches))
    if support < SUPPORT_MIN or share.low < SHARE_LOW_MIN:
        return None
    rested_on = [each for each in matches if (each.past.outcome, each.past.remedy) == (outcome, remedy)]
    return Suggestion(
        outcome=outcome,
        remedy=remedy,
        support=support,
        of=len(matches),
        share=share,
        paid=_paid(rested_on),
        reopened=sum(each.past.reopened for each in rested_on),
        overturned=sum(each.past.overturned for each in rested_on),
        rested_on=rested_on,
    )
