"""A clock of one dispute as it is kept: the promise it measures, when it is due, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from shared.domain.clock_spec import ClockSpec, Extension


class Kind(StrEnum):
    """What a clock of the escalation matrix measures."""

    ACKNOWLEDGEMENT = "acknowledgement"
    FIRST_RESPONSE = "first_response"
    NEXT_UPDATE = "next_update"
    TIER = "tier"
    RESOLUTION = "resolution"
    FOLLOW_UP = "follow_up"
    SILENCE = "silence"


PROMISES: Final = frozenset({Kind.ACKNOWLEDGEMENT, Kind.FIRST_RESPONSE, Kind.NEXT_UPDATE, Kind.RESOLUTION})
"""Promises to the customer, counted as kept or broken; the others are the house's own."""


class ClockState(StrEnum):
    """Where a clock stands; a missed clock may still be met, late."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    STOPPED = "stopped"


OPEN: Final = frozenset({ClockState.RUNNING, ClockState.PAUSED})


class OnBreach(StrEnum):
    """What happens when a clock runs out."""

    ESCALATE = "escalate"
    TELL = "tell"
    ASK_FOLLOW_UP = "ask_follow_up"
    CLOSE = "close"


class Promise(Struct, frozen=True, gc=False):
    """The rule a clock was started with, which a later policy does not change.

    `owe_at` is the fraction at which the customer is owed news; `reminder` counts how often the top tier has been
    reminded before, 0 for an ordinary clock.
    """

    spec: ClockSpec
    on_breach: OnBreach
    owe_at: float | None = None
    reminder: int = 0


class Clock(Struct, frozen=True, kw_only=True, gc=False):
    """One generation of one clock. `phase` is the stretch of the dispute's life it belongs to; `warned` are percents.

    It counts from `started_at` and was set up at `opened_at`, which is later when nobody was there to do it.
    `due_at` is None while an open pause holds it back. A missed clock keeps `due_at` and `fired_at`.
    """

    kind: Kind
    generation: int
    phase: int
    state: ClockState
    tier: int | None
    promise: Promise
    policy_version: int
    started_at: datetime
    opened_at: datetime
    due_at: datetime | None
    warned: tuple[int, ...] = ()
    extensions: tuple[Extension, ...] = ()
    met_at: datetime | None = None
    missed_at: datetime | None = None
    fired_at: datetime | None = None
    stopped_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it still runs or is paused."""
        return self.state in OPEN


Clocks = Mapping[Kind, Clock]
"""The newest generation of each clock of one dispute."""
