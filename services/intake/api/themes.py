"""Rising themes: what more customers speak of in a finished day or week than its own past explains."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from services.intake.api.deps import InTx, require, secured_router
from services.intake.api.fields import Day
from services.intake.api.schemas_themes import ThemesOut
from services.intake.security import Caller
from shared.db.theme_periods import read

router = secured_router("/v1/insight", "insight", codes=("invalid_value",))

Watcher = Annotated[Caller, Depends(require("ops:read", "policies:write"))]


@router.get("/themes", operation_id="getRisingThemes", summary="Rising themes")
async def rising_themes(
    caller: Watcher,
    tx: InTx,
    period: Annotated[Literal["day", "week"], Query(description="Weeks begin on Monday; both are in UTC.")] = "day",
    at: Annotated[
        Day | None,
        Query(description="Any day of the period; the newest that was counted when left out.", examples=["2026-05-04"]),
    ] = None,
) -> ThemesOut:
    """Categories, issues, products and words that rose against the same season of their own past, with some disputes each.

    Counted once when a period is over, and again when disputes of it come late. No word of fewer than five customers, and
    nobody's name, number or address, is shown. Keys that see only what they filed see none.
    """
    if caller.only_own:
        return ThemesOut.of(period, None, None)
    return ThemesOut.of(period, *await read(tx, period, at))
