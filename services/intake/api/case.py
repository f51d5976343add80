"""What the routes of casework share: a locked dispute that the caller may act on, and the reply that shows it afterwards."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response

from services.intake.api.deps import (
    OnceOnly,
    dispute_etag,
    expected_version,
    lock_for,
    problems,
    require,
    secured_router,
)
from services.intake.api.schemas_casework import CaseOut
from services.intake.idempotency import Once
from services.intake.security import Caller
from shared.db.engine import Tx
from shared.domain.dispute import Dispute

ACTING: Final = (
    "malformed_json",
    "body_too_large",
    "unsupported_media_type",
    "not_found",
    "illegal_transition",
    "request_in_flight",
    "stale_version",
    "invalid_value",
    "idempotency_key_reused",
)
"""What any action on a dispute may be refused with."""


@dataclass(frozen=True, slots=True)
class Case:
    """One request that acts on one dispute, which is locked."""

    tx: Tx
    once: Once
    caller: Caller
    dispute: Dispute

    async def show(self, dispute: Dispute, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """The reply after the action: the dispute as it stands now, with its ETag."""
        return await self.once.reply(status, CaseOut.of(dispute), {"etag": dispute_etag(dispute), **(headers or {})})


def acting(scope: str) -> Callable[..., Coroutine[Any, Any, Case]]:
    """A dependency: the dispute of the path under its lock, for a caller whose key has this scope."""

    async def opened(
        dispute_id: UUID,
        caller: Annotated[Caller, Depends(require(scope))],
        once: OnceOnly,
        if_match: Annotated[
            str | None,
            Header(
                description="Acts only on this version of the dispute: the ETag you decided on. May be left out.",
                examples=['"3.8"'],
            ),
        ] = None,
    ) -> Case:
        version = None if if_match is None else expected_version(if_match)
        dispute = await lock_for(once.tx, caller, dispute_id, version=version)
        return Case(once.tx, once, caller, dispute)

    return opened


CustomerSide = Annotated[Case, Depends(acting("disputes:write"), scope="function")]
"""What the customer may do, or a helpdesk on their behalf."""
CaseWork = Annotated[Case, Depends(acting("cases:work"), scope="function")]
"""What people who work on cases decide."""


def casework_router(tag: str = "casework") -> APIRouter:
    """A router for what happens to one dispute."""
    return secured_router("/v1/disputes/{dispute_id}", tag, codes=("not_found", "invalid_value"))


def refusals(*more: str) -> dict[int | str, dict[str, Any]]:
    """The problems of an action, for its documentation."""
    return problems(*ACTING, "insufficient_scope", "malformed_request", "invalid_cursor", *more)
