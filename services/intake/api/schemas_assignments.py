"""What is asked and shown of who has what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.intake.api.fields import Body, Flag, Line100, Line300, Prose, Whole
from shared.db.assignments import OPEN_COUNTED_MAX, Load
from shared.db.reassignments import Reassignment
from shared.domain.dispute import CATEGORIES, Severity
from shared.domain.matrix import Matrix

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


class ReassignIn(Body):
    """Whose open disputes go to whom, and why."""

    of: Line100 = Field(alias="from", description="Who has them now; they need not be known to the matrix any more.")
    to: Line100 | None = Field(default=None, description="Who gets them; whoever fits each best when left out.")
    reason: Line300
    filter: ReassignFilterIn = ReassignFilterIn()


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
    person = matrix.person(name)
    most = None if person is None else person.load_max
    return LoadOut(handler=name, open=sum(counted.values()), by_tier=counted, load_max=most, known=person is not None)
