"""What the module of a sender promises, and what it makes of a delivery: values, from bytes and headers alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it came: header names in lower case, the first value of each, and the raw body."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a delivery is authentic; the reason is for the log and tells nothing of the secret."""

    authentic: bool
    reason: str = ""


AUTHENTIC = Verdict(authentic=True)


def refused(reason: str) -> Verdict:
    return Verdict(authentic=False, reason=reason)


class ThreadKey(NamedTuple):
    """The name of an outside message or conversation: kind `mail` with a Message-ID, `slack`, `generic`."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote. At least one of e-mail and reference makes them known again."""

    name: str | None = None
    email: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came along, by name, type, size in bytes and SHA-256 (hexadecimal) of its decoded content."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report that a message could not be delivered: what the reporting server says, and the Message-IDs it names."""

    summary: str
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message that could be read.

    `text` is all that was written; `reply` leaves out what was only quoted. `key` is what later messages will name,
    `answers` what this one names, best first. `automatic` says why no person wrote it, None when one did.
    """

    channel: str
    person: Person
    subject: str
    text: str
    reply: str
    key: ThreadKey | None = None
    answers: tuple[ThreadKey, ...] = ()
    recipients: tuple[str, ...] = ()
    automatic: str | None = None
    bounce: Bounce | None = None
    attachments: tuple[Attachment, ...] = ()
    order_reference: str | None = None
    product: str | None = None
    language: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Understood, and nothing for a dispute: an edit, a reaction, a ping."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Authentic and not understood; kept for a person to look at."""

    reason: str


Parsed = Incoming | Unwanted | Unreadable


class Sender(Protocol):
    """One system that sends to us. Every function is total: any bytes, any headers, never an exception."""

    @property
    def name(self) -> str:
        """The word in the path: `/v1/webhooks/{name}/{id}`."""

    @property
    def body_bytes_max(self) -> int:
        """The longest body taken."""

    @property
    def signs_body(self) -> bool:
        """Whether the body is needed to verify; if not, a refused request's body is not read."""

    def make_secret(self) -> str | None:
        """A fresh secret, or None when the sender's own must be entered."""

    def secret_fault(self, secret: str) -> str | None:
        """What is wrong with a secret that was entered; None when it can be used."""

    def verify(self, arrived: Arrived, secrets: Sequence[str], now: datetime) -> Verdict:
        """Whether the delivery was made with one of the secrets, and, where its time is signed, lately."""

    def handshake(self, arrived: Arrived) -> Mapping[str, str] | None:
        """The answer to a verified request that only asks whether we are there; None for a delivery."""

    def dedup_key(self, arrived: Arrived) -> str:
        """The same text for every delivery of the same thing, whatever number of times it is sent."""

    def read(self, arrived: Arrived, settings: Mapping[str, Any]) -> Parsed:
        """What the delivery says."""
