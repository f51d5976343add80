"""What a migration is asked and how it is shown."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.intake.api.fields import Body, Flag, Jurisdiction, Line300, Whole
from shared.db.policy_migrations import Migration
from shared.domain.dispute import CATEGORIES, CUSTOMER_CLASSES, Severity

Version = Annotated[Whole, Field(ge=1, le=2**31 - 1)]
Tier = Annotated[Whole, Field(ge=1, le=20)]
CategoryName = Literal[CATEGORIES]  # type: ignore[valid-type] # the domain's own list
CustomerClass = Literal[CUSTOMER_CLASSES]  # type: ignore[valid-type] # the domain's own list


class FilterIn(Body):
    """Which open disputes; a part that is left out lets all through, and of a list one must fit."""

    from_versions: Annotated[list[Version], Field(min_length=1, max_length=100)] | None = None
    tiers: Annotated[list[Tier], Field(min_length=1, max_length=20)] | None = None
    categories: Annotated[list[CategoryName], Field(min_length=1, max_length=20)] | None = None
    severities: Annotated[list[Severity], Field(min_length=1, max_length=4)] | None = None
    customer_classes: Annotated[list[CustomerClass], Field(min_length=1, max_length=10)] | None = None
    jurisdictions: Annotated[list[Jurisdiction], Field(min_length=1, max_length=100)] | None = None


class MigrationIn(Body):
    """Where to, whom, and why."""

    to_version: Version
    filter: FilterIn = FilterIn()
    reason: Line300
    allow_later: Annotated[
        Flag, Field(description="Promises to customers may move later, or be withdrawn. Otherwise they stay.")
    ] = False


class MigrationCountsOut(BaseModel):
    """What was done so far: disputes migrated, failed and escalated; deadlines in all the others."""

    migrated: int = 0
    failed: int = 0
    escalated: int = 0
    earlier: int = 0
    later: int = 0
    withdrawn: int = 0
    held: int = Field(0, description="Promises to customers that would have been later and stayed.")
    overdue: int = Field(0, description="Deadlines that had passed already under the new rule.")


class FailureOut(BaseModel):
    """A dispute that could not be moved; it stays with its version."""

    dispute_id: UUID
    reference: str
    reason: str


class MigrationOut(BaseModel):
    """A migration and how far it is."""

    id: UUID
    policy: str
    to_version: int
    filter: FilterIn
    reason: str
    allow_later: bool
    requested_by: str
    state: str = Field(description="queued, running, done, cancelled or failed.")
    counts: MigrationCountsOut
    failures: list[FailureOut] = Field(description="The first 20.")
    fault: str | None = Field(description="Why the whole migration failed.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, found: Migration) -> "MigrationOut":
        parts = {name: part for name, part in found.filter.parts().items() if part is not None}
        return cls(
            id=found.id,
            policy=found.name,
            to_version=found.to_version,
            filter=FilterIn.model_validate({name: list(part) for name, part in parts.items()}),
            reason=found.reason,
            allow_later=found.allow_later,
            requested_by=found.requested_by,
            state=found.state,
            counts=MigrationCountsOut(**found.counts),
            failures=[FailureOut.model_validate(each) for each in found.failures],
            fault=found.fault,
            created_at=found.created_at,
            started_at=found.started_at,
            finished_at=found.finished_at,
        )


class MigrationListOut(BaseModel):
    """The migrations, newest first, at most 100."""

    items: list[MigrationOut]
