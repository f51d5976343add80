"""Messages: the conversation with the customer, and notes for the house."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.intake import security
from services.intake.api.case import CustomerSide, casework_router, refusals
from services.intake.api.deps import InTx, dispute_etag, dispute_for, problems, require
from services.intake.api.paging import Paged, PageOut
from services.intake.api.schemas_casework import AddedOut, CaseOut, MessageIn, MessageOut
from services.intake.commands.converse import NewMessage, add_message
from services.intake.security import Caller
from shared.db import messages

router = casework_router()


@router.post(
    "/messages",
    operation_id="addMessage",
    summary="Add a message",
    status_code=201,
    response_model=AddedOut,
    response_description="The message is part of the conversation; the dispute is as it stands after it.",
    responses=refusals(),
)
async def add(case: CustomerSide, body: MessageIn) -> Response:
    """A customer's message is counted, ends a wait for the customer, and reopens what was settled or closed.

    An agent's message is sent to the customer, unless it was said by telephone or in person. With `letter` it is one that a
    regulatory regime demands, and the clocks that wait for it are met once it was handed over. Writing to the customer or a
    note takes the scope `cases:work` as well.
    """
    from_customer = body.direction == "in"
    if not from_customer:
        security.demand(case.caller, "cases:work")
    new = NewMessage(
        direction=body.direction,
        channel="note" if body.internal else body.channel,
        author="customer" if from_customer else "agent",
        author_name=body.author_name or (None if from_customer else case.caller.name),
        body=body.body,
        internal=body.internal,
        letter=body.letter,
    )
    dispute, message_id = await add_message(case.tx, case.dispute, new, case.caller.actor)
    told = AddedOut(message_id=message_id, dispute=CaseOut.of(dispute))
    return await case.once.reply(201, told, {"etag": dispute_etag(dispute)})


@router.get(
    "/messages",
    operation_id="listMessages",
    summary="Read the conversation",
    responses=problems("invalid_cursor"),
)
async def list_messages(
    dispute_id: UUID, caller: Annotated[Caller, Depends(require("disputes:read"))], tx: InTx, paging: Paged
) -> PageOut[MessageOut]:
    """In the order in which it was said. A key that sees only its own disputes does not see notes."""
    dispute = await dispute_for(tx, caller, dispute_id)
    listing = f"messages/{dispute.id}"
    after = paging.after(listing)
    found = await messages.page(tx, dispute.id, after=after, limit=paging.limit + 1, internal=not caller.only_own)
    return paging.page(listing, found, lambda each: (each.created_at, each.id), _shown)


def _shown(each: messages.Message) -> MessageOut:
    return MessageOut.model_validate(each, from_attributes=True)
