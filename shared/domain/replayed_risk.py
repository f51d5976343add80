"""How likely a broken promise was at an instant of a story that is told again: recomputed from what was known by then.

All figures of breach risk are in the story but one, how many disputes of the house were open at the time: stories are told
alone and in any order. The model is told its own average there, which presses nothing up or down; the prior does not look.
"""

from datetime import datetime
from math import expm1
from typing import Final, NamedTuple

from shared.domain.breach_features import Around, features_of, share_used
from shared.domain.breach_risk import Model, probability
from shared.domain.clock_record import Clock, Clocks, Kind
from shared.domain.dispute import Dispute
from shared.domain.matrix import Matrix
from shared.domain.timekeeping import Calendars, worked_out

LOOKS: Final = 100
"""Into so many parts of its counted time a resolution clock is divided; risk is looked at after each."""


class Assumed(NamedTuple):
    """The model that judges, None for the prior, and the open disputes that it is told of."""

    model: Model | None = None
    backlog: int = 0

    @classmethod
    def of(cls, model: Model | None) -> "Assumed":
        """This model with its own average of open disputes."""
        means = [each.mean for each in model.weights if each.name == "backlog"] if model is not None else []
        return cls(model, max(0, round(expm1(means[0]))) if means else 0)


class Prospect:
    """The risk of one story under one matrix, as the engine would have kept it."""

    def __init__(self, assumed: Assumed, matrix: Matrix, calendars: Calendars) -> None:
        self._assumed = assumed
        self._matrix = matrix
        self._calendars = calendars
        self._looked: tuple[int, int] = (0, 0)

    def risk(self, dispute: Dispute, clocks: Clocks, at: datetime, *, climbs: int) -> float | None:
        """The risk at an instant as a whole percent; None without a resolution clock that is open."""
        clock = clocks.get(Kind.RESOLUTION)
        if clock is None or not clock.open:
            return None
        share = share_used(clock, dispute, self._calendars, at)
        around = Around(at, share, self._assumed.backlog, climbs)
        return round(probability(self._assumed.model, features_of(dispute, around, self._matrix.rates)), 2)

    def next_look(self, dispute: Dispute, clocks: Clocks) -> datetime | None:
        """When the next part of the resolution clock has passed; None while it is paused, over or at its end."""
        clock = clocks.get(Kind.RESOLUTION)
        if clock is None or not clock.open:
            return None
        part = self._part(clock) + 1
        return worked_out(clock, dispute, self._calendars).at(part / LOOKS) if part < LOOKS else None

    def look(self, clocks: Clocks) -> None:
        """Says that the part was looked at."""
        clock = clocks[Kind.RESOLUTION]
        self._looked = clock.generation, self._part(clock) + 1

    def _part(self, clock: Clock) -> int:
        generation, part = self._looked
        return part if generation == clock.generation else 0
