"""What a dry run is asked and what it answers."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.intake.api.fields import Body, Flag, Whole
from shared.db.dry_run import DryRun
from shared.domain.foresight import Share, Spread
from shared.domain.migration import Moved
from shared.domain.simulation import Effect

DISPUTES_MAX = 20_000
HOLDERS_SHOWN_MAX = 50


class ProposedIn(Body):
    """The policy to be tried: a document that was not put, or the number of a version that was."""

    policy: dict[str, Any] | None = None
    version: Annotated[Whole, Field(ge=1, le=2**31 - 1)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.policy is None) is (self.version is None):
            raise ValueError("Give either policy or version.")
        return self


class DryRunIn(ProposedIn):
    """What is to be tried on the open disputes, and on how many of them."""

    limit: Annotated[Whole, Field(ge=1, le=DISPUTES_MAX)] = 5000
    allow_later: Annotated[Flag, Field(description="As if promises to customers might move later too.")] = False


class ShareOut(BaseModel):
    """One tier's, holder's or clock's part. `disputes` are those looked at; for a clock, those whose rule changes."""

    name: str
    disputes: int
    moved: int = Field(description="Deadlines that would be due at another instant.")
    earlier: int
    later: int
    held: int = Field(description="Promises to customers that would be later and therefore stay.")
    overdue: int = Field(description="Deadlines that would have passed already.")
    escalated: int

    @classmethod
    def each(cls, shares: Mapping[str, Share]) -> list["ShareOut"]:
        return [cls(name=name, **share._asdict()) for name, share in shares.items()]


class MoveSpreadOut(BaseModel):
    """How far deadlines move, in elapsed time."""

    deadlines: int
    bands: dict[str, int] = Field(examples=[{"up to 1 hour": 3, "longer": 0}])
    median_seconds: float | None
    furthest_seconds: float | None

    @classmethod
    def of(cls, spread: Spread) -> "MoveSpreadOut":
        return cls(
            deadlines=sum(spread.bands.values()),
            bands=dict(spread.bands),
            median_seconds=_seconds(spread.median),
            furthest_seconds=_seconds(spread.furthest),
        )


class MovedOut(BaseModel):
    """A clock under another rule; `by_seconds` is below zero for earlier, null for a promise withdrawn."""

    clock: str
    before: datetime | None = Field(description="Null while it is paused.")
    after: datetime | None
    by_seconds: float | None
    overdue: bool

    @classmethod
    def of(cls, moved: Moved) -> "MovedOut":
        return cls(
            clock=moved.kind.value,
            before=moved.before,
            after=moved.after,
            by_seconds=_seconds(moved.by),
            overdue=moved.overdue,
        )


class EffectOut(BaseModel):
    """What would happen to one dispute; pairs are before and after."""

    dispute_id: UUID
    reference: str
    tier: tuple[int | None, int | None]
    handler: tuple[str | None, str | None]
    severity: tuple[str, str]
    deadlines: list[MovedOut]
    held: list[str] = Field(description="Clocks of promises that stay because they would be later.")
    started: list[str] = Field(description="Clocks that would begin.")
    because: list[str] = Field(description="Why it would climb.")

    @classmethod
    def of(cls, effect: Effect) -> "EffectOut":
        return cls(
            dispute_id=effect.dispute_id,
            reference=effect.reference,
            tier=effect.tier,
            handler=effect.handler,
            severity=effect.severity,
            deadlines=[MovedOut.of(each) for each in effect.moved],
            held=[each.kind.value for each in effect.held],
            started=[each.kind.value for each in effect.started],
            because=list(effect.because),
        )


class WithoutOut(BaseModel):
    """What putting the policy does when nothing is migrated: running cases keep their promises."""

    deadlines_moved: int = Field(description="Always 0.")
    handlers_gone: int = Field(description="Disputes whose handler is not among the people; they are handed over.")


class DryRunOut(BaseModel):
    """What migrating the open disputes to the proposed policy now would do; nothing was changed."""

    summary: list[str] = Field(description="The answer in sentences.")
    as_of: datetime
    seconds: float
    open_disputes: int
    looked_at: int
    complete: bool = Field(description="Whether every open dispute was looked at.")
    in_time: bool = Field(description="False: the time was over before all that was drawn was looked at.")
    not_taken_up: int = Field(description="Disputes that escalation has not taken up; they begin with the new version.")
    failed: dict[str, int] = Field(description="Disputes about which nothing could be decided, by reason.")
    affected: int = Field(description="Disputes of which anything would change.")
    escalated: int
    tier_changed: int
    handler_changed: int
    severity_changed: int
    moved: int = Field(description="Deadlines that would be due at another instant.")
    rules_changed: int = Field(description="Clocks whose rule changes and whose due does not.")
    withdrawn: int
    held: int
    started: int
    overdue: int = Field(description="Deadlines that would have passed already.")
    earlier: MoveSpreadOut
    later: MoveSpreadOut
    by_clock: list[ShareOut]
    by_tier: list[ShareOut]
    by_holder: list[ShareOut] = Field(description=f"At most {HOLDERS_SHOWN_MAX}, those with most moved first.")
    regime_clocks: dict[str, int] = Field(description="Running clocks of regimes by name; a matrix moves none of them.")
    examples: list[EffectOut] = Field(description="At most 20: what breaks, who climbs, what moves furthest.")
    without_migration: WithoutOut

    @classmethod
    def of(cls, run: DryRun) -> "DryRunOut":
        seen = run.foresight
        plain = {name: getattr(seen, name) for name in _PLAIN}
        holders = sorted(ShareOut.each(seen.by_holder), key=lambda each: (-each.moved, -each.disputes, each.name))
        return cls(
            **plain,
            summary=list(run.sentences()),
            as_of=run.as_of,
            seconds=round(run.seconds, 3),
            open_disputes=run.open_disputes,
            complete=run.complete,
            in_time=run.in_time,
            failed=dict(seen.failed),
            earlier=MoveSpreadOut.of(seen.earlier),
            later=MoveSpreadOut.of(seen.later),
            by_clock=ShareOut.each(seen.by_clock),
            by_tier=ShareOut.each(seen.by_tier),
            by_holder=holders[:HOLDERS_SHOWN_MAX],
            regime_clocks=dict(seen.regime_clocks),
            examples=[EffectOut.of(each) for each in seen.examples],
            without_migration=WithoutOut(deadlines_moved=0, handlers_gone=seen.handlers_gone),
        )


_PLAIN: Iterable[str] = (
    "looked_at",
    "not_taken_up",
    "affected",
    "escalated",
    "tier_changed",
    "handler_changed",
    "severity_changed",
    "moved",
    "rules_changed",
    "withdrawn",
    "held",
    "started",
    "overdue",
)


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
