"""GET /v1/disputes/{id}/history: every event, chained, and whether the chain holds."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import Depends, Query, Response

from services.intake.api.deps import InTx, dispute_for, require, secured_router
from services.intake.api.schemas_dispute import HistoryOut
from services.intake.security import Caller
from shared.db import disputes, history
from shared.db.disputes import EMPTY_HEAD
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.messages import link_events

VERIFIED_MAX: Final = 10_000
"""Events checked by one request; a dispute with more than this is beyond anything a case can be."""
_CHUNK: Final = 1_000
_NAME_ANOTHER: Final = frozenset(each.type for each in link_events.CLASSES)

router = secured_router("/v1/disputes", "disputes", codes=("not_found", "invalid_value"))


@router.get("/{dispute_id}/history", operation_id="getHistory", summary="Read the history", response_model=HistoryOut)
async def get_history(
    tx: InTx,
    caller: Annotated[Caller, Depends(require("disputes:read"))],
    dispute_id: UUID,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="`next_after` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    *,
    verify: Annotated[
        bool, Query(description="Also check the whole chain of hashes, from the first event on.")
    ] = False,
) -> Response:
    """The events of a dispute in their order: what happened, when, by whom. Nothing in it identifies a person.

    Each event's hash covers the one before it, so that no event can be changed, removed or inserted unseen.
    """
    dispute = await dispute_for(tx, caller, dispute_id)
    found = await history.entries(tx, dispute_id, after=after, limit=limit + 1)
    items, more = found[:limit], len(found) > limit
    told = {
        "items": await _told(tx, caller, items),
        "has_more": more,
        "next_after": items[-1].sequence if more else None,
        "chain": await _chain(tx, dispute) if verify else None,
    }
    return Response(orjson.dumps(told, option=orjson.OPT_UTC_Z), media_type="application/json")


async def _told(tx: Tx, caller: Caller, items: Sequence[history.Entry]) -> list[dict[str, Any]]:
    """The entries as this caller may read them: one who sees only its own is not told what of others one is linked to."""
    told = [entry.as_dict() for entry in items]
    if caller.only_own:
        linked = [each["data"] for each in told if each["type"] in _NAME_ANOTHER]
        known = await disputes.get_many(tx, {UUID(each["other"]) for each in linked})
        own = {str(each.id) for each in known.values() if each.filed_by == caller.principal_id}
        for each in linked:
            each["other"] = each["other"] if each["other"] in own else None
    return told


async def _chain(tx: Tx, dispute: Dispute) -> dict[str, object]:
    """Walks the chain from its beginning; its end must be the head that the dispute itself bears."""
    head, last, broken = EMPTY_HEAD, 0, None
    while broken is None and last < VERIFIED_MAX:
        chunk = await history.entries(tx, dispute.id, after=last, limit=_CHUNK)
        if not chunk:
            break
        broken = history.first_break(chunk, head)
        head, last = chunk[-1].hash, chunk[-1].sequence
    if broken is None and (head != dispute.head or last != dispute.sequence):
        broken = last + 1  # the last events are missing, or one that the dispute knows nothing of was added
    return {"intact": broken is None, "first_break": broken, "events": last, "head": dispute.head.hex()}
