"""Rising themes: which categories, issues, products and words more customers speak of than their own past explains.

Each count is set against the same season of the past (the same weekday of eight weeks; for a week, the eight weeks before)
as a share of the customers of its period, so that a busy day alone raises nothing. The count to be expected follows a negative
binomial distribution: its spread is that of chance, of the estimated rate, and of how unevenly such counts came in the past.
Over the many questions asked at once, Benjamini and Hochberg's procedure (1995) keeps the expected share of false themes.
While nothing changes, every theme is a false one, so that share is then the chance that a period shows any at all.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

FALSE_RATE: Final = 0.05
"""The stated rate of false alarms: half of it for what is filed as a fact, half for words."""
SEASONS_BACK: Final = 8
SEASONS_MIN: Final = 4
"""Fewer periods of the same season than this are no history."""
SHOWN_MIN: Final = 5
"""Customers who must have spoken of a theme for it to be shown."""
LIFT_MIN: Final = 1.5
"""What a count must be of the expected one; a small rise of a large count is certain and not worth a word."""
_SHRUNK_BY: Final = 50.0
"""How much the unevenness common to all terms counts beside a term's own, in sums of squared expected counts."""
PART_SHARE: Final = 0.9
"""From this share of its customers on, a word is told by the pair that holds it."""

_STEPS_MAX: Final = 400


class Period(NamedTuple):
    """A counted period: customers looked at, the count below which terms were not kept, and its season."""

    customers: int
    floor: int
    season: int


class Series(NamedTuple):
    """How many customers a term had in the period, and in those periods of the past, by place, where it was kept."""

    kind: str
    term: str
    customers: int
    past: Mapping[int, int]


class Theme(NamedTuple):
    """A term that rose: the count to be expected, how many times that it was, and how likely so many were by chance."""

    kind: str
    term: str
    customers: int
    expected: float
    lift: float
    chance: float


class _Told(NamedTuple):
    """What the past says of one term: the expected count, what it was estimated from, and its unevenness."""

    series: Series
    expected: float
    seen: float
    uneven: float
    doubt: float
    weight: float


def enough(period: Period, past: Sequence[Period]) -> bool:
    """Whether there is a history to set the period against."""
    return len(_same(period, past)) >= SEASONS_MIN and period.customers > 0


def rising(
    period: Period, past: Sequence[Period], series: Iterable[Series], *, asked: int, false_rate: float = FALSE_RATE / 2
) -> list[Theme]:
    """The terms that rose, the least likely by chance first.

    `asked` is how many terms the period and its past know in all, of which `series` may leave out those the period
    does not have. Without enough history nothing is told.
    """
    if not enough(period, past):
        return []
    told = [_told(each, period, past) for each in series]
    common = _common(told)
    chances = [(_chance(each, common), each) for each in told]
    kept = _discovered(sorted(chances, key=lambda each: (each[0], each[1].series.term)), asked, false_rate)
    themes = [Theme(*each.series[:3], each.expected, each.series.customers / each.expected, p) for p, each in kept]
    return _without_parts([each for each in themes if each.customers >= SHOWN_MIN and each.lift >= LIFT_MIN])


def _without_parts(themes: Sequence[Theme]) -> list[Theme]:
    """Without the words that a told pair tells as well: nine in ten who wrote "purple" wrote "purple screen"."""
    pairs = [each for each in themes if each.kind == "word" and " " in each.term]
    most: dict[str, int] = {}
    for pair in pairs:
        for word in pair.term.split(" "):
            most[word] = max(most.get(word, 0), pair.customers)
    return [
        each
        for each in themes
        if each.kind != "word" or " " in each.term or most.get(each.term, 0) < PART_SHARE * each.customers
    ]


def _same(period: Period, past: Sequence[Period]) -> list[int]:
    return [n for n, each in enumerate(past) if each.season == period.season and each.customers > 0]


def _count(series: Series, past: Sequence[Period], place: int) -> float:
    """A term that was not kept may have been one short of being kept: taking it for that raises no false alarm."""
    return series.past.get(place, min(past[place].floor - 1, past[place].customers))


def _told(series: Series, period: Period, past: Sequence[Period]) -> _Told:
    rates: dict[int, tuple[float, float, int]] = {}
    for place, each in enumerate(past):
        if each.customers <= 0:
            continue
        count, customers, periods = rates.get(each.season, (0.0, 0.0, 0))
        rates[each.season] = count + _count(series, past, place), customers + each.customers, periods + 1
    uneven = doubt = weight = 0.0
    for place, each in enumerate(past):
        total, customers, periods = rates.get(each.season, (0.0, 0.0, 0))
        if periods > 1 and each.customers > 0:
            mean = total / customers * each.customers
            # The mean was fitted to these very counts, which then lie nearer to it than to the true one.
            more = (_count(series, past, place) - mean) ** 2 * periods / (periods - 1) - mean
            uneven += more
            doubt += more * more
            weight += mean * mean
    seen, of, _ = rates[period.season]
    return _Told(series, (seen + 0.5) / of * period.customers, seen + 0.5, uneven, math.sqrt(doubt), weight)


def _common(told: Sequence[_Told]) -> float:
    """The unevenness of all terms together: variance beyond chance, per squared mean."""
    weight = sum(each.weight for each in told)
    return max(0.0, sum(each.uneven for each in told) / weight) if weight else 0.0


def _chance(told: _Told, common: float) -> float:
    own = (told.uneven + told.doubt + _SHRUNK_BY * common) / (told.weight + _SHRUNK_BY)
    uneven = max(common, own)
    doubt = (1 + told.expected * uneven) / told.seen
    return at_least(told.series.customers, told.expected, uneven + doubt)


def _discovered(ordered: Sequence[tuple[float, _Told]], asked: int, rate: float) -> Sequence[tuple[float, _Told]]:
    last = 0
    for place, (chance, _) in enumerate(ordered, 1):
        if chance <= rate * place / max(asked, len(ordered)):
            last = place
    return ordered[:last]


def at_least(count: int, expected: float, spread: float) -> float:
    """The chance of so many or more, by a negative binomial of this mean whose variance is mean + spread * mean squared."""
    if count <= 0:
        return 1.0
    size = 1 / spread
    return incomplete_beta(float(count), size, expected / (expected + size))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by Lentz's continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return min(1.0, math.exp(front) * _fraction(a, b, x) / a)


def _fraction(a: float, b: float, x: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or tiny)
    value = d
    for m in range(1, _STEPS_MAX):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + numerator * d or tiny)
            c = 1 + numerator / c or tiny
            value *= c * d
        if abs(c * d - 1) < 1e-12:
            break
    return value
