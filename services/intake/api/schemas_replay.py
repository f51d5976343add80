"""What a replay is asked and what it answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.intake.api.fields import Instant, Whole
from services.intake.api.schemas_dry_run import ProposedIn
from shared.db.replaying import Replay
from shared.domain.comparison import Contrast, Side
from shared.domain.replay import Outcome

DISPUTES_MAX = 10_000


class ReplayIn(ProposedIn):
    """What is to be tried on past disputes, and on how many of them."""

    limit: Annotated[Whole, Field(ge=1, le=DISPUTES_MAX, description="The newest by receipt.")] = 2000
    since: Annotated[Instant | None, Field(description="Only disputes received since then.")] = None


class ClimbOut(BaseModel):
    """A climb as the replay tells it."""

    at: datetime
    from_tier: int
    to_tier: int
    because: list[str]


class OutcomeOut(BaseModel):
    """What one matrix made of one dispute."""

    began: int | None = Field(description="The tier it would have begun with.")
    climbs: list[ClimbOut]
    warnings: dict[str, int] = Field(description="By clock.")
    breaches: dict[str, int] = Field(description="By clock.")

    @classmethod
    def of(cls, outcome: Outcome) -> "OutcomeOut":
        climbs = [
            ClimbOut(at=each.at, from_tier=each.from_tier, to_tier=each.to_tier, because=list(each.because))
            for each in outcome.climbs
        ]
        return cls(began=outcome.began, climbs=climbs, warnings=dict(outcome.warnings), breaches=dict(outcome.breaches))


class ContrastOut(BaseModel):
    """One dispute under both."""

    reference: str
    present: OutcomeOut
    proposed: OutcomeOut

    @classmethod
    def of(cls, contrast: Contrast) -> "ContrastOut":
        return cls(
            reference=contrast.reference,
            present=OutcomeOut.of(contrast.present),
            proposed=OutcomeOut.of(contrast.proposed),
        )


class SideOut(BaseModel):
    """What one matrix made of all of them. Tiers are told by their number."""

    climbed: int = Field(description="Disputes that climbed at least once.")
    climbs: int
    warnings: int
    promises_broken: int = Field(description="Breaches of what customers are promised.")
    began: dict[str, int] = Field(description="Disputes by the tier they begin with.")
    highest: dict[str, int] = Field(description="Disputes by the highest tier they reach.")
    climbs_to: dict[str, int]
    climbs_because: dict[str, int]
    warnings_of: dict[str, int] = Field(description="Warnings by clock.")
    breaches_of: dict[str, int] = Field(description="Breaches by clock.")
    cut: int = Field(description="Disputes whose telling was cut because too many timers went off.")

    @classmethod
    def of(cls, side: Side) -> "SideOut":
        told = {name: dict(fact) if isinstance(fact, Mapping) else fact for name, fact in side._asdict().items()}
        return cls.model_validate(told)


class ReplayOut(BaseModel):
    """What the proposed policy would have made of past disputes, and the present one, told by the same rules."""

    as_of: datetime
    seconds: float
    over: int = Field(description="Disputes that are over and fit `since`.")
    disputes: int = Field(description="Those replayed.")
    in_time: bool = Field(description="False: the time was over before all that was asked for was replayed.")
    failed: dict[str, int]
    unlike: int = Field(description="Disputes in which a step could not happen in one of the tellings.")
    differ: int
    higher: int = Field(description="Disputes that would have reached a higher tier.")
    lower: int
    newly_climbing: int
    no_longer_climbing: int
    sooner: int = Field(description="Disputes whose first climb would have been sooner.")
    later: int
    present: SideOut
    proposed: SideOut
    examples: list[ContrastOut] = Field(description="At most 20 that differ most.")

    @classmethod
    def of(cls, done: Replay) -> "ReplayOut":
        told = done.comparison
        return cls(
            as_of=done.as_of,
            seconds=round(done.seconds, 3),
            over=done.over,
            in_time=done.in_time,
            disputes=told.disputes,
            failed=dict(told.failed),
            unlike=told.unlike,
            differ=told.differ,
            higher=told.higher,
            lower=told.lower,
            newly_climbing=told.newly_climbing,
            no_longer_climbing=told.no_longer_climbing,
            sooner=told.sooner,
            later=told.later,
            present=SideOut.of(told.present),
            proposed=SideOut.of(told.proposed),
            examples=[ContrastOut.of(each) for each in told.examples],
        )
