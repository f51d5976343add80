"""A clock of one dispute as it is kept: the promise it measures, when it is due, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from shared.domain.clock_spec import ClockSpec, Extension
from shared.domain.clock_terms import MayExtend, Watch

_OF_A_REGIME: Final = "regime:"
_OF_A_REFERRAL: Final = "referral:"
_NAME_MAX: Final = 300


class Kind(StrEnum):
    """What a clock measures: one of the escalation matrix's own, a milestone of a regime, or an outside body's answer.

    The members are the matrix's; `regime:<regime id>/<milestone>` and `referral:answer` are made by their text, are equal to it, and
    are not among them.
    """

    ACKNOWLEDGEMENT = "acknowledgement"
    FIRST_RESPONSE = "first_response"
    NEXT_UPDATE = "next_update"
    TIER = "tier"
    RESOLUTION = "resolution"
    FOLLOW_UP = "follow_up"
    SILENCE = "silence"

    @classmethod
    def _missing_(cls, value: object) -> "Kind | None":
        ours = isinstance(value, str) and value.startswith((_OF_A_REGIME, _OF_A_REFERRAL))
        if not ours or len(str(value)) > _NAME_MAX:
            return None
        kind = str.__new__(cls, value)
        kind._name_ = kind._value_ = str(value)
        return kind


@lru_cache(maxsize=4096)
def stored_kind(text: str) -> Kind:
    """The kind that is stored as this text.

    Raises:
        ValueError: no clock has such a kind.
    """
    return Kind(text)


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
    REMIND = "remind"
    ASK_FOLLOW_UP = "ask_follow_up"
    CLOSE = "close"


class Promise(Struct, frozen=True, gc=False):
    """The rule a clock was started with, which a later policy does not change.

    `owe_at` is the fraction at which the customer is owed news; `reminder` counts how often the top tier has been
    reminded before, 0 for an ordinary clock. `watch` is there for the milestones of regimes alone.
    """

    spec: ClockSpec
    on_breach: OnBreach
    owe_at: float | None = None
    reminder: int = 0
    extension: MayExtend | None = None
    watch: Watch | None = None


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

    @property
    def of_a_regime(self) -> bool:
        """Whether it is a milestone, or the notice of an extension of one."""
        return self.kind.startswith(_OF_A_REGIME)

    @property
    def promised(self) -> bool:
        """Whether it is a promise to the customer, or a duty towards them, to be counted as kept or broken."""
        return self.kind in PROMISES or (self.promise.watch is not None and self.promise.watch.duty)


Clocks = Mapping[Kind, Clock]
"""The newest generation of each clock of one dispute."""
