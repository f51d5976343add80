"""Letters that regimes demand: which are owed, which were sent, and those that went out by other means."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, Field

from services.intake.api.case import CaseWork, casework_router, refusals
from services.intake.api.deps import InTx, dispute_for, require
from services.intake.api.fields import Body, Instant, Prose
from services.intake.api.schemas_casework import CaseOut
from services.intake.commands.letters import CHANNELS, NAMES, record_letter
from services.intake.security import Caller
from shared.db import clocks, letters, marks
from shared.db.letters import Sent
from shared.domain.clock_record import Clock
from shared.domain.letters import Deed, done_with
from shared.domain.marks import NO_MARKS, Marks, facts_of
from shared.domain.timekeeping import outstanding

router = casework_router("clocks")

Reader = Annotated[Caller, Depends(require("disputes:read"))]


class LetterIn(Body):
    """A letter that was sent by other means than through the product."""

    letter: Literal[NAMES] = Field(examples=["final_response_sent"])  # type: ignore[valid-type] # the command's own list
    channel: Literal[CHANNELS] = Field(examples=["post"])  # type: ignore[valid-type] # the command's own list
    sent_at: Instant | None = Field(default=None, description="When it was sent, not in the future; now when left out.")
    reason: Prose | None = Field(default=None, description="Such as a posting number; kept as an internal note.")


class LetterOwedOut(BaseModel):
    """A milestone of a regime that is not met before one of its letters is sent."""

    clock: str = Field(examples=["regime:uk.fca.disp.payments/final_response"])
    title: str
    state: str = Field(description="running, paused or missed.")
    letters: list[str] = Field(description="One of these, as the `letter` of a message or recorded here.")
    must_send: list[str] = Field(description="What has to stand in it.")
    due_at: datetime | None
    done_at: datetime | None = Field(description="When what the milestone asks for was done; none while it was not.")


class LetterSentOut(BaseModel):
    """A letter that was handed over, or that somebody recorded as sent."""

    letter: str
    sent_at: datetime
    channel: str
    actor: str
    delivery_id: str | None = Field(description="Where the product handed it over.")


class LettersOut(BaseModel):
    """The letters of a dispute under its regimes."""

    owed: list[LetterOwedOut]
    sent: list[LetterSentOut]


@router.post(
    "/letters",
    operation_id="recordLetter",
    summary="Record a letter as sent",
    response_model=CaseOut,
    responses=refusals("conflict"),
)
async def record_sent(case: CaseWork, body: LetterIn) -> Response:
    """Clocks that wait for it are met at its instant, in time or late. What is sent through the product needs no record."""
    saved = await record_letter(
        case.tx,
        case.dispute,
        body.letter,
        channel=body.channel,
        sent_at=body.sent_at,
        reason=body.reason,
        caller=case.caller,
    )
    return await case.show(saved)


@router.get("/letters", operation_id="listLetters", summary="Read which letters are owed and which were sent")
async def list_letters(dispute_id: UUID, caller: Reader, tx: InTx) -> LettersOut:
    """The owed ones with the clock that waits for each, the earliest due first; the sent ones in their order."""
    dispute = await dispute_for(tx, caller, dispute_id)
    found = (await clocks.newest(tx, [dispute.id]))[dispute.id].values()
    demanding = [each for each in found if each.promise.watch is not None and each.promise.watch.letters]
    marked = (await marks.of_many(tx, [dispute])).get(dispute.id, NO_MARKS) if demanding else NO_MARKS
    owed = [(each, deed) for each in demanding if (deed := letter_of(each, facts_of(dispute, marked))) is not None]
    sent = (await letters.of_many(tx, [dispute.id])).get(dispute.id, [])
    return LettersOut(
        owed=sorted((_owed(each, deed) for each, deed in owed), key=_first_due),
        sent=[_sent(each) for each in sorted(sent[: letters.LISTED_MAX], key=lambda each: each.sent_at)],
    )


def letter_of(clock: Clock, facts: Marks) -> Deed | None:
    """How far a milestone has come that still waits for its letter; None for all others."""
    if clock.promise.watch is None or not clock.promise.watch.letters or not outstanding(clock):
        return None
    deed = done_with(clock, facts)
    return deed if deed.letter_owed else None


def _owed(clock: Clock, deed: Deed) -> LetterOwedOut:
    watch = clock.promise.watch
    assert watch is not None
    return LetterOwedOut(
        clock=clock.kind,
        title=watch.title,
        state=clock.state,
        letters=list(watch.letters),
        must_send=list(watch.sends),
        due_at=clock.due_at,
        done_at=deed.done_at,
    )


def _first_due(owed: LetterOwedOut) -> tuple[bool, str, str]:
    return (owed.due_at is None, "" if owed.due_at is None else owed.due_at.isoformat(), owed.clock)


def _sent(each: Sent) -> LetterSentOut:
    return LetterSentOut(**each._asdict())
