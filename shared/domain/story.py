"""What happened to a past dispute, as far as the engine looks at it: facts at filing, and what people did when."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from shared.domain.dispute import Dispute


class Did(StrEnum):
    """What happened that the engine looks at; growing older, the only one that nobody does, is added by the replay."""

    MOVED = "moved"
    WROTE = "wrote"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    INFORMED = "informed"
    CORRECTED = "corrected"
    ASKED = "asked"
    AGED = "aged"


class Step(NamedTuple):
    """Something done at an instant; `value` is the trigger, the corrected facts or the tier asked for."""

    at: datetime
    did: Did
    value: Any = None


class Story(NamedTuple):
    """A dispute as it was filed and heard of at `filed_at`, what was done to it in order, and until when it is told."""

    dispute: Dispute
    filed_at: datetime
    steps: tuple[Step, ...]
    until: datetime
