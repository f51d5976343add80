"""Notifications of a dispute: what was planned, what was sent, to whom, and how it went."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, Field

from services.intake.api.case import casework_router
from services.intake.api.deps import InTx, dispute_for, problems, require
from services.intake.api.paging import Paged, PageOut
from services.intake.security import Caller
from shared.db import deliveries_view
from shared.db.deliveries_view import CUSTOMER, Delivery

router = casework_router("notifications")


class AttemptOut(BaseModel):
    """One try at a delivery. Without an outcome its process died: it may or may not have arrived."""

    number: int
    began_at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: str | None


class NotificationOut(BaseModel):
    """One message to one recipient. A suppressed one says why it was not sent."""

    id: UUID
    dispute_id: UUID | None = Field(description="Null only for the test of a webhook endpoint.")
    kind: str = Field(examples=["acknowledgement"])
    occasion: str = Field(description="What makes it unique beside its kind and recipient.")
    audience: str = Field(description="customer, handler, tier or integration.")
    channel: str = Field(examples=["email"])
    recipient: str = Field(description="`customer`, a person's name in the matrix, or the id of a webhook endpoint.")
    state: str = Field(description="pending, sent, suppressed or dead.")
    reason: str | None = Field(description="Why it was suppressed or given up.")
    due_at: datetime | None = Field(description="When it is tried next.")
    created_at: datetime
    sent_at: datetime | None
    attempts: list[AttemptOut]


def shown(each: Delivery) -> NotificationOut:
    """A delivery as replies show it."""
    return NotificationOut.model_validate(each, from_attributes=True)


@router.get(
    "/notifications",
    operation_id="listNotifications",
    summary="Read what was sent",
    responses=problems("invalid_cursor"),
)
async def list_notifications(
    dispute_id: UUID, caller: Annotated[Caller, Depends(require("disputes:read"))], tx: InTx, paging: Paged
) -> PageOut[NotificationOut]:
    """In the order in which it was planned. A key that sees only its own disputes sees what the customer was sent."""
    dispute = await dispute_for(tx, caller, dispute_id)
    listing = f"notifications/{dispute.id}"
    after = paging.after(listing)
    found = await deliveries_view.of_dispute(
        tx,
        dispute.id,
        after=None if after is None else after[1],
        limit=paging.limit + 1,
        audience=CUSTOMER if caller.only_own else None,
    )
    return paging.page(listing, found, lambda each: (each.created_at, each.id), shown)
