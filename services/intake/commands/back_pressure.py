"""Filing is refused while messages pile up: a promise nobody is told of is not taken in."""

import time
from collections.abc import Callable
from typing import Final

from services.intake.problems import Problem
from shared.db import outbox
from shared.db.engine import Tx

LOOKED_SECONDS: Final = 1.0
"""How often the outbox is looked at."""


class BackPressure:
    """Knows the age of the oldest unpublished message, about a second old. A bound of 0 never refuses."""

    def __init__(self, age_seconds_max: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._max = age_seconds_max
        self._clock = clock
        self._age = 0.0
        self._looked = float("-inf")

    @property
    def due(self) -> bool:
        """Whether it is time to look at the outbox again."""
        return bool(self._max) and self._clock() - self._looked >= LOOKED_SECONDS

    async def check(self, tx: Tx) -> None:
        """Looks at the outbox when it was long enough ago.

        Raises:
            Problem: see `refuse`.
        """
        if self.due:
            self._looked = self._clock()
            _, age = await outbox.backlog(tx)
            self._age = age.total_seconds()
        self.refuse()

    def refuse(self) -> None:
        """Goes by what was seen last.

        Raises:
            Problem: `overloaded`, when the oldest message had waited longer than the bound.
        """
        if self._max and self._age > self._max:
            detail = "Messages cannot be delivered at present, so no dispute is taken in; try again later."
            raise Problem("overloaded", detail, headers={"retry-after": "5"})
