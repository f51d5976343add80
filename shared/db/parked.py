"""Messages whose handling failed: those to be tried again, and those that wait for a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from shared.db.engine import Tx
from shared.domain.errors import InvalidValue, NotFound
from shared.runtime.logs import logger

log = logger(__name__)

State = Literal["retry", "dead"]
PAGE_MAX: Final = 200
REPLAY_MAX: Final = 1000
REASON_LENGTH_MAX: Final = 200

_COLUMNS: Final = "consumer, message_id, state, topic, body, attempts, due_at, reason, first_failed_at, failed_at"
_PARK: Final = (
    f"insert into parked ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) "
    "on conflict (consumer, message_id) do nothing"
)
_DUE: Final = "select message_id from parked where consumer = $1 and due_at <= $2 order by due_at limit $3"
_TAKE: Final = (
    f"select {_COLUMNS} from parked where consumer = $1 and message_id = $2 and due_at <= $3 for update skip locked"
)
_FAILED: Final = (
    "update parked set state = $4, attempts = $5, due_at = $6, reason = $7, failed_at = $8 "
    "where consumer = $1 and message_id = $2 and attempts = $3 and state = 'retry'"
)
_REMOVE: Final = "delete from parked where consumer = $1 and message_id = $2"
_DISCARD: Final = (
    "delete from parked where consumer = $1 and message_id = $2 and state = 'dead' returning topic, reason"
)
_REPLAY: Final = (
    "update parked set state = 'retry', due_at = $3, attempts = 0 "
    "where consumer = $1 and message_id = $2 and state = 'dead' returning 1"
)
_REPLAY_ALL: Final = (
    "update parked set state = 'retry', due_at = $1, attempts = 0 where ctid in "
    "(select ctid from parked where state = 'dead' and ($2::text is null or consumer = $2) "
    "order by failed_at limit $3 for update skip locked)"
)
_LIST: Final = (
    f"select {_COLUMNS} from parked where state = $1 and ($2::text is null or consumer = $2) "
    "and ($3::timestamptz is null or (failed_at, message_id) < ($3, $4::uuid)) "
    "order by failed_at desc, message_id desc limit $5"
)
_COUNT: Final = "select state, count(*) as n from parked where consumer = $1 group by state"


@dataclass(frozen=True, slots=True)
class Failure:
    """How handling failed: `attempts` so often by now, to be tried again at `due_at` or, when that is None, by a person."""

    reason: str
    attempts: int
    due_at: datetime | None

    @property
    def state(self) -> State:
        return "dead" if self.due_at is None else "retry"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as it came to a consumer."""

    consumer: str
    message_id: UUID
    topic: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Parked:
    """One message that waits. `reason` names the failure's class and code, nothing of the message's content."""

    consumer: str
    message_id: UUID
    state: State
    topic: str
    body: bytes
    attempts: int
    due_at: datetime | None
    reason: str
    first_failed_at: datetime
    failed_at: datetime


async def park(tx: Tx, message: Arrived, failure: Failure) -> bool:
    """Keeps a message with its first failure; False when it was kept before, which then stands."""
    values = (message.consumer, message.message_id, failure.state, message.topic, message.body, failure.attempts)
    return _count(await tx.raw.execute(_PARK, *values, failure.due_at, failure.reason[:REASON_LENGTH_MAX], tx.now)) == 1


async def due(tx: Tx, consumer: str, limit: int) -> list[UUID]:
    """The messages whose time has come, the longest waiting first."""
    return [row["message_id"] for row in await tx.raw.fetch(_DUE, consumer, tx.now, limit)]


async def take(tx: Tx, consumer: str, message_id: UUID) -> Parked | None:
    """The message, locked until this transaction ends; None when it is gone, not due, or in somebody's hands."""
    row = await tx.raw.fetchrow(_TAKE, consumer, message_id, tx.now)
    return None if row is None else Parked(**row)


async def remove(tx: Tx, message: Parked) -> None:
    """Forgets a message whose effect this transaction made."""
    await tx.raw.execute(_REMOVE, message.consumer, message.message_id)


async def failed_again(tx: Tx, message: Parked, failure: Failure) -> bool:
    """Counts one more failure. False when somebody else has counted it meanwhile."""
    key = (message.consumer, message.message_id, message.attempts)
    values = (failure.state, failure.attempts, failure.due_at, failure.reason[:REASON_LENGTH_MAX], tx.now)
    return _count(await tx.raw.execute(_FAILED, *key, *values)) == 1


async def listed(
    tx: Tx,
    state: State = "dead",
    *,
    consumer: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Parked]:
    """The messages in a state, the latest failure first; `before` is (failed_at, message_id) of the last one seen.

    Raises:
        InvalidValue: `limit` is not from 1 to 200.
    """
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidValue("/limit", f"A page holds 1 to {PAGE_MAX} messages.")
    at, message_id = before or (None, None)
    return [Parked(**row) for row in await tx.raw.fetch(_LIST, state, consumer, at, message_id, limit)]


async def replay(tx: Tx, consumer: str, message_id: UUID) -> None:
    """Has a dead letter tried again from now on, with all its attempts before it.

    Raises:
        NotFound: there is no such dead letter.
    """
    if await tx.raw.fetchval(_REPLAY, consumer, message_id, tx.now) is None:
        raise NotFound("dead letter", message_id)


async def replay_all(tx: Tx, consumer: str | None = None, limit: int = REPLAY_MAX) -> int:
    """Has dead letters tried again, the oldest first and at most `limit`; returns how many."""
    return _count(await tx.raw.execute(_REPLAY_ALL, tx.now, consumer, limit))


async def discard(tx: Tx, consumer: str, message_id: UUID, *, reason: str, actor: str) -> None:
    """Forgets a dead letter for good; the log keeps who did it and why.

    Raises:
        NotFound: there is no such dead letter.
    """
    row = await tx.raw.fetchrow(_DISCARD, consumer, message_id)
    if row is None:
        raise NotFound("dead letter", message_id)
    facts = {"topic": row["topic"], "failure": row["reason"]}
    log.warning("dead_letter_discarded", consumer=consumer, message_id=message_id, because=reason, actor=actor, **facts)


async def counts(tx: Tx, consumer: str) -> dict[State, int]:
    """How many messages of this consumer wait for another try, and how many for a person."""
    found: dict[State, int] = {"retry": 0, "dead": 0}
    return found | {row["state"]: row["n"] for row in await tx.raw.fetch(_COUNT, consumer)}


def _count(status: Any) -> int:
    return int(str(status).rpartition(" ")[2])
