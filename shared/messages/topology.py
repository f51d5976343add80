"""Exchanges, queues and keys: the only place where they are named."""

from dataclasses import dataclass
from typing import Final

EXCHANGE: Final = "recourse.events"
DEAD_EXCHANGE: Final = "recourse.dead"


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue of one service, the topics it wants, and where its dead letters go."""

    consumer: str
    topics: tuple[str, ...]
    prefetch: int = 100
    delivery_limit: int = 100

    @property
    def name(self) -> str:
        return f"recourse.{self.consumer}"

    @property
    def dead_name(self) -> str:
        return f"recourse.{self.consumer}.dead"


INTAKE: Final = Queue("intake", ("inbound.received",))
ESCALATION: Final = Queue("escalation", ("dispute.*",))
NOTIFY: Final = Queue("notify", ("dispute.*",))
QUEUES: Final = (INTAKE, ESCALATION, NOTIFY)


def matches(pattern: str, topic: str) -> bool:
    """Whether a topic fits a binding pattern, as an AMQP topic exchange would say (`*` one word, `#` any number)."""
    return _fits(pattern.split("."), topic.split("."))


def _fits(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    head, *rest = pattern
    if head == "#":
        return any(_fits(rest, words[n:]) for n in range(len(words) + 1))
    return bool(words) and head in ("*", words[0]) and _fits(rest, words[1:])
