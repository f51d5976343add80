"""What escalation decided for one dispute: the dispute after, its clocks, its timers, and what is to be told."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from shared.domain.clock_record import Clock, Kind
from shared.domain.dispute import Dispute
from shared.domain.handover import HandOver


class TakenUp(Struct, frozen=True, kw_only=True, gc=False):
    """A tier and a handler have the dispute; `clocks` are those started with it, by their due instants."""

    tier: int
    handler: str | None
    because: tuple[str, ...]
    skipped: tuple[str, ...]
    policy_version: int
    clocks: Mapping[Kind, datetime]
    first: bool


class Climbed(Struct, frozen=True, kw_only=True, gc=False):
    """The dispute went to a higher tier; `clock` is the one that ran out, None when none did."""

    from_tier: int
    to_tier: int
    handler: str | None
    because: tuple[str, ...]
    skipped: tuple[str, ...]
    policy_version: int
    clock: Clock | None
    next_due_at: datetime | None


class Warned(Struct, frozen=True, gc=False):
    """A clock reached one of its warnings, which was due at `warn_at`."""

    clock: Clock
    percent: int
    warn_at: datetime


class Missed(Struct, frozen=True, gc=False):
    """A clock ran out before what it watches was done."""

    clock: Clock


class Extended(Struct, frozen=True, gc=False):
    """A clock was given more time than until `before`, which is None when a pause hid the deadline."""

    clock: Clock
    before: datetime | None


class NewsOwed(Struct, frozen=True, gc=False):
    """The customer is owed an update by the clock's due; `next_due_at` is when the one after would be."""

    clock: Clock
    next_due_at: datetime | None


class FollowUpAsked(Struct, frozen=True, gc=False):
    """The customer is to be asked whether the resolution holds."""

    clock: Clock
    occasion: int


class Closed(Struct, frozen=True, gc=False):
    """The dispute was closed: `because` is `silence` or `confirmed`."""

    because: str


class HandedOver(Struct, frozen=True, gc=False):
    """Somebody had the dispute given from one handler to another."""

    before: str | None
    handler: str | None
    tier: int
    wish: HandOver


Told = TakenUp | HandedOver | Climbed | Warned | Missed | Extended | NewsOwed | FollowUpAsked | Closed


class Arm(Struct, frozen=True, gc=False):
    """A timer to be set for a clock's next moment, replacing any of the same kind."""

    at: datetime
    generation: int


class Plan(Struct, frozen=True, gc=False):
    """Everything to be saved together. `timers` holds an Arm, or None where a timer is to be taken away.

    `dispute` keeps the sequence and head it was read with; `clocks` are those that are new or changed.
    """

    dispute: Dispute
    clocks: tuple[Clock, ...]
    timers: Mapping[Kind, Arm | None]
    told: tuple[Told, ...]
