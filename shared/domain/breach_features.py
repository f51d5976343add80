"""What the risk of a broken resolution clock is judged by: figures of a dispute and its clock as they stood at an instant."""

from collections.abc import Collection
from datetime import datetime
from math import log, log1p
from typing import Final, NamedTuple

from shared.domain.clock_record import Clock
from shared.domain.clock_run import Run
from shared.domain.conditions import Rates
from shared.domain.dispute import CATEGORIES, Dispute, Severity
from shared.domain.timekeeping import Calendars, worked_out

SHARE_MAX: Final = 0.99
"""Shares of the time are judged up to here; past it the logarithm of what is left says nothing more."""
BACKLOG_MAX: Final = 10_000
"""A backlog is counted up to here, so that counting it costs little however many disputes are open."""
AMOUNT_BANDS: Final = (50, 150, 500, 2500)
"""In the base currency of the matrix."""
OFFICE_HOURS: Final = range(7, 19)
"""Hours of UTC that are taken for the working day."""
_LEGAL: Final = frozenset({"legal_threat", "regulator", "media", "safety", "discrimination"})
_VULNERABLE: Final = frozenset({"vulnerable", "hardship", "distressed"})
_COUNT_MAX: Final = 20
_CATEGORIES: Final = CATEGORIES[1:]
_SEVERITIES: Final = (Severity.LOW, Severity.HIGH, Severity.CRITICAL)

NAMES: Final = (
    "time_used",
    "share_used",
    "tier",
    "climbs",
    "waits",
    "waiting_for_customer",
    "reopened",
    "contacts",
    "prior_disputes",
    "backlog",
    "needs_person",
    "vulnerable",
    "legal",
    "amount_known",
    "amount_band",
    "office_hours",
    "weekend",
    *(f"severity_{each}" for each in _SEVERITIES),
    *(f"category_{each}" for each in _CATEGORIES),
)
"""The figures in their order; those a first category (`billing_error`) or severity (`normal`) is compared with have none."""

Features = tuple[float, ...]
TIME_USED: Final = NAMES.index("time_used")
SHARE_USED: Final = NAMES.index("share_used")
TIER: Final = NAMES.index("tier")
HOURS: Final = NAMES.index("office_hours")
WEEKEND: Final = NAMES.index("weekend")


class Around(NamedTuple):
    """What is known at the instant beside the dispute itself; `backlog` counts open disputes of the whole house."""

    now: datetime
    share: float
    backlog: int = 0
    climbs: int = 0


def share_used(clock: Clock, dispute: Dispute, calendars: Calendars, now: datetime) -> float:
    """The share of the clock's counted time that has passed at `now`: 0 at its start, 1 at its due or later.

    Raises:
        PolicyFault: no calendar of the name its rule says.
        CannotPromise: the deadline never comes.
    """
    return share_of(worked_out(clock, dispute, calendars), now)


def share_of(run: Run, now: datetime) -> float:
    """The share of a clock's time that has passed, of the clock worked out."""
    if not run.budget:
        return 1.0
    return min(1.0, max(0.0, 1.0 - run.remaining(now) / run.budget))


def features_of(dispute: Dispute, around: Around, rates: Rates) -> Features:
    """The figures in the order of `NAMES`. Nothing but the arguments is looked at, so nothing later can be."""
    share = min(SHARE_MAX, max(0.0, around.share))
    band = amount_band(dispute, rates)
    return (
        -log(1.0 - share),
        share,
        float((dispute.tier or 1) - 1),
        float(min(around.climbs, _COUNT_MAX)),
        log1p(len(dispute.waits)),
        float(waits_for_customer(dispute)),
        float(min(dispute.reopen_count, _COUNT_MAX)),
        log1p(min(dispute.contact_count, _COUNT_MAX)),
        log1p(min(dispute.prior_disputes, _COUNT_MAX)),
        log1p(min(around.backlog, BACKLOG_MAX)),
        float(dispute.category.needs_person),
        float(dispute.customer_class == "vulnerable" or _any(_VULNERABLE, dispute.signals)),
        float(_any(_LEGAL, dispute.signals)),
        float(band is not None),
        float(band or 0),
        float(in_office_hours(around.now)),
        float(at_weekend(around.now)),
        *(float(dispute.severity is each) for each in _SEVERITIES),
        *(float(dispute.category.name == each) for each in _CATEGORIES),
    )


def waits_for_customer(dispute: Dispute) -> bool:
    """Whether it waits for its customer now."""
    waiting = dispute.waiting
    return waiting is not None and waiting.on.startswith("customer")


def amount_band(dispute: Dispute, rates: Rates) -> int | None:
    """How many of `AMOUNT_BANDS` the amount is above; None without an amount or a reference rate."""
    amount = dispute.amount
    worth = None if amount is None else rates.convert(amount.amount, amount.currency, rates.base)
    return None if worth is None else sum(worth > edge for edge in AMOUNT_BANDS)


def in_office_hours(now: datetime) -> bool:
    """Whether the instant, in UTC, lies in what is taken for the working day."""
    return now.hour in OFFICE_HOURS


def at_weekend(now: datetime) -> bool:
    """Whether the instant, in UTC, lies on a Saturday or Sunday."""
    return now.isoweekday() > 5


def _any(wanted: frozenset[str], found: Collection[str]) -> bool:
    return not wanted.isdisjoint(found)
