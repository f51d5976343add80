"""The values a deadline is made of: the clock's rule, its pauses, its extensions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from shared.domain.counting import A_MONTH
from shared.domain.duration import Duration, Term, Unit, parts_of
from shared.domain.errors import InvalidValue
from shared.domain.walltime import as_utc

DUE: Final = 1.0
"""The fraction at which a clock is due; warnings lie below it."""

_WARNINGS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class ClockSpec:
    """The rule of one clock. `cap` ends it at the latest, paused, extended or not; `calendar` is a calendar's name.

    `count_receipt_day` makes the day of start the first day of business days and of terms that run to the end of a day.
    `recurring` says that the next period starts where this one ended. InvalidValue for a rule that contradicts itself.
    """

    kind: str
    duration: Term
    calendar: str
    pausable: bool = False
    warn_at: tuple[float, ...] = ()
    count_receipt_day: bool = False
    cap: Term | None = None
    recurring: bool = False
    billing_cycle: Duration = A_MONTH
    source: str | None = None
    as_of: str | None = None

    def __post_init__(self) -> None:
        if not all(0 < fraction < DUE for fraction in self.warn_at) or len(self.warn_at) > _WARNINGS_MAX:
            raise InvalidValue("/warn_at", f"Warnings are at most {_WARNINGS_MAX} fractions between 0 and 1.")
        if any(second <= first for first, second in pairwise(self.warn_at)):
            raise InvalidValue("/warn_at", "Warnings rise, each later than the one before.")
        if not self.billing_cycle.unit.is_date or self.billing_cycle.unit is Unit.BILLING_CYCLE:
            raise InvalidValue("/billing_cycle", "A billing cycle is so many calendar days, weeks, months or years.")
        if self.count_receipt_day and not all(map(_has_days, parts_of(self.duration))):
            raise InvalidValue(
                "/count_receipt_day", "Only business days and terms to the end of a day have a first day."
            )


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stood still from `since` (inclusive) to `until` (exclusive, None while it still does)."""

    since: datetime
    until: datetime | None
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "since", as_utc(self.since, "since"))
        if self.until is not None:
            object.__setattr__(self, "until", as_utc(self.until, "until"))
            if self.until < self.since:
                raise InvalidValue("/until", f"A pause cannot end ({self.until}) before it began ({self.since}).")


@dataclass(frozen=True, slots=True)
class Extension:
    """More time, granted for a reason: `by` so much more, or a date of its own that no pause moves.

    `request` names the wish that it grants; None when nobody asked for it.
    """

    by: Duration | datetime
    reason: str
    request: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.by, datetime):
            object.__setattr__(self, "by", as_utc(self.by, "by"))


def merge(pauses: Iterable[Pause], *, after: datetime) -> tuple[Pause, ...]:
    """The same still time as pauses that neither overlap nor touch, cut to what lies after `after`, in order."""
    merged: list[Pause] = []
    for pause in sorted(pauses, key=lambda pause: pause.since):
        if pause.until is not None and pause.until <= max(after, pause.since):
            continue
        since = max(pause.since, after)
        if merged and (merged[-1].until is None or since <= merged[-1].until):
            merged[-1] = _joined(merged[-1], pause)
        else:
            merged.append(Pause(since, pause.until, pause.reason))
    return tuple(merged)


def _joined(first: Pause, second: Pause) -> Pause:
    until = None if first.until is None or second.until is None else max(first.until, second.until)
    reasons = dict.fromkeys((*first.reason.split("; "), second.reason))
    return Pause(first.since, until, "; ".join(reasons))


def _has_days(part: Duration) -> bool:
    return part.unit is Unit.BUSINESS_DAY or part.end_of_day
