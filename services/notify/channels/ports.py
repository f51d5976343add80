"""What a channel is given, what it promises, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A rendered letter. `in_reply_to` and `references` are Message-IDs with their brackets, oldest first.

    An `internal` one asks for no answer: what a colleague replies must not join the customer's conversation.
    """

    subject: str
    text: str
    html: str
    language: str
    to_name: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    internal: bool = False
    automatic: bool = True
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A webhook's body and the secrets to sign it with, the newest first."""

    body: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One delivery on its way: the same `delivery_id` at every attempt, `at` by the database's clock."""

    delivery_id: UUID
    dispute_id: UUID
    recipient: str
    address: str
    at: datetime
    content: Letter | Signal


class Outcome(StrEnum):
    """How an attempt ended.

    `unknown` means that it may have arrived: it is tried again under the same name. `refused` is for ever. `gone` says
    that the recipient wants nothing more of anything.
    """

    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a parcel. `detail` names no address; `retry_after` is what the other side asked for."""

    outcome: Outcome
    detail: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a channel can bear.

    `schedule` holds the waits between attempts: there is one attempt more than waits. `at_once` bounds the parcels
    under way, `per_recipient` those to one recipient, `seconds_max` the time one may take. So many seconds beyond that,
    whoever holds a parcel is taken for dead, and it is handed over once more.
    """

    schedule: Sequence[timedelta]
    at_once: int
    per_recipient: int
    seconds_max: float
    margin_seconds: float = 30.0


class Channel(Protocol):
    """A way out of the house. `send` raises nothing for what the world outside does; only cancellation passes."""

    @property
    def terms(self) -> Terms: ...

    async def send(self, parcel: Parcel) -> Handed:
        """Hands the parcel over, or says why not."""

    async def close(self) -> None:
        """Lets go of connections."""
