"""What escalation decided for one dispute: the dispute after, its clocks, its timers, and what is to be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.domain.clock_record import Clock, Kind
from shared.domain.dispute import Dispute


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenUp:
    """A tier and a handler have the dispute; `clocks` are those started with it, by their due instants."""

    tier: int
    handler: str | None
    because: tuple[str, ...]
    skipped: tuple[str, ...]
    policy_version: int
    clocks: Mapping[Kind, datetime]
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbed:
    """The dispute went to a higher tier; `clock` is the one that ran out, None when none did."""

    from_tier: int
    to_tier: int
    handler: str | None
    because: tuple[str, ...]
    skipped: tuple[str, ...]
    policy_version: int
    clock: Clock | None
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Warned:
    """A clock reached one of its warnings, which was due at `warn_at`."""

    clock: Clock
    percent: int
    warn_at: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """A clock ran out before what it watches was done."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class NewsOwed:
    """The customer is owed an update by the clock's due; `next_due_at` is when the one after would be."""

    clock: Clock
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class FollowUpAsked:
    """The customer is to be asked whether the resolution holds."""

    clock: Clock
    occasion: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The dispute was closed: `because` is `silence` or `confirmed`."""

    because: str


Told = TakenUp | Climbed | Warned | Missed | NewsOwed | FollowUpAsked | Closed


@dataclass(frozen=True, slots=True)
class Arm:
    """A timer to be set for a clock's next moment, replacing any of the same kind."""

    at: datetime
    generation: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything to be saved together. `timers` holds an Arm, or None where a timer is to be taken away.

    `dispute` keeps the sequence and head it was read with; `clocks` are those that are new or changed.
    """

    dispute: Dispute
    clocks: tuple[Clock, ...]
    timers: Mapping[Kind, Arm | None]
    told: tuple[Told, ...]
