"""How often rising themes are told where nothing rose, and how often a theme that rose is.

`python -m benchmarks.themes` draws days of a house in which nothing changes but the weekday: some thousand terms, the n-th about
n times rarer than the first, each with a weekday pattern and with days of its own on which it comes in heaps. It prints the
share of days on which anything was told, beside the rate that is stated, and then how often a term whose rate is doubled,
or trebled, for a day is told, by how many customers it usually has.
"""

import argparse
import time
from typing import Final

import numpy as np

from shared.domain.themes import FALSE_RATE, Period, Series, rising

DAYS: Final = 56
FLOOR: Final = 3
WEEKDAYS: Final = (1.2, 1.1, 1.0, 1.0, 1.0, 0.5, 0.4)


def main() -> int:
    """Prints the rates; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--terms", type=int, default=3000)
    parser.add_argument("--customers", type=int, default=1400, help="of an ordinary day")
    given = parser.parse_args()
    draw = np.random.default_rng(11)
    print(
        f"{given.days} days without a change, {given.terms:,} terms, {given.customers:,} customers a day; stated: {FALSE_RATE / 2}"
    )
    for uneven in (0.0, 0.05, 0.2):
        house = House(draw, given.terms, given.customers, uneven)
        began = time.perf_counter()
        alarms = [len(house.day(n)) for n in range(given.days)]
        took = (time.perf_counter() - began) / given.days * 1000
        told = sum(each > 0 for each in alarms)
        print(
            f"  unevenness {uneven:4.2f}: {told / given.days:.3f} of the days told a theme ({sum(alarms)} themes); {took:.0f} ms a day",
            flush=True,
        )
    print("a term's usual customers a day, and how often twice and three times as many are told")
    for uneven in (0.0, 0.05):
        house = House(draw, given.terms, given.customers, uneven)
        for usual in (3, 5, 10, 20, 40):
            rates = [house.power(usual, times, given.days // 5) for times in (2, 3)]
            print(f"  unevenness {uneven:4.2f}, {usual:3} customers: {rates[0]:.2f} {rates[1]:.2f}", flush=True)
    return 0


class House:
    """Terms with their rates; `uneven` is the mean of what is variance beyond chance, per squared mean, by term."""

    def __init__(self, draw: np.random.Generator, terms: int, customers: int, uneven: float) -> None:
        self.draw, self.customers, self.uneven = draw, customers, uneven
        rate = np.minimum(0.5, 1.2 / np.arange(2, terms + 2) ** 0.85)
        weekday = draw.gamma(40, 1 / 40, size=(7, terms))
        self.rates = rate * weekday
        self.heaps = draw.exponential(uneven, size=terms) if uneven else None

    def counts(self, days: np.ndarray, raised: int, times: float) -> tuple[np.ndarray, np.ndarray]:
        """Customers of these days, and how many of them had each term; one is raised on the last day."""
        customers = self.draw.poisson(self.customers * np.take(WEEKDAYS, days % 7))
        mean = customers[:, None] * self.rates[days % 7]
        mean[-1, raised] *= times
        if self.heaps is not None:
            shape = 1 / np.maximum(self.heaps, 1e-4)
            mean = mean * self.draw.gamma(shape, 1 / shape, size=mean.shape)
        return customers, np.minimum(self.draw.poisson(mean), customers[:, None])

    def day(self, number: int, *, usual: int = 0, times: float = 1.0) -> list[str]:
        """The terms told on a day with a past of its own; the term nearest the usual count comes so many times as often."""
        raised = self.nearest(usual, (number + DAYS) % 7)
        customers, counts = self.counts(np.arange(number, number + DAYS + 1), raised, times)
        past = [Period(int(n), FLOOR, (number + day) % 7) for day, n in enumerate(customers[:-1])]
        known = (counts >= FLOOR).any(axis=0)
        series = [
            Series(
                "term",
                str(term),
                int(counts[-1, term]),
                {day: int(n) for day, n in enumerate(counts[:-1, term]) if n >= FLOOR},
            )
            for term in np.flatnonzero(counts[-1] >= FLOOR)
        ]
        today = Period(int(customers[-1]), FLOOR, (number + DAYS) % 7)
        return [each.term for each in rising(today, past, series, asked=int(known.sum()))]

    def nearest(self, usual: int, weekday: int) -> int:
        """The term with about so many customers on this weekday."""
        mean = self.rates[weekday] * self.customers * WEEKDAYS[weekday]
        return int(np.argmin(np.abs(mean - usual)))

    def power(self, usual: int, times: float, days: int) -> float:
        """How often a term that comes so many times as often is told; on working days."""
        numbers = [n for n in range(days * 2) if (n + DAYS) % 7 < 5][:days]
        told = [str(self.nearest(usual, (n + DAYS) % 7)) in self.day(n, usual=usual, times=times) for n in numbers]
        return sum(told) / len(told)


if __name__ == "__main__":
    raise SystemExit(main())
