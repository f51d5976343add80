"""Models of categorisation, read: which of them answers, how they were measured, who published them, and drift."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import BaseModel, Field

from services.intake.api.deps import InTx, Parts, problems, require, require_house, secured_router
from services.intake.security import Caller
from shared.db import category_drift
from shared.db import category_models as models
from shared.db.category_models import Listed
from shared.domain.drift import Verdict, document

router = secured_router("/v1/categorisation", "insight")

Watcher = Annotated[Caller, Depends(require("ops:read", "policies:write"))]
HouseWatcher = Annotated[Caller, Depends(require_house("ops:read", "policies:write"))]
Month = Annotated[
    str | None,
    Query(
        pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$",
        examples=["2026-10"],
        description="By UTC; the present one when left out.",
    ),
]


class ModelOut(BaseModel):
    """A stored model of categorisation; it never changes."""

    version: int
    size: int = Field(description="Bytes of its file.")
    sha256: str
    author: str
    created_at: datetime
    published_at: datetime | None = Field(description="When it was last made the one that answers.")


class ModelReportOut(ModelOut):
    """A model with the report of its learning."""

    report: dict[str, Any] = Field(
        description="What it was learnt from, and its figures on texts that were held out: accuracy, macro-F1, "
        "calibration, per-class precision and recall, and how its answers differ from those of the model then in use."
    )


class PublicationOut(BaseModel):
    """Who made which model the one that answers, when and why."""

    version: int | None = Field(description="None: the model that came with the product.")
    rollback: bool
    author: str
    reason: str
    published_at: datetime


class ModelsOut(BaseModel):
    """The newest stored models and publications, at most 100 of each."""

    published: int | None = Field(description="The version that was published last; none: the shipped model.")
    in_use: int | None = Field(
        description="The version that answers in this process. It follows `published` within seconds, and stays where "
        "it is when what was published is damaged."
    )
    items: list[ModelOut]
    publications: list[PublicationOut]


class ComparedOut(BaseModel):
    """A figure last month and this month."""

    last: float | None
    this: float | None
    z: float | None = Field(description="The difference in standard errors.")
    beyond_chance: bool = Field(description="Chance alone would show this less than once in a hundred months.")


class MonthsOut(BaseModel):
    """A count last month and this month."""

    last: int
    this: int


class DriftOut(BaseModel):
    """What was answered in a month, against the month before; from at most thirty disputes of every hour."""

    month: str
    verdict: Verdict
    meaning: str
    population_stability_index: float = Field(description="Of the categories; 0.1 is worth a look, 0.25 is drift.")
    explained_by_chance: float = Field(description="What the index stays below in 95 of 100 unchanged months.")
    answers: MonthsOut
    categories: dict[str, MonthsOut]
    needs_person: ComparedOut
    mean_confidence: ComparedOut
    corrected: ComparedOut = Field(description="Share that agents corrected; newer disputes had less time for it.")


@router.get("/models", operation_id="listCategoryModels", summary="List the models of categorisation")
async def list_models(caller: Watcher, tx: InTx, parts: Parts) -> ModelsOut:
    """Learning a model never changes which of them answers: that is published by command line, with a reason."""
    return ModelsOut(
        published=await models.current_version(tx),
        in_use=parts.in_use.version,
        items=[ModelOut(**_facts(each)) for each in await models.listed(tx)],
        publications=[PublicationOut(**each._asdict()) for each in await models.publications(tx)],
    )


@router.get(
    "/models/{version}",
    operation_id="getCategoryModel",
    summary="Read a model's report",
    responses=problems("not_found", "invalid_value"),
)
async def get_model(version: Annotated[int, Path(ge=1, le=2**31 - 1)], caller: Watcher, tx: InTx) -> ModelReportOut:
    """How the model was learnt and measured."""
    found = await models.shown(tx, version)
    return ModelReportOut(**_facts(found), report=dict(found.report))


@router.get(
    "/drift",
    operation_id="getCategoryDrift",
    summary="This month's answers against last month's",
    responses=problems("invalid_value"),
)
async def get_drift(caller: HouseWatcher, tx: InTx, month: Month = None) -> DriftOut:
    """Whether the answers still look like last month's: categories, needs-person, confidence, corrections."""
    asked = tx.now if month is None else _first_of(month)
    found = await category_drift.against_last_month(tx, asked)
    return DriftOut.model_validate({"month": f"{asked:%Y-%m}", **document(found)})


def _first_of(month: str) -> datetime:
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)


def _facts(each: Listed) -> dict[str, Any]:
    facts = {name: value for name, value in each._asdict().items() if name not in {"digest", "report"}}
    return facts | {"sha256": each.digest.hex()}
