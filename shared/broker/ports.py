"""What every broker promises, whichever it is; code above a driver cannot tell which one it has."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol
from uuid import UUID

from shared.messages.envelope import Outgoing
from shared.messages.topology import Queue

PUBLISH_SECONDS_MAX: Final = 8.0
"""The longest a publish may take: its caller holds rows locked, and PostgreSQL ends an idle transaction after 15 s."""

DRAIN_SECONDS_MAX: Final = 8.0
"""The longest a driver waits for batches in flight when it stops consuming."""

FaultKind = Literal["unroutable", "refused", "unconfirmed", "unavailable"]


@dataclass(frozen=True, slots=True)
class PublishFault:
    """Why a message is not known to be in every queue that wants it.

    `unroutable` and `refused` are about this message; `unconfirmed` (it may or may not have arrived) and `unavailable`
    (it was not sent) are about the broker.
    """

    kind: FaultKind
    detail: str

    @property
    def lasting(self) -> bool:
        """Whether the message itself is at fault, so that others may well get through."""
        return self.kind in ("unroutable", "refused")


@dataclass(frozen=True, slots=True)
class Received:
    """A message as a queue hands it over; `id` is None when it carries no usable one."""

    id: UUID | None
    topic: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    redelivered: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a message that was received."""

    name: Literal["done", "return", "dead"]
    reason: str | None = None


DONE: Final = Fate("done")
"""Its effect is committed, or it is parked: forget it."""

RETURN: Final = Fate("return")
"""Nothing could be done with it now, through no fault of its own: hand it over again, later."""


def dead(reason: str) -> Fate:
    """Nothing will ever be done with it."""
    return Fate("dead", reason)


Receive = Callable[[Sequence[Received]], Awaitable[Sequence[Fate]]]
"""Takes a batch, gives one fate for each message, in the same order."""


class Broker(Protocol):
    """Carries messages from an outbox to the queues that want them, at least once, at best in order."""

    @property
    def batch_max(self) -> int:
        """How many messages one publish should carry."""

    async def start(self) -> None:
        """Begins to connect; returns when connected or after a few seconds without, and goes on trying."""

    async def publish(self, messages: Sequence[Outgoing]) -> Sequence[PublishFault | None]:
        """Publishes; one answer for each message in the same order, None when every queue that wants it has it.

        Returns within PUBLISH_SECONDS_MAX and raises nothing but a cancellation.
        """

    async def consume(self, queue: Queue, receive: Receive) -> None:
        """Hands the queue's messages to `receive` in batches of at most `queue.prefetch`, one batch at a time."""

    async def consume_dead(self, queue: Queue, receive: Receive) -> None:
        """Hands over the dead letters of the queue, among them those the broker gave up on its own."""

    async def stop_consuming(self) -> None:
        """Takes no more messages and waits for batches in flight, at most DRAIN_SECONDS_MAX."""

    async def close(self) -> None:
        """Stops consuming and lets go of everything."""

    async def problem(self) -> str | None:
        """None when messages can be published and every consumer is being served; else what is wrong."""
