"""How often and how soon a message that failed is tried again."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential waits: `first`, doubled after each failure up to `longest`, each shortened by up to a half.

    After `attempts_max` failures there is no further try. `spread` gives a number from 0 up to 1.
    """

    attempts_max: int = 8
    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=15)
    spread: Callable[[], float] = random.random

    def wait(self, failures: int) -> timedelta | None:
        """How long to wait after the nth failure; None when that was the last try."""
        if failures >= self.attempts_max:
            return None
        doubled = self.first * math.ldexp(1.0, failures - 1)
        return min(self.longest, doubled) * (1 - self.spread() / 2)
