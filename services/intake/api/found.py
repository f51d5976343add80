"""What the customer's text mentions: amounts, dates, references, offered to a person and never believed."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends
from pydantic import BaseModel, Field

from services.intake.api.case import casework_router
from services.intake.api.deps import InTx, dispute_for, require
from services.intake.categorise.extract import found_in
from services.intake.categorise.found import Found
from services.intake.categorise.languages import UNDETERMINED, language_of
from services.intake.categorise.reading import normalised
from services.intake.security import Caller
from shared.db import privates
from shared.domain.dispute import Dispute

router = casework_router("disputes")

Part = Literal["subject", "description"]
_AGREE: Final = {"amount": "amount", "date": "purchased_on", "reference": "order_reference", "product": "product"}


class MentionOut(BaseModel):
    """Something the text mentions, and where: `said` is the text from `start` up to but without `end`."""

    kind: Literal["amount", "date", "reference", "card", "product"]
    part: Part
    start: int
    end: int
    said: str
    value: str | None = Field(
        description="A decimal amount, a day (ISO 8601), a number, or the last four signs of a card or account."
    )
    currency: str | None = None
    candidates: list[str] = Field([], description="Currencies the sign may stand for.")
    until: date | None = Field(None, description="The last day, where a span of days is meant.")
    other: date | None = Field(None, description="The second reading of a day that can be read in two ways.")
    named_by: str | None = Field(None, description="What the customer calls the number, such as `invoice`.")
    agrees_with: str | None = Field(None, description="The field of the dispute that says the same already.")


class MentionsOut(BaseModel):
    """Everything found, each thing once and in the order in which the text tells it; nothing of it was taken over into the dispute."""

    language: str = Field(description="What the text is written in (ISO 639-1); `und` where that cannot be told.")
    items: list[MentionOut]


@router.get("/mentions", operation_id="getMentions", summary="Read what the text mentions")
async def mentions(
    dispute_id: UUID, tx: InTx, caller: Annotated[Caller, Depends(require("disputes:read"))]
) -> MentionsOut:
    """Amounts, dates, order and other numbers, cards (their last four digits) and the product, each with its place.

    They are offers to whoever works the case. Days such as "yesterday" count from the day the dispute was received.
    """
    dispute = await dispute_for(tx, caller, dispute_id)
    private = await privates.get(tx, dispute_id)
    parts: dict[Part, str] = {"subject": private.subject, "description": private.description}
    language = language_of(normalised(f"{private.subject}\n{private.description}")).code
    spoken = dispute.language if language == UNDETERMINED else language
    told: dict[object, MentionOut] = {}
    for part, text in parts.items():
        found = found_in(text, today=_day(dispute), language=spoken, product=dispute.product)
        for each in sorted(_told(dispute, found, part, text), key=lambda each: each.start):
            told.setdefault(_what(each), each)
    return MentionsOut(language=language, items=list(told.values()))


def _what(told: MentionOut) -> object:
    """The same for what is said twice: by the subject and by the description. The product's places are all kept."""
    place = (told.part, told.start) if told.kind == "product" else ()
    return told.kind, told.value, told.currency, tuple(told.candidates), told.until, told.other, place


def _day(dispute: Dispute) -> date:
    zone = ZoneInfo(dispute.time_zone) if dispute.time_zone else None
    return dispute.received_at.astimezone(zone).date() if zone else dispute.received_at.date()


def _told(dispute: Dispute, found: Found, part: Part, text: str) -> Iterator[MentionOut]:
    for amount in found.amounts:
        filed = dispute.amount
        codes = (amount.currency, *amount.candidates)
        agrees = filed is not None and filed.amount == amount.value and filed.currency in codes
        yield _mention(
            "amount",
            part,
            amount,
            value=str(amount.value),
            currency=amount.currency,
            candidates=list(amount.candidates),
            agrees=agrees,
        )
    for day in found.dates:
        until = day.last if day.last != day.first else None
        agrees = dispute.purchased_on in (day.first, day.other) and until is None and dispute.purchased_on is not None
        yield _mention("date", part, day, value=day.first.isoformat(), until=until, other=day.other, agrees=agrees)
    for number in found.references:
        agrees = number.value == dispute.order_reference
        said = text[number.start : number.end]
        yield _mention(
            "reference", part, number, said=said, value=number.value, named_by=number.named_by or None, agrees=agrees
        )
    for card in found.cards:
        yield _mention("card", part, card, said=f"…{card.ending}", value=card.ending, named_by=card.kind)
    for product in found.products:
        yield _mention("product", part, product, value=dispute.product, agrees=True)


def _mention(
    kind: str, part: Part, found: Any, *, agrees: bool = False, said: str | None = None, **more: Any
) -> MentionOut:
    return MentionOut(
        kind=kind,  # type: ignore[arg-type] # one of the literal's names, above
        part=part,
        start=found.start,
        end=found.end,
        said=found.said if said is None else said,
        agrees_with=_AGREE[kind] if agrees else None,
        **more,
    )
