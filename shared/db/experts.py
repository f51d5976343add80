"""Questions to expert desks: rows with a clock of their own. The dispute is locked by whoever writes."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from shared.db.engine import Tx
from shared.domain.errors import Conflict, NotFound
from shared.domain.experts import ANSWERABLE, RequestState

OPEN_MAX: Final = 20
"""Questions of one dispute that may wait for an answer at once."""
LISTED_MAX: Final = 200
WAITING_COUNTED_MAX: Final = 10_000
"""Open questions that one look at what waits at several desks counts at most."""
PAUSE: Final = timedelta(hours=1)
"""A request that could not be dealt with is looked at again after so long."""

_NAMES: Final = (
    "id",
    "dispute_id",
    "desk",
    "threshold",
    "asked_by",
    "question_id",
    "asked_at",
    "due_at",
    "next_at",
    "reminders",
    "state",
    "answer_id",
    "answered_by",
    "answered_at",
    "overdue_at",
    "withdrawn_at",
)
_COLUMNS: Final = ", ".join(_NAMES)
_INSERT: Final = (
    f"insert into expert_request ({_COLUMNS}) values ({', '.join(f'${n}' for n in range(1, len(_NAMES) + 1))}) "
    "on conflict (dispute_id, threshold) where threshold is not null do nothing"
)
_KEEP: Final = (
    "update expert_request set next_at = $2, reminders = $3, state = $4, answer_id = $5, answered_by = $6, "
    "answered_at = $7, overdue_at = $8, withdrawn_at = $9 where id = $1"
)
_SHOWN: Final = (
    f"select {', '.join(f'e.{name}' for name in _NAMES)}, q.body as question, a.body as answer from expert_request e "
    "left join message q on q.id = e.question_id left join message a on a.id = e.answer_id"
)
# The dispute is locked first, as everywhere; who holds it is not waited for.
_TAKE: Final = (
    f"with due as materialized (select {', '.join(f'e.{name}' for name in _NAMES)} from expert_request e "
    "join dispute d on d.id = e.dispute_id where e.state = 'open' and e.next_at <= $1 order by e.next_at limit $2 "
    "for no key update of d skip locked for update of e skip locked) select * from due"
)
_WAITING: Final = (
    "select desk, count(*) as open from (select desk from expert_request where state = 'open' and desk = any($1::text[]) "
    "limit $2) w group by desk"
)
_CALLED: Final = (
    "select dispute_id, threshold from expert_request where dispute_id = any($1::uuid[]) and threshold is not null"
)


class ExpertRequest(Struct, frozen=True, kw_only=True):
    """One question. `next_at` is when it is looked at next: a reminder, or its due."""

    id: UUID
    dispute_id: UUID
    desk: str
    threshold: str | None
    asked_by: str
    question_id: UUID
    asked_at: datetime
    due_at: datetime
    next_at: datetime
    reminders: int = 0
    state: RequestState = RequestState.OPEN
    answer_id: UUID | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    overdue_at: datetime | None = None
    withdrawn_at: datetime | None = None


class Shown(Struct, frozen=True):
    """A question with its texts; None where they were erased or there is no answer."""

    request: ExpertRequest
    question: str | None
    answer: str | None


async def add(tx: Tx, request: ExpertRequest) -> bool:
    """Stores a question; False when the same threshold has called for this dispute before.

    Raises:
        Conflict: too many questions of the dispute wait for an answer.
    """
    waiting = "select count(*) from expert_request where dispute_id = $1 and state = 'open'"
    if await tx.raw.fetchval(waiting, request.dispute_id) >= OPEN_MAX:
        raise Conflict(f"{OPEN_MAX} questions of this dispute wait for an answer already.")
    done = await tx.raw.execute(_INSERT, *(getattr(request, name) for name in _NAMES))
    return bool(done.endswith(" 1"))


async def keep(tx: Tx, request: ExpertRequest) -> None:
    """Stores what became of a question."""
    r = request
    told = (r.state.value, r.answer_id, r.answered_by, r.answered_at, r.overdue_at, r.withdrawn_at)
    await tx.raw.execute(_KEEP, r.id, r.next_at, r.reminders, *told)


async def put_off(tx: Tx, request: ExpertRequest) -> None:
    """Looks at it again later, because something went wrong."""
    await tx.raw.execute("update expert_request set next_at = $2 where id = $1", request.id, tx.now + PAUSE)


async def get(tx: Tx, dispute_id: UUID, request_id: UUID) -> Shown:
    """One question of a dispute.

    Raises:
        NotFound: the dispute has no such question.
    """
    row = await tx.raw.fetchrow(f"{_SHOWN} where e.id = $1 and e.dispute_id = $2", request_id, dispute_id)
    if row is None:
        raise NotFound("expert request", request_id)
    return _shown(row)


async def answerable(tx: Tx, dispute_id: UUID, request_id: UUID) -> ExpertRequest:
    """A question that waits for its answer, in time or late; the dispute is locked by the caller.

    Raises:
        NotFound: the dispute has no such question.
        Conflict: it was answered or withdrawn.
    """
    request = (await get(tx, dispute_id, request_id)).request
    if request.state not in ANSWERABLE:
        raise Conflict(f"The question was {request.state.value} already.")
    return request


async def listed(tx: Tx, dispute_id: UUID) -> list[Shown]:
    """The questions of a dispute, the newest first, at most 200."""
    query = f"{_SHOWN} where e.dispute_id = $1 order by e.asked_at desc, e.id desc limit $2"
    return [_shown(row) for row in await tx.raw.fetch(query, dispute_id, LISTED_MAX)]


async def take_due(tx: Tx, limit: int) -> list[ExpertRequest]:
    """Open questions to be reminded of or overdue that nobody holds, with their disputes locked; the longest first."""
    return [_request(row) for row in await tx.raw.fetch(_TAKE, tx.now, limit)]


async def called(tx: Tx, dispute_ids: Iterable[UUID]) -> set[tuple[UUID, str]]:
    """Which thresholds have called an expert for which of these disputes."""
    return {(row["dispute_id"], row["threshold"]) for row in await tx.raw.fetch(_CALLED, list(dispute_ids))}


def _request(row: Sequence[Any]) -> ExpertRequest:
    facts = dict(zip(_NAMES, row, strict=False))
    return ExpertRequest(**{**facts, "state": RequestState(facts["state"])})


def _shown(row: Any) -> Shown:
    return Shown(_request(row), row["question"], row["answer"])


async def waiting(tx: Tx, desks: Sequence[str]) -> dict[str, int]:
    """How many questions wait at each of these desks; one with none is not there."""
    return {row["desk"]: row["open"] for row in await tx.raw.fetch(_WAITING, list(desks), WAITING_COUNTED_MAX)}
