"""What is asked and shown of who has what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.intake.api.fields import Body, Flag, Line100, Line300, Prose, Whole
from shared.db.assignments import OPEN_COUNTED_MAX, Load
from shared.db.reassign_trial import Foreseen
from shared.db.reassignments import Filter, Reassignment
from shared.domain.dispute import CATEGORIES, Severity
from shared.domain.matrix import Matrix

TRIED_MAX = 20_000
RECEIVERS_SHOWN_MAX = 100
Tier = Annotated[Whole, Field(ge=1, le=20)]
CategoryName = Literal[CATEGORIES]  # type: ignore[valid-type] # the domain's own list


class AssignIn(Body):
    """Who is to handle the dispute, and why."""

    handler: Line100 = Field(description="A person the escalation matrix knows, whatever the tier.")
    reason: Prose = Field(description="Kept as an internal note.")
    override: Flag = Field(
        default=False, description="Sets a conflict of interest or a full desk aside; only for leads."
    )


class ReassignFilterIn(Body):
    """Which of the disputes; a part that is left out lets all through, and of a list one must fit."""

    tiers: Annotated[list[Tier], Field(min_length=1, max_length=20)] | None = None
    categories: Annotated[list[CategoryName], Field(min_length=1, max_length=20)] | None = None
    severities: Annotated[list[Severity], Field(min_length=1, max_length=4)] | None = None


class _Reassigned(Body):
    of: Line100 = Field(alias="from", description="Who has them now; they need not be known to the matrix any more.")
    to: Line100 | None = Field(default=None, description="Who gets them; whoever fits each best when left out.")
    filter: ReassignFilterIn = ReassignFilterIn()

    @property
    def which(self) -> Filter:
        """The filter as it is stored."""
        return Filter(**{part: None if some is None else tuple(some) for part, some in self.filter})


class ReassignIn(_Reassigned):
    """Whose open disputes go to whom, and why."""

    reason: Line300


class ReassignDryRunIn(_Reassigned):
    """Whose open disputes would go to whom. The reason may be left out."""

    reason: Line300 | None = None
    limit: Annotated[Whole, Field(ge=1, le=TRIED_MAX)] = Field(default=5000, description="Most disputes looked at.")


class ReassignCountsOut(BaseModel):
    """Disputes: given to others, kept because nobody else can take them, failed; `escalated` are among the first."""

    reassigned: int = 0
    kept: int = 0
    failed: int = 0
    escalated: int = Field(0, description="Went to a tier above, because nobody else of their own could take them.")


class StayedOut(BaseModel):
    """A dispute that stays where it is, and why."""

    dispute_id: UUID
    reason: str


class ReassignmentOut(BaseModel):
    """A reassignment and how far it is."""

    id: UUID
    of: str = Field(serialization_alias="from")
    to: str | None
    filter: ReassignFilterIn
    reason: str
    requested_by: str
    state: str = Field(description="queued, running, done or cancelled.")
    counts: ReassignCountsOut
    failures: list[StayedOut] = Field(description="The first 20 that stay where they are.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of_stored(cls, found: Reassignment) -> "ReassignmentOut":
        """How a caller sees it."""
        parts = {name: list(part) for name, part in found.filter._asdict().items() if part is not None}
        return cls(
            id=found.id,
            of=found.from_handler,
            to=found.to_handler,
            filter=ReassignFilterIn.model_validate(parts),
            reason=found.reason,
            requested_by=found.requested_by,
            state=found.state,
            counts=ReassignCountsOut(**found.counts),
            failures=[StayedOut.model_validate(each) for each in found.failures],
            created_at=found.created_at,
            started_at=found.started_at,
            finished_at=found.finished_at,
        )


class ReceiverOut(BaseModel):
    """Who would get how many."""

    handler: str
    disputes: int = Field(description="How many they would get.")
    open: int = Field(description="How many open ones they have now.")
    load_max: int | None = Field(description="How many they can have, where the matrix says so.")


class ReassignDryRunOut(BaseModel):
    """What a reassignment would do now. Nothing was changed."""

    as_of: datetime
    of: str = Field(serialization_alias="from")
    to: str | None
    open_disputes: int = Field(description="Open disputes that are meant, counted up to 100,000.")
    looked_at: int
    complete: bool = Field(description="Whether all that are meant were looked at.")
    counts: ReassignCountsOut
    unhandled: int = Field(
        description="Of those that would change hands: would wait without a handler, because nobody is there."
    )
    receives: list[ReceiverOut] = Field(description="Who gets most first, at most 100.")
    stays: list[StayedOut] = Field(description="The first 20 that would stay where they are, with the reason.")

    @classmethod
    def of_seen(cls, seen: Foreseen, wish: ReassignDryRunIn, matrix: Matrix) -> "ReassignDryRunOut":
        """How a caller sees it."""
        ranked = sorted(seen.receives.items(), key=lambda each: (-each[1], each[0]))[:RECEIVERS_SHOWN_MAX]
        return cls(
            as_of=seen.as_of,
            of=wish.of,
            to=wish.to,
            open_disputes=seen.open_disputes,
            looked_at=seen.looked_at,
            complete=seen.complete,
            counts=ReassignCountsOut(
                reassigned=seen.reassigned, kept=seen.kept, failed=seen.failed, escalated=seen.escalated
            ),
            unhandled=seen.unhandled,
            receives=[
                ReceiverOut(handler=name, disputes=count, open=seen.had.get(name, 0), load_max=_most(matrix, name))
                for name, count in ranked
            ],
            stays=[StayedOut(dispute_id=each.dispute_id, reason=each.reason) for each in seen.stays],
        )


class ReassignmentListOut(BaseModel):
    """The reassignments, newest first, at most 100."""

    items: list[ReassignmentOut]


class LoadOut(BaseModel):
    """What one person has open."""

    handler: str
    open: int
    by_tier: dict[str, int] = Field(description="Open disputes by the number of their tier.")
    load_max: int | None = Field(description="How many they can have, where the matrix says so.")
    known: bool = Field(description="Whether the current matrix knows them; who is gone should have nothing open.")


class LoadListOut(BaseModel):
    """Everybody's open disputes, the fullest first."""

    items: list[LoadOut]
    complete: bool = Field(description="False when there are more open disputes than are counted at once.")

    @classmethod
    def of(cls, loads: Sequence[Load], matrix: Matrix) -> "LoadListOut":
        """Everybody the matrix knows and everybody who has something open."""
        tiers: dict[str, dict[str, int]] = {name: {} for name in matrix.names}
        for each in loads:
            tiers.setdefault(each.handler, {})[str(each.tier)] = each.open
        items = [_load(name, counted, matrix) for name, counted in tiers.items()]
        complete = sum(each.open for each in loads) < OPEN_COUNTED_MAX
        return cls(items=sorted(items, key=lambda each: (-each.open, each.handler)), complete=complete)


def _load(name: str, counted: dict[str, int], matrix: Matrix) -> LoadOut:
    known = matrix.person(name) is not None
    return LoadOut(handler=name, open=sum(counted.values()), by_tier=counted, load_max=_most(matrix, name), known=known)


def _most(matrix: Matrix, name: str) -> int | None:
    """How many open disputes they can have, where the matrix says so."""
    person = matrix.person(name)
    return None if person is None else person.load_max
