"""How likely a broken promise was at an instant of a story that is told again: recomputed from what was known by then.

All figures of breach risk are in the story but one, how many disputes of the house were open at the time: stories are told
alone and in any order. The model is told its own average there, which presses nothing up or down; the prior does not look.
"""

from collections.abc import Hashable
from datetime import datetime, timedelta
from math import expm1
from typing import Final, NamedTuple

from shared.domain.breach_features import Around, amount_band, features_of, share_of, waits_for_customer
from shared.domain.breach_grounds import PARTS, Grounds
from shared.domain.breach_risk import Model, weight_of
from shared.domain.clock_record import Clock, Clocks, Kind
from shared.domain.clock_run import Run
from shared.domain.conditions import Rates
from shared.domain.dispute import Dispute, Wait
from shared.domain.money import Money
from shared.domain.timekeeping import Calendars, worked_out

_KNOWN_MAX: Final = 8192
"""Grounds that are kept; then they are forgotten all at once, and it begins again."""
_LONG_ENOUGH: Final = timedelta(seconds=10)
"""Of a clock with less time the parts are too short for whole microseconds, and every look is taken."""


class Assumed:
    """The model that judges, None for the prior, and the open disputes that it is told of."""

    __slots__ = ("_grounds", "_weighs", "backlog", "model")

    def __init__(self, model: Model | None = None, backlog: int = 0) -> None:
        self.model: Final = model
        self.backlog: Final = backlog
        self._weighs: Final = bool(weight_of(model))
        self._grounds: dict[Hashable, Grounds] = {}

    @classmethod
    def of(cls, model: Model | None) -> "Assumed":
        """This model with its own average of open disputes."""
        means = [each.mean for each in model.weights if each.name == "backlog"] if model is not None else []
        return cls(model, max(0, round(expm1(means[0]))) if means else 0)

    def grounds(self, dispute: Dispute, climbs: int, rates: Rates, band: int | None) -> Grounds:
        """What the risk of the dispute rests on as it stands; `band` is that of its amount."""
        key = _looked_at(dispute, climbs, band) if self._weighs else dispute.tier
        found = self._grounds.get(key)
        if found is None:
            if len(self._grounds) >= _KNOWN_MAX:
                self._grounds.clear()
            around = Around(dispute.received_at, 0.0, self.backlog, climbs)
            found = self._grounds[key] = Grounds(self.model, features_of(dispute, around, rates))
        return found


def _looked_at(dispute: Dispute, climbs: int, band: int | None) -> Hashable:
    """Whatever a figure rests on but the time; equal values, equal figures."""
    return (
        dispute.tier,
        climbs,
        len(dispute.waits),
        waits_for_customer(dispute),
        dispute.reopen_count,
        dispute.contact_count,
        dispute.prior_disputes,
        dispute.category.name,
        dispute.category.needs_person,
        dispute.customer_class,
        dispute.signals,
        dispute.severity,
        band,
    )


class Parts(NamedTuple):
    """A generation of the resolution clock as it runs, its time divided into `PARTS`."""

    generation: int
    run: Run

    @property
    def even(self) -> bool:
        """Whether each part is found as exactly as it must be to tell the share that is used at its end."""
        return self.run.budget >= _LONG_ENOUGH

    def end(self, part: int) -> datetime | None:
        """When this part has passed; None while it is paused before that."""
        return self.run.at(part / PARTS) if part < PARTS else None

    def ended(self, until: datetime, *, included: bool, least: int = 0) -> int:
        """How many have passed before `until`, or until then when that is `included`; at least `least`."""
        low, high = least, PARTS - 1
        while low < high:
            middle = (low + high + 1) // 2
            at = self.end(middle)
            if at is not None and (at < until or (included and at == until)):
                low = middle
            else:
                high = middle - 1
        return low


class Prospect:
    """The risk of one story under one matrix, as the engine would have kept it."""

    def __init__(self, assumed: Assumed, rates: Rates, calendars: Calendars) -> None:
        self._assumed = assumed
        self._rates = rates
        self._calendars = calendars
        self._amount: Money | None = None
        self._band: int | None = None
        self._parts: Parts | None = None
        self._asked: tuple[Clock | None, tuple[Wait, ...]] = (None, ())

    def parts(self, dispute: Dispute, clocks: Clocks) -> Parts | None:
        """The resolution clock with its parts, the same while it runs as it did; None when none is open."""
        clock = clocks.get(Kind.RESOLUTION)
        if clock is None or not clock.open:
            return None
        asked, waits = self._asked
        if clock is asked and dispute.waits is waits:
            return self._parts
        run, before = worked_out(clock, dispute, self._calendars), self._parts
        if before is None or before.run is not run or before.generation != clock.generation:
            self._parts = Parts(clock.generation, run)
        self._asked = clock, dispute.waits
        return self._parts

    def grounds(self, dispute: Dispute, climbs: int) -> Grounds:
        """What the risk rests on until something happens."""
        if dispute.amount is not self._amount:
            self._amount, self._band = dispute.amount, amount_band(dispute, self._rates)
        return self._assumed.grounds(dispute, climbs, self._rates, self._band)

    def risk(self, dispute: Dispute, clocks: Clocks, at: datetime, *, climbs: int) -> float | None:
        """The risk at an instant as a whole percent; None without a resolution clock that is open."""
        parts = self.parts(dispute, clocks)
        return None if parts is None else self.grounds(dispute, climbs).percent(share_of(parts.run, at), at)
