"""Customers: what one may ask for all of their disputes at once."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.api.deps import InTx, OnceOnly, problems, require_house, secured_router
from services.intake.api.erasure import EraseIn
from services.intake.commands.erase import OfCustomer, erase_customer
from services.intake.security import Caller
from shared.db.customer_erasure import Asked
from shared.domain.lifecycle import SETTLED
from shared.runtime.logs import logger

log = logger(__name__)

router = secured_router("/v1/customers", "customers", codes=("not_found", "invalid_value"))

Admin = Annotated[Caller, Depends(require_house("admin"))]
_ACTING = problems(
    "malformed_json", "body_too_large", "unsupported_media_type", "request_in_flight", "idempotency_key_reused"
)


class EraseCustomerIn(EraseIn):
    """Why a customer's disputes are erased, and what becomes of those that are not over."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"because": "customer_asked", "when_over": True}]})

    when_over: bool | None = Field(
        None,
        description="What becomes of the disputes that are not over: `true` has each erased a day after it is over, `false` "
        "takes that back, and left out it stays as it is.",
    )


class ErasedOut(BaseModel):
    """A dispute that this call erased."""

    id: UUID
    reference: str = Field(examples=["D-2026-000123"])


class StillOpenOut(BaseModel):
    """A dispute that stays, because it is not over."""

    id: UUID
    reference: str = Field(examples=["D-2026-000124"])
    status: str = Field(examples=["investigating"])
    why: Literal["being_handled", "follow_up_owed"] = Field(
        description="The complaint is being handled; or it is decided, and the customer may still object."
    )
    erased_when_over: bool


class CustomerErasureOut(BaseModel):
    """What was erased of a customer, and what was not."""

    customer_id: UUID
    erased: list[ErasedOut] = Field(description="By this call, the oldest first.")
    still_open: list[StillOpenOut] = Field(description="At most 100, the oldest first.")
    still_open_total: int
    has_more: bool = Field(
        description="There is more to erase or to note than one call does: ask again, with a new key."
    )

    @classmethod
    def of(cls, customer_id: UUID, done: OfCustomer) -> "CustomerErasureOut":
        """The answer to what was done."""
        return cls(
            customer_id=customer_id,
            erased=[ErasedOut(id=each.id, reference=each.reference) for each in done.erased],
            still_open=[
                StillOpenOut(
                    id=each.id,
                    reference=each.reference,
                    status=each.status,
                    why="follow_up_owed" if each.status in SETTLED else "being_handled",
                    erased_when_over=each.noted,
                )
                for each in done.going_on
            ],
            still_open_total=done.going_on_total,
            has_more=done.more,
        )


@router.post(
    "/{customer_id}/erase",
    operation_id="eraseCustomer",
    summary="Erase a customer",
    response_model=CustomerErasureOut,
    responses=_ACTING,
)
async def erase_one(customer_id: UUID, body: EraseCustomerIn, caller: Admin, tx: InTx, once: OnceOnly) -> Response:
    """Takes away everything personal and every text of the customer's disputes that are over; it cannot be undone.

    At most 100 are erased in a call. Those that are not over are named with the reason why they stay. Asked again, it erases what has become over since. A person
    has one id for each way by which they made themselves known: `GET /v1/disputes?q=…` finds the others.
    """
    done = await erase_customer(tx, customer_id, Asked(body.because, caller.actor), when_over=body.when_over)
    told = {"erased": len(done.erased), "still_open": done.going_on_total, "more": done.more}
    log.info("customer_erased", customer_id=str(customer_id), actor=caller.actor, **told)
    return await once.reply(200, CustomerErasureOut.of(customer_id, done))
