"""How the matrix did, as it is shown. Every definition stands in docs/policy-changes.md."""

from datetime import datetime

from pydantic import BaseModel, Field

from shared.db.insight import KindSeen, Seen
from shared.domain.clock_record import PROMISES
from shared.domain.evaluation import Fired, Verdicts, fired
from shared.domain.matrix import Matrix

_PROMISES = frozenset(kind.value for kind in PROMISES)
_OF_A_REGIME = "regime:"


class ThresholdOut(BaseModel):
    """A threshold of the newest version and the disputes that got their tier for its reason."""

    name: str
    to_tier: int
    disputes: int

    @classmethod
    def of(cls, each: Fired) -> "ThresholdOut":
        return cls(name=each.name, to_tier=each.to_tier, disputes=each.disputes)


class TierSeenOut(BaseModel):
    """One tier: what is there now, how long visits last, and what became of its decisions."""

    tier: int
    title: str | None = Field(description="Null when the newest version has no such tier.")
    open: int = Field(description="Unresolved disputes that are with it now, whenever they were received.")
    unhandled: int = Field(description="Those of them without a handler.")
    visits: int
    going_on: int = Field(description="Visits that have not ended.")
    median_hours: float | None = Field(description="Elapsed hours of the visits that ended.")
    p90_hours: float | None
    decisions: int
    reopened: int = Field(description="Decisions after which the dispute was opened again.")
    overturned: int = Field(description="Decisions that a higher tier or a second review changed.")
    overturn_rate: float | None = Field(description="overturned / decisions.")


class LatenessOut(BaseModel):
    """How late the engine noticed that a clock ran out: fired minus due, in seconds."""

    noticed: int
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None

    @classmethod
    def of(cls, seen: KindSeen | None) -> "LatenessOut":
        if seen is None or seen.late is None:
            return cls(noticed=0, p50=None, p95=None, p99=None, max=None)
        p50, p95, p99 = (round(each, 3) for each in seen.late)
        most = None if seen.late_max is None else round(seen.late_max, 3)
        return cls(noticed=seen.noticed, p50=p50, p95=p95, p99=p99, max=most)


class ClockSeenOut(BaseModel):
    """The clocks of one kind."""

    clock: str
    promise: bool = Field(description="Whether it is a promise to the customer.")
    kept: int
    broken: int
    met_late: int = Field(description="Broken ones that were met afterwards.")
    kept_rate: float | None = Field(description="kept / (kept + broken).")
    running: int
    stopped: int
    warned: int = Field(description="Clocks that reached a warning and are over, kept or broken.")
    warned_then_broken: int
    warn_to_breach_rate: float | None = Field(description="warned_then_broken / warned.")
    lateness: LatenessOut

    @classmethod
    def of(cls, kind: str, seen: KindSeen) -> "ClockSeenOut":
        warned = seen.warned_kept + seen.warned_broken
        return cls(
            clock=kind,
            promise=kind in _PROMISES or kind.startswith(_OF_A_REGIME),
            kept=seen.kept,
            broken=seen.broken,
            met_late=seen.met_late,
            kept_rate=_rate(seen.kept, seen.kept + seen.broken),
            running=seen.running,
            stopped=seen.stopped,
            warned=warned,
            warned_then_broken=seen.warned_broken,
            warn_to_breach_rate=_rate(seen.warned_broken, warned),
            lateness=LatenessOut.of(seen),
        )


class MatrixInsightOut(BaseModel):
    """How the escalation matrix did over the disputes received since an instant."""

    since: datetime
    as_of: datetime
    policy_version: int
    received: int = Field(description="Disputes received since then.")
    looked_at: int = Field(description="The newest of them, at most `limit`; everything but `open` is about these.")
    complete: bool
    thresholds: list[ThresholdOut]
    never_fired: list[str] = Field(description="Thresholds that decided about no dispute.")
    tiers: list[TierSeenOut]
    clocks: list[ClockSeenOut]
    lateness: LatenessOut = Field(description="Of all clocks together.")

    @classmethod
    def of(cls, seen: Seen, matrix: Matrix, *, since: datetime, as_of: datetime) -> "MatrixInsightOut":
        thresholds = [ThresholdOut.of(each) for each in fired(matrix, seen.reasons)]
        tiers = sorted({*range(1, matrix.top + 1), *seen.visits, *seen.open, *seen.verdicts})
        return cls(
            since=since,
            as_of=as_of,
            policy_version=matrix.version,
            received=seen.received,
            looked_at=seen.looked_at,
            complete=seen.looked_at == seen.received,
            thresholds=thresholds,
            never_fired=[each.name for each in thresholds if not each.disputes],
            tiers=[_tier(tier, seen, matrix) for tier in tiers],
            clocks=[ClockSeenOut.of(kind, each) for kind, each in sorted(seen.clocks.items()) if kind],
            lateness=LatenessOut.of(seen.clocks.get("")),
        )


def _tier(number: int, seen: Seen, matrix: Matrix) -> TierSeenOut:
    visits, now = seen.visits.get(number), seen.open.get(number)
    given = seen.verdicts.get(number, Verdicts(0, 0, 0))
    spent = None if visits is None or visits.spent is None else visits.spent
    return TierSeenOut(
        tier=number,
        title=matrix.tier(number).title if 1 <= number <= matrix.top else None,
        open=0 if now is None else now.open,
        unhandled=0 if now is None else now.unhandled,
        visits=0 if visits is None else visits.visits,
        going_on=0 if visits is None else visits.going_on,
        median_hours=None if spent is None else round(spent[0] / 3600, 3),
        p90_hours=None if spent is None else round(spent[1] / 3600, 3),
        decisions=given.decisions,
        reopened=given.reopened,
        overturned=given.overturned,
        overturn_rate=_rate(given.overturned, given.decisions),
    )


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
