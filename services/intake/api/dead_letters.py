"""Dead letters: messages whose handling failed too often, to be looked at, tried again or given up."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import orjson
from fastapi import Depends, Path, Query, Response
from pydantic import BaseModel, Field

from services.intake.api.deps import InTx, OnceOnly, problems, require, require_house, secured_router
from services.intake.api.fields import Body, Line200
from services.intake.api.paging import Paged, PageOut
from services.intake.security import Caller
from shared.db import parked
from shared.db.parked import Parked

router = secured_router("/v1/dead-letters", "operations", codes=("not_found", "invalid_value"))

_NAME: Final = r"^[a-z0-9._-]{1,50}$"
Consumer = Annotated[str, Path(pattern=_NAME, examples=["notify"])]
Operator = Annotated[Caller, Depends(require_house("ops:read"))]
Administrator = Annotated[Caller, Depends(require("admin"))]


class DeadLetterOut(BaseModel):
    """A message that was not handled. Its content names ids and facts, nobody's name or address."""

    consumer: str = Field(examples=["notify"])
    message_id: UUID
    state: str = Field(description="dead, or retry when it is going to be tried again.")
    topic: str
    subject: str | None = Field(description="The dispute or inbound delivery it is about.")
    attempts: int
    reason: str = Field(description="The last failure.")
    due_at: datetime | None
    first_failed_at: datetime
    failed_at: datetime


class ReplayedOut(BaseModel):
    """How many dead letters are tried again; fewer than `limit` means that none are left."""

    replayed: int
    limit: int = Field(examples=[parked.REPLAY_MAX])


class DiscardIn(Body):
    """Why a message is given up; the log keeps it with who did it."""

    reason: Line200


@router.get("", operation_id="listDeadLetters", summary="List dead letters", responses=problems("invalid_cursor"))
async def list_dead_letters(
    caller: Operator,
    tx: InTx,
    paging: Paged,
    consumer: Annotated[str | None, Query(pattern=_NAME, description="Only this consumer's.")] = None,
    state: Annotated[Literal["dead", "retry"], Query(description="`retry`: those that will be tried again.")] = "dead",
) -> PageOut[DeadLetterOut]:
    """The latest failure first."""
    listing = f"dead-letters/{state}/{consumer}"
    found = await parked.listed(tx, state, consumer=consumer, before=paging.after(listing), limit=paging.limit + 1)
    return paging.page(listing, found, lambda each: (each.failed_at, each.message_id), _shown)


@router.post(
    "/replay",
    operation_id="replayDeadLetters",
    summary="Try dead letters again, many at once",
    status_code=202,
    response_model=ReplayedOut,
    responses=problems("request_in_flight", "idempotency_key_reused"),
)
async def replay_many(
    caller: Administrator,
    tx: InTx,
    once: OnceOnly,
    consumer: Annotated[str | None, Query(pattern=_NAME, description="Only this consumer's.")] = None,
) -> Response:
    """The oldest first, a thousand at most at a time: for after an outage whose cause is gone."""
    told = ReplayedOut(replayed=await parked.replay_all(tx, consumer), limit=parked.REPLAY_MAX)
    return await once.reply(202, told)


@router.post(
    "/{consumer}/{message_id}/replay",
    operation_id="replayDeadLetter",
    summary="Try a dead letter again",
    status_code=202,
    response_class=Response,
    responses=problems("request_in_flight", "idempotency_key_reused"),
)
async def replay(consumer: Consumer, message_id: UUID, caller: Administrator, tx: InTx, once: OnceOnly) -> Response:
    """Its consumer takes it up within moments, with all its attempts before it."""
    await parked.replay(tx, consumer, message_id)
    return await once.reply(202, None)


@router.post(
    "/{consumer}/{message_id}/discard",
    operation_id="discardDeadLetter",
    summary="Give a dead letter up",
    status_code=204,
    response_class=Response,
    responses=problems(
        "malformed_json", "request_in_flight", "idempotency_key_reused", "unsupported_media_type", "body_too_large"
    ),
)
async def discard(
    consumer: Consumer, message_id: UUID, body: DiscardIn, caller: Administrator, tx: InTx, once: OnceOnly
) -> Response:
    """Forgets the message for good; what it would have done stays undone."""
    await parked.discard(tx, consumer, message_id, reason=body.reason, actor=caller.actor)
    return await once.reply(204, None)


def _shown(each: Parked) -> DeadLetterOut:
    told = {name: getattr(each, name) for name in DeadLetterOut.model_fields if name != "subject"}
    return DeadLetterOut(subject=_subject(each.body), **told)


def _subject(body: bytes) -> str | None:
    """What a message is about, when it can be read at all: that it cannot may be why it is here."""
    try:
        head = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    subject = head.get("subject") if isinstance(head, dict) else None
    return subject if isinstance(subject, str) else None
