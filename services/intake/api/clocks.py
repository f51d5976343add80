"""Clocks: every promise of time of a dispute, and why each deadline is when it is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import BaseModel, Field

from services.intake.api.case import casework_router
from services.intake.api.deps import InTx, dispute_for, require
from services.intake.api.letters import letter_of
from services.intake.calendars import CalendarShelf, calendars_of
from services.intake.security import Caller
from shared.db import clocks, marks
from shared.db.engine import Tx
from shared.domain.clock_record import Clock, Kind
from shared.domain.clock_spec import Pause
from shared.domain.dispute import Dispute
from shared.domain.errors import NotFound
from shared.domain.explain import Explanation, explain
from shared.domain.explain_words import spoken_moment
from shared.domain.letters import letter_lines
from shared.domain.marks import NO_MARKS, Marks, facts_of
from shared.domain.timekeeping import Calendars, inputs_of, worked_out

router = casework_router("clocks")

KindName = Annotated[str, Path(max_length=300, examples=["first_response", "regime:uk.fca.disp.std/final_response"])]

Reader = Annotated[Caller, Depends(require("disputes:read"))]
_MOVED: Final = "The calendar was changed since: the deadline promised then, {due}, stands."


class ClockOut(BaseModel):
    """One generation of one clock. A missed clock may still be met, late; `fired_at` minus `due_at` is our lateness."""

    kind: str = Field(examples=["first_response", "regime:uk.fca.disp.std/final_response"])
    title: str | None = Field(description="What a milestone of a regulatory regime is called; none for other clocks.")
    generation: int
    state: str = Field(description="running, paused, met, missed or stopped.")
    promise: bool = Field(description="Whether it is a promise to the customer; others are the house's own.")
    tier: int | None
    term: str = Field(examples=["16 business hours"])
    calendar: str
    on_breach: str = Field(description="What happens when it runs out.")
    policy_version: int
    started_at: datetime
    due_at: datetime | None = Field(description="Unknown while it is paused.")
    warned: list[int] = Field(description="Warnings given, in percent of the counted time.")
    met_at: datetime | None
    missed_at: datetime | None
    fired_at: datetime | None
    stopped_at: datetime | None
    lateness_seconds: float | None = Field(description="How long after due the engine noticed.")
    remaining_seconds: float | None = Field(
        description="Counted time still to go while it is open, in working time where that is counted; below 0 when overdue."
    )
    letters: list[str] = Field(description="Of a milestone: one of these has to be sent before it is met.")
    letter_owed: bool = Field(description="Whether it is not met yet and none of its letters was sent.")
    explanation: str = Field(description="Where this deadline is explained.")


class ClockListOut(BaseModel):
    """The clocks of a dispute, newest first."""

    items: list[ClockOut]


class ExplanationOut(BaseModel):
    """Why a deadline is when it is."""

    kind: str
    generation: int
    state: str
    policy_version: int
    due_at: datetime | None = Field(description="The deadline as it was promised and is kept.")
    lines: list[str] = Field(description="The explanation in plain sentences.")
    account: dict[str, Any] = Field(
        description="Every span counted, pause, holiday and extension; durations in seconds, instants in UTC."
    )


Shelf = Annotated[CalendarShelf, Depends(calendars_of)]


@router.get("/clocks", operation_id="listClocks", summary="Read the clocks")
async def list_clocks(
    dispute_id: UUID,
    caller: Reader,
    tx: InTx,
    shelf: Shelf,
    generations: Annotated[
        Literal["newest", "all"], Query(description="`all`: also earlier ones, at most 200 in all.")
    ] = "newest",
) -> ClockListOut:
    """Each clock with when it is due, what became of it, and how punctual we were."""
    dispute = await dispute_for(tx, caller, dispute_id)
    found = await clocks.for_api(tx, dispute.id)
    newest: dict[Kind, int] = {}
    for clock in found:
        newest[clock.kind] = max(clock.generation, newest.get(clock.kind, 0))
    shown = [clock for clock in found if generations == "all" or clock.generation == newest[clock.kind]]
    calendars = await shelf.get(tx.now)
    marked = await _marks(tx, dispute, shown)
    return ClockListOut(items=[_shown(clock, dispute, calendars, tx.now, marked) for clock in shown])


@router.get("/clocks/{kind:path}/explain", operation_id="explainClock", summary="Explain a deadline")
async def explain_clock(
    dispute_id: UUID,
    kind: KindName,
    caller: Reader,
    tx: InTx,
    shelf: Shelf,
    generation: Annotated[int | None, Query(ge=1, le=100_000, description="The newest when left out.")] = None,
) -> ExplanationOut:
    """The spans counted, the pauses, holidays and extensions, in numbers and in plain sentences."""
    dispute = await dispute_for(tx, caller, dispute_id)
    clock = await _clock(tx, dispute, kind, generation)
    marked = await _marks(tx, dispute, [clock])
    account = _account(clock, dispute, await shelf.get(tx.now), tx.now, marked)
    lines = [*account.lines(), *letter_lines(clock, facts_of(dispute, marked))]
    # A wait that has just begun is on the dispute a moment before escalation has paused the clock.
    if clock.due_at is not None and account.due is not None and account.due != clock.due_at:
        lines.append(_MOVED.format(due=spoken_moment(clock.due_at, account.calendar.tz)))
    return ExplanationOut(
        kind=clock.kind,
        generation=clock.generation,
        state=clock.state,
        policy_version=clock.policy_version,
        due_at=clock.due_at,
        lines=lines,
        account={name: fact for name, fact in account.as_dict().items() if name != "lines"},
    )


async def _clock(tx: Tx, dispute: Dispute, name: str, generation: int | None) -> Clock:
    kind = kind_named(name)
    if generation is None:
        found = (await clocks.newest(tx, [dispute.id]))[dispute.id].get(kind)
    else:
        found = (await clocks.named(tx, [(dispute.id, kind, generation)])).get((dispute.id, kind))
    if found is None:
        raise NotFound("clock", name if generation is None else f"{name} of generation {generation}")
    return found


def kind_named(name: str) -> Kind:
    """The kind of clock of this name.

    Raises:
        NotFound: no clock can have it.
    """
    try:
        return Kind(name)
    except ValueError as fault:
        raise NotFound("clock", name) from fault


async def _marks(tx: Tx, dispute: Dispute, of: Sequence[Clock]) -> Marks:
    """The marks of a dispute, read when one of these clocks rests on them."""
    if any(each.promise.watch is not None for each in of):
        return (await marks.of_many(tx, [dispute])).get(dispute.id, NO_MARKS)
    return NO_MARKS


def _account(clock: Clock, dispute: Dispute, calendars: Calendars, now: datetime, marked: Marks) -> Explanation:
    """The account up to now, or up to when the clock was met or stopped: what came after moved nothing of it.

    Raises:
        PolicyFault: no calendar of the name its rule says.
    """
    end = clock.met_at or clock.stopped_at or now
    known = inputs_of(clock, dispute, calendars, marked)
    return explain(
        clock.promise.spec,
        known.calendar,
        started_at=clock.started_at,
        now=end,
        pauses=[_as_of(pause, end) for pause in known.pauses if pause.since < end],
        extensions=known.extensions,
        end=known.end,
    )


def _as_of(pause: Pause, end: datetime) -> Pause:
    """The pause as it was known then: still open, when it ended only later."""
    return pause if pause.until is not None and pause.until <= end else replace(pause, until=None)


def _shown(clock: Clock, dispute: Dispute, calendars: Calendars, now: datetime, marked: Marks) -> ClockOut:
    spec = clock.promise.spec
    watch = clock.promise.watch
    late = None if clock.fired_at is None or clock.due_at is None else (clock.fired_at - clock.due_at).total_seconds()
    remaining = None
    if clock.open and spec.calendar in calendars:
        remaining = worked_out(clock, dispute, calendars, marked).remaining(now).total_seconds()
    return ClockOut(
        kind=clock.kind,
        generation=clock.generation,
        state=clock.state,
        title=None if watch is None else watch.title,
        promise=clock.promised,
        tier=clock.tier,
        term=str(spec.duration),
        calendar=spec.calendar,
        on_breach=clock.promise.on_breach,
        policy_version=clock.policy_version,
        started_at=clock.started_at,
        due_at=clock.due_at,
        warned=list(clock.warned),
        met_at=clock.met_at,
        missed_at=clock.missed_at,
        fired_at=clock.fired_at,
        stopped_at=clock.stopped_at,
        lateness_seconds=late,
        remaining_seconds=remaining,
        letters=[] if watch is None else list(watch.letters),
        letter_owed=letter_of(clock, facts_of(dispute, marked)) is not None,
        explanation=f"/v1/disputes/{dispute.id}/clocks/{clock.kind}/explain?generation={clock.generation}",
    )
