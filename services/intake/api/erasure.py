"""Erasure: the personal data and the free text of a dispute that is over."""

from typing import Annotated, Literal

from fastapi import Depends, Response
from pydantic import ConfigDict

from services.intake.api.case import Case, acting, casework_router, refusals
from services.intake.api.fields import Body
from services.intake.api.schemas_casework import CaseOut
from services.intake.commands.erase import erase

router = casework_router()

Administration = Annotated[Case, Depends(acting("admin"), scope="function")]


class EraseIn(Body):
    """Why it is erased."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"because": "customer_asked"}]})

    because: Literal["customer_asked", "kept_long_enough"]


@router.post(
    "/erase",
    operation_id="eraseDispute",
    summary="Erase personal data and texts",
    response_model=CaseOut,
    responses=refusals("conflict"),
)
async def erase_dispute(case: Administration, body: EraseIn) -> Response:
    """Takes away everything personal and every text of a dispute that is over; it cannot be undone.

    What stays is the history of events, which has no such thing, and the figures. A customer's disputes are found by
    `customer_id`. `dispute.erased` tells those who keep copies.
    """
    return await case.show(await erase(case.tx, case.dispute, because=body.because, actor=case.caller.actor))
