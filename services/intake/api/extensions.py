"""More time for a clock, as far as its rule allows."""

from typing import Annotated, Self

from fastapi import Response
from pydantic import AfterValidator, Field, model_validator

from services.intake.api.case import CaseWork, casework_router, refusals
from services.intake.api.clocks import KindName, Shelf, kind_named
from services.intake.api.fields import Body, Instant, Line200
from services.intake.api.schemas_casework import CaseOut
from services.intake.commands.extend import ask_for_time
from services.intake.links import path_of
from shared.domain.duration import Duration, parse_term
from shared.domain.errors import InvalidValue

router = casework_router("clocks")


def one_term(text: str) -> str:
    """The text when it is one term; raises ValueError otherwise."""
    try:
        term = parse_term(text)
    except InvalidValue as fault:
        raise ValueError(fault.detail) from fault
    if not isinstance(term, Duration):
        raise ValueError("One term, not several.")  # noqa: TRY004 - pydantic collects ValueError
    return text


class ExtendIn(Body):
    """How much more time, or until when, and why. The customer is told the new deadline and the reason."""

    by: Annotated[Line200, AfterValidator(one_term)] | None = Field(default=None, examples=["5 business days"])
    until: Instant | None = None
    reason: Line200 = Field(
        description="One of the rule's own where it lists them; kept with the clock, so no personal data."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.by is None) == (self.until is None):
            raise ValueError("Give either by or until.")
        return self


@router.post(
    "/clocks/{kind:path}/extend",
    operation_id="extendClock",
    summary="Ask for more time",
    status_code=202,
    response_model=CaseOut,
    response_description="The wish is recorded and allowed; the escalation service moves the deadline within moments.",
    responses=refusals("conflict", "policy_fault", "cannot_promise"),
)
async def extend_clock(case: CaseWork, kind: KindName, body: ExtendIn, shelf: Shelf) -> Response:
    """Within the most, the number of times, the reasons and the facts that the clock's rule asks for."""
    term = None if body.by is None else parse_term(body.by)
    by = term if isinstance(term, Duration) else body.until
    assert by is not None
    dispute = await ask_for_time(
        case.tx,
        case.dispute,
        kind_named(kind),
        by,
        reason=body.reason,
        calendars=await shelf.get(case.tx.now),
        actor=case.caller.actor,
    )
    return await case.show(dispute, 202, {"location": f"{path_of(dispute.id)}/clocks/{kind}/explain"})
