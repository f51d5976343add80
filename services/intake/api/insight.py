"""Insight: how the escalation matrix did, from what is stored."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Depends, Query

from services.intake.api.deps import InTx, Parts, problems, require_house, secured_router
from services.intake.api.fields import Instant
from services.intake.api.schemas_insight import MatrixInsightOut
from services.intake.security import Caller
from shared.db.insight import Scope, look

router = secured_router("/v1/insight", "insight", codes=("invalid_value",))

DAYS: Final = 90
DISPUTES_MAX: Final = 50_000
Watcher = Annotated[Caller, Depends(require_house("ops:read", "policies:write"))]


@router.get("/matrix", operation_id="getMatrixInsight", summary="How the matrix did", responses=problems("not_found"))
async def matrix_insight(
    caller: Watcher,
    tx: InTx,
    parts: Parts,
    since: Annotated[Instant | None, Query(description="Disputes received since then; 90 days when left out.")] = None,
    limit: Annotated[int, Query(ge=1, le=DISPUTES_MAX, description="The newest so many of them.")] = 20_000,
) -> MatrixInsightOut:
    """Thresholds that never decide, tiers where cases pile up, decisions overturned, warnings heeded, promises kept.

    And how late the engine itself was. Counted over the newest disputes received since an instant.
    """
    start = since or tx.now - timedelta(days=DAYS)
    seen = await look(tx, Scope(start, limit))
    return MatrixInsightOut.of(seen, await parts.matrices.current(tx), since=start, as_of=tx.now)
