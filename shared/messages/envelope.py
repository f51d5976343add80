"""The envelope of a message: a CloudEvents 1.0 JSON body around one event, and its place in a dispute's hash chain."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
import orjson
from msgspec import Struct, field

from shared.domain.errors import RecourseError
from shared.messages.events import EVENTS, Event

_ENCODER: Final = msgspec.json.Encoder()
TYPE_PREFIX: Final = "org.recourse."
BODY_BYTES_MAX: Final = 256 * 1024


class Undecodable(RecourseError):
    """The bytes are no message of ours; nothing will make them one, so they are dead-lettered."""

    code = "undecodable"


class Envelope(Struct, frozen=True, gc=False):
    """One event on its way: the dispute (or inbound delivery) it is about, its number in that history, who caused it and when."""

    id: UUID
    subject: UUID
    sequence: int
    occurred_at: datetime
    actor: str
    event: Event
    traceparent: str | None = None

    @property
    def topic(self) -> str:
        """The routing key: the event's type."""
        return self.event.type

    def data(self) -> bytes:
        """The event's facts as JSON text, exactly as it is hashed and stored."""
        return _ENCODER.encode(self.event)

    def encode(self) -> bytes:
        """The whole message."""
        return self.encode_with(self.data())

    def encode_with(self, data: bytes) -> bytes:
        """The whole message around data that was already encoded."""
        head = {
            "specversion": "1.0",
            "id": str(self.id),
            "source": "/recourse",
            "type": f"{TYPE_PREFIX}{self.event.type}.v{self.event.version}",
            "subject": str(self.subject),
            "time": self.occurred_at,
            "datacontenttype": "application/json",
            "sequence": self.sequence,
            "actor": self.actor,
            "traceparent": self.traceparent,
            "data": orjson.Fragment(data),
        }
        return orjson.dumps(head, option=orjson.OPT_UTC_Z)


def decode(body: bytes) -> Envelope:
    """Reads a message.

    Raises:
        Undecodable: not JSON, not one of our types, or its facts do not fit the event.
    """
    if len(body) > BODY_BYTES_MAX:
        raise Undecodable(f"A message of {len(body)} bytes; the limit is {BODY_BYTES_MAX}.")
    try:
        head = orjson.loads(body)
        return Envelope(
            id=UUID(head["id"]),
            subject=UUID(head["subject"]),
            sequence=int(head["sequence"]),
            occurred_at=datetime.fromisoformat(head["time"]),
            actor=str(head["actor"]),
            event=event_of(head["type"], head["data"]),
            traceparent=head.get("traceparent"),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Undecodable(f"Not a message of ours: {error}") from error


def event_of(type_name: str, data: Mapping[str, Any]) -> Event:
    """The event of a type such as `dispute.filed` or `org.recourse.dispute.filed.v1`.

    Raises:
        KeyError: no such event.
        TypeError: the facts do not fit it.
    """
    name = type_name.removeprefix(TYPE_PREFIX).rsplit(".v", 1)[0]
    facts = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return EVENTS[name](**facts)


def chained(before: bytes, envelope: Envelope, data: bytes) -> bytes:
    """The hash of this event: SHA-256 over the one before and everything the event says."""
    event, subject = envelope.event, envelope.subject
    place = (subject, envelope.sequence, envelope.id, event.type, event.version, envelope.occurred_at, envelope.actor)
    return linked(before, *place, data)


def linked(  # noqa: PLR0913, PLR0917 - the hash is over exactly these, in this order
    before: bytes,
    subject: UUID,
    sequence: int,
    event_id: UUID,
    event_type: str,
    version: int,
    occurred_at: datetime,
    actor: str,
    data: bytes,
) -> bytes:
    """The hash of an event of which only the stored fields are known; see `chained`."""
    seal = hashlib.sha256(before)
    seal.update(f"{subject}|{sequence}|{event_id}|{event_type}|{version}".encode())
    seal.update(f"|{_told(occurred_at)}|{actor}|".encode())
    seal.update(data)
    return seal.digest()


@lru_cache(maxsize=64)
def _told(moment: datetime) -> str:
    """All that is recorded in one transaction has the same instant."""
    return moment.isoformat()


class Outgoing(Struct, frozen=True, gc=False):
    """A message as the broker sees it."""

    id: UUID
    topic: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
