"""Breach risk: how likely a dispute is to break its resolution clock, and what presses it."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from services.intake.api.case import casework_router
from services.intake.api.deps import InTx, Parts, dispute_for, require
from services.intake.calendars import CalendarShelf, calendars_of
from services.intake.security import Caller
from shared.db import clocks, risk
from shared.domain.breach_features import Around, features_of, share_used
from shared.domain.breach_risk import Risk, Standing, score, standing
from shared.domain.breach_words import in_words
from shared.domain.clock_record import Clock, Kind
from shared.domain.dispute import Dispute
from shared.domain.errors import CannotPromise, PolicyFault
from shared.domain.timekeeping import Calendars

router = casework_router("clocks")

Reader = Annotated[Caller, Depends(require("disputes:read"))]
Shelf = Annotated[CalendarShelf, Depends(calendars_of)]

_PLACES: Final = 4


class FactorOut(BaseModel):
    """A figure that presses the risk up or down."""

    name: str = Field(examples=["time_used"])
    contribution: float = Field(
        description="In log-odds against an ordinary dispute, before calibration; above 0 raises."
    )
    words: str = Field(examples=["raises it: how much of the time is used"])


class RiskOut(BaseModel):
    """How likely the dispute is to break its resolution clock, as judged at `as_of`."""

    standing: Standing = Field(
        description="`open` while the clock runs or is paused; `kept` or `broken` once it is known; `none` without one."
    )
    probability: float | None = Field(ge=0, le=1, description="From 0 to 1; none unless `standing` is `open`.")
    share_used: float | None = Field(description="The share of the counted time that has passed, from 0 to 1.")
    factors: list[FactorOut] = Field(description="The main factors, the strongest first.")
    basis: Literal["prior", "history"] | None = Field(
        description="`prior`: a stated assumption, as long as there is too little history; `history`: learned from it."
    )
    learned_from: int = Field(
        description="Finished resolution clocks that the model was learned from; 0 for the prior."
    )
    model_version: int | None
    as_of: datetime


def models_of(request: Request) -> risk.Models:
    """The models known to the application that serves this request."""
    state = request.app.state
    if not hasattr(state, "risk_models"):
        state.risk_models = risk.Models()
    found: risk.Models = state.risk_models
    return found


@router.get("/risk", operation_id="getBreachRisk", summary="Read the breach risk")
async def get_risk(
    dispute_id: UUID,
    caller: Reader,
    tx: InTx,
    parts: Parts,
    shelf: Shelf,
    models: Annotated[risk.Models, Depends(models_of)],
) -> RiskOut:
    """Judged now, with its main factors in plain words. A support for deciding what to look at first, never a verdict."""
    dispute = await dispute_for(tx, caller, dispute_id)
    clock = (await clocks.newest(tx, [dispute.id]))[dispute.id].get(Kind.RESOLUTION)
    stands = Standing.NONE if clock is None else standing(clock.met_at, clock.missed_at, running=clock.open)
    if clock is None or stands is not Standing.OPEN:
        return _known(stands, tx.now)
    share = _share(clock, dispute, await shelf.get(tx.now), tx.now)
    if share is None:
        return _known(Standing.NONE, tx.now)
    version, model = await models.current(tx)
    climbs = (await risk.climbs_of(tx, [dispute.id])).get(dispute.id, 0)
    around = Around(tx.now, share, await risk.backlog(tx), climbs)
    judged = score(model, features_of(dispute, around, (await parts.matrix.get(tx)).rates))
    return _told(judged, share, version if judged.basis == "history" else None, tx.now)


def _share(clock: Clock, dispute: Dispute, calendars: Calendars, now: datetime) -> float | None:
    """None for a clock whose calendar is gone, so that nobody can say how much of it is left."""
    try:
        return share_used(clock, dispute, calendars, now)
    except (PolicyFault, CannotPromise):
        return None


def _known(stands: Standing, now: datetime) -> RiskOut:
    return RiskOut(
        standing=stands,
        probability=None,
        share_used=None,
        factors=[],
        basis=None,
        learned_from=0,
        model_version=None,
        as_of=now,
    )


def _told(judged: Risk, share: float, version: int | None, now: datetime) -> RiskOut:
    return RiskOut(
        standing=Standing.OPEN,
        probability=round(judged.probability, _PLACES),
        share_used=round(share, _PLACES),
        factors=[
            FactorOut(name=each.name, contribution=round(each.contribution, _PLACES), words=in_words(each))
            for each in judged.factors
        ],
        basis=judged.basis,
        learned_from=judged.n,
        model_version=version,
        as_of=now,
    )
