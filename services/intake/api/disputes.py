"""Disputes: read one, list them, correct their facts."""

import hashlib
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from pydantic_core import to_json

from services.intake import cursors
from services.intake.api.deps import (
    InTx,
    Parts,
    dispute_etag,
    dispute_for,
    expected_version,
    lock_for,
    problems,
    require,
    secured_router,
)
from services.intake.api.fields import LINE, Instant, IssueName
from services.intake.api.schemas_dispute import CorrectionIn, DisputeOut, DisputePageOut, ListedOut
from services.intake.commands.correct import correct
from services.intake.commands.teach import teach
from services.intake.security import Caller
from shared.db import privates, risk, search
from shared.domain.dispute import CATEGORIES, CHANNELS, Severity
from shared.domain.lifecycle import Status
from shared.runtime import traces

router = secured_router("/v1/disputes", "disputes", codes=("not_found", "invalid_value"))

Reader = Annotated[Caller, Depends(require("disputes:read"))]
Writer = Annotated[Caller, Depends(require("disputes:write"))]
_Word = Annotated[str, StringConstraints(min_length=1, max_length=200), LINE]


class Filters(BaseModel):
    """What to list; everything given must hold."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[list[Status], Field(max_length=len(Status), description="One or several of these.")] = []
    category: Literal[CATEGORIES] | None = None  # type: ignore[valid-type] # the domain's own list
    issue: IssueName | None = None
    tier: Annotated[int, Field(ge=1, le=99)] | None = None
    handler: _Word | None = None
    severity: Severity | None = None
    channel: Literal[CHANNELS] | None = None  # type: ignore[valid-type] # the domain's own list
    customer_id: UUID | None = None
    needs_person: bool | None = None
    overdue: bool = Field(False, description="Only those with a clock that ran out and was not met.")
    risk_at_least: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        None,
        description="Only unresolved ones whose breach risk was last judged at this or more, from 0 to 1. Judged from the "
        "first such list on, some thousands of disputes a round.",
    )
    q: _Word | None = Field(
        None, description="Exactly a reference, e-mail address, customer or order reference; else words of the subject."
    )
    received_from: Instant | None = Field(None, description="From this instant on.")
    received_to: Instant | None = Field(None, description="Before this instant.")
    cursor: Annotated[str, Field(max_length=200)] | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=search.PAGE_MAX)

    @field_validator("status", mode="before")
    @classmethod
    def _once_each(cls, value: Any) -> Any:
        return list(dict.fromkeys(value)) if isinstance(value, list) else value

    def wanted(self, caller: Caller) -> search.Wanted:
        """The filters for the store, narrowed to what this caller may see."""
        given = self.model_dump(exclude={"cursor", "limit"})
        given["status"] = tuple(self.status) or None
        return search.Wanted(**given, filed_by=caller.principal_id if caller.only_own else None)

    def mark(self, caller: Caller) -> str:
        """What binds a cursor to this list."""
        text = self.model_dump_json(exclude={"cursor", "limit"}) + str(caller.only_own and caller.principal_id)
        return hashlib.sha256(text.encode()).hexdigest()


@router.get(
    "",
    operation_id="listDisputes",
    summary="List disputes",
    response_model=DisputePageOut,
    responses=problems("invalid_cursor"),
)
async def list_disputes(
    request: Request, parts: Parts, tx: InTx, caller: Reader, filters: Annotated[Filters, Query()]
) -> Response:
    """Disputes, newest first, a page at a time.

    Each page examines a bounded number of disputes. Where a filter is rare among them a page may be short, or empty, and
    still have `has_more`: go on with `next_cursor`, or narrow the list by `handler`, `status` or `received_from`.
    """
    if filters.risk_at_least is not None:
        await risk.ask(tx)
    mark = filters.mark(caller)
    after = cursors.read(parts.sealer, filters.cursor, mark) if filters.cursor is not None else None
    page = await search.page(tx, filters.wanted(caller), after=after, limit=filters.limit)
    cursor = None if page.next is None else cursors.write(parts.sealer, page.next, mark)
    told = DisputePageOut(
        items=[ListedOut.of(each) for each in page.items], has_more=cursor is not None, next_cursor=cursor
    )
    headers = {}
    if cursor is not None:
        headers["link"] = (
            f'<{request.url.include_query_params(cursor=cursor).path}?{_query(request, cursor)}>; rel="next"'
        )
    return _reply(told, headers)


def _query(request: Request, cursor: str) -> str:
    return request.url.include_query_params(cursor=cursor).query


@router.get(
    "/{dispute_id}",
    operation_id="getDispute",
    summary="Read a dispute",
    response_model=DisputeOut,
    responses={304: {"description": "It is still as you have it."}},
)
async def get_dispute(
    parts: Parts,
    tx: InTx,
    caller: Reader,
    dispute_id: UUID,
    if_none_match: Annotated[str | None, Header(examples=['"3.8"'])] = None,
) -> Response:
    """Everything known of one dispute.

    Its ETag is its version and the number of its newest event; with If-None-Match the answer may be 304.
    """
    dispute = await dispute_for(tx, caller, dispute_id)
    tag = dispute_etag(dispute)
    if if_none_match is not None and _names(if_none_match, tag):
        return Response(status_code=304, headers={"etag": tag})
    private = await privates.get(tx, dispute_id)
    return _reply(DisputeOut.whole(parts, dispute, private), {"etag": tag})


@router.patch(
    "/{dispute_id}",
    operation_id="correctDispute",
    summary="Correct facts",
    response_model=DisputeOut,
    responses=problems(
        "malformed_json", "stale_version", "precondition_required", "unsupported_media_type", "body_too_large"
    ),
)
async def correct_dispute(
    parts: Parts,
    tx: InTx,
    caller: Writer,
    dispute_id: UUID,
    body: CorrectionIn,
    if_match: Annotated[
        str | None, Header(description="The ETag of the version you decided on.", examples=['"3.8"'])
    ] = None,
) -> Response:
    """Corrects what was filed or read wrongly.

    A category that is corrected, or that holds when nobody is needed any more, is kept to learn from for a time, with a
    masked copy of the text and without who said so.
    Status, tier and handler are not facts but moves; they have routes of their own.
    """
    before = await lock_for(tx, caller, dispute_id, version=expected_version(if_match))
    parts.taxonomy.check(body.category or before.category.name, body.issue, category_said=body.category is not None)
    after = await correct(
        tx,
        before,
        body.facts(),
        matrix=await parts.matrix.get(tx),
        actor=caller.actor,
        reason=body.reason,
        traceparent=traces.inject().get("traceparent"),
    )
    private = await privates.get(tx, dispute_id)
    if parts.settings.correction_days and not caller.only_own:
        await teach(tx, before, after, private)
    return _reply(DisputeOut.whole(parts, after, private), {"etag": dispute_etag(after)})


def _names(if_none_match: str, tag: str) -> bool:
    """Whether an If-None-Match header names the tag (RFC 9110, section 13.1.2: compared weakly)."""
    tags = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return tag in tags or "*" in tags


def _reply(told: BaseModel, headers: dict[str, str]) -> Response:
    return Response(to_json(told), headers=headers, media_type="application/json")
