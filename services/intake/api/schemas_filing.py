"""The bodies of filing: what a caller sends, and what stands in the 201."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from services.intake.api.fields import (
    Body,
    Day,
    Email,
    Jurisdiction,
    Language,
    Line50,
    Line100,
    Line200,
    Line300,
    Metadata,
    MoneyIn,
    Prose,
    TimeZone,
)
from services.intake.commands.new_dispute import Customer, NewDispute
from shared.domain.dispute import CHANNELS, CUSTOMER_CLASSES, REMEDIES
from shared.domain.errors import InvalidValue
from shared.domain.money import Money

EXAMPLE: Final[dict[str, Any]] = {
    "customer": {
        "name": "Ada Jones",
        "email": "ada@example.org",
        "reference": "C-1881",
        "language": "en",
        "customer_class": "standard",
        "jurisdiction": "GB",
        "time_zone": "Europe/London",
    },
    "subject": "Charged twice",
    "description": "You took 49.90 twice on 3 May and nobody answers my calls. I want one of them back.",
    "channel": "api",
    "amount": {"value": "49.90", "currency": "EUR"},
    "order_reference": "SO-7",
    "product": "kettle",
    "purchased_on": "2026-05-01",
    "remedy_sought": "refund",
    "metadata": {"helpdesk_ticket": "88"},
}


class CustomerIn(Body):
    """Who complains; at least one of e-mail, telephone and reference."""

    name: Line200 | None = None
    email: Email | None = None
    phone: Line50 | None = Field(
        None,
        description="With its country code, or as dialled inside the customer's jurisdiction.",
        examples=["+442079460958"],
    )
    reference: Line100 | None = Field(None, description="Your own number for this customer.")
    language: Language | None = Field(None, description="That of the text when left out.")
    customer_class: Literal[CUSTOMER_CLASSES] = "standard"  # type: ignore[valid-type] # the domain's own list
    jurisdiction: Jurisdiction | None = None
    time_zone: TimeZone | None = None

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if not (self.email or self.phone or self.reference):
            raise ValueError("Give at least one of email, phone and reference.")
        return self


class PartyIn(Body):
    """Somebody else involved: a seller, a carrier, a witness, a representative."""

    role: Line50
    name: Line200
    email: Email | None = None
    phone: Line50 | None = None
    reference: Line100 | None = None


class DisputeIn(Body):
    """A dispute to be filed. Only a customer with one way to reach them, subject and description are required."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    customer: CustomerIn
    subject: Line300
    description: Prose
    channel: Literal[CHANNELS] = "api"  # type: ignore[valid-type] # the domain's own list
    amount: MoneyIn | None = None
    order_reference: Line100 | None = None
    product: Line200 | None = None
    purchased_on: Day | None = Field(None, description="From 1970 on and not in the future.")
    remedy_sought: Literal[REMEDIES] | None = None  # type: ignore[valid-type] # the domain's own list
    parties: Annotated[list[PartyIn], Field(max_length=20, default_factory=list)]
    metadata: Metadata = Field(default_factory=dict)

    def to_new(self, received_at: datetime | None = None) -> NewDispute:
        """The dispute as the command takes it.

        Raises:
            InvalidValue: an amount that its currency does not allow, or a telephone number that cannot be one.
        """
        customer = self.customer
        return NewDispute(
            customer=Customer(
                name=customer.name,
                email=customer.email,
                phone=telephone(customer.phone, customer.jurisdiction) if customer.phone else None,
                reference=customer.reference,
                language=customer.language,
                customer_class=customer.customer_class,
                jurisdiction=customer.jurisdiction,
                time_zone=customer.time_zone,
            ),
            subject=self.subject,
            description=self.description,
            channel=self.channel,
            amount=Money.of(self.amount.value, self.amount.currency) if self.amount else None,
            order_reference=self.order_reference,
            product=self.product,
            purchased_on=self.purchased_on,
            remedy_sought=self.remedy_sought,
            parties=tuple(party.model_dump(exclude_none=True) for party in self.parties),
            metadata=self.metadata,
            received_at=received_at,
        )


def telephone(text: str, jurisdiction: str | None) -> str:
    """A telephone number in E.164, read as dialled inside the jurisdiction when it has no country code.

    Raises:
        InvalidValue: it cannot be one.
    """
    import phonenumbers  # its tables are large, and most disputes come without a number

    try:
        number = phonenumbers.parse(text, jurisdiction[:2] if jurisdiction else None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        detail = "Not a telephone number; give it with its country code, such as +442079460958."
        raise InvalidValue("/customer/phone", detail)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


class CategoryOut(BaseModel):
    """What the dispute is about, how sure that is, and the customer's own words that led there."""

    name: str
    issue: str | None = Field(description="What it is about more closely, by the taxonomy in use.")
    confidence: float = Field(ge=0, le=1)
    needs_person: bool
    language: str = Field(description="What the text is written in (ISO 639-1); `und` where that cannot be told.")
    reasons: list[str]
    secondary: list[str]


class SignalOut(BaseModel):
    """An emotion or a flag read in the text, with the words that show it."""

    name: str
    evidence: str | None


class LinksOut(BaseModel):
    """Where to go from here."""

    self: str
    history: str
    clocks: str
    portal: str = Field(description="The customer's own page; whoever has the address may read it.")


class FiledOut(BaseModel):
    """A dispute that was filed. Tier, handler and clocks appear as soon as escalation has taken it up."""

    id: UUID
    reference: str = Field(examples=["D-2026-000123"])
    status: str = Field(examples=["received"])
    stage: str = Field(examples=["internal_1"])
    tier: int | None
    version: int
    category: CategoryOut
    signals: list[SignalOut]
    severity: str = Field(examples=["normal"])
    customer_id: UUID
    prior_disputes: int = Field(description="Disputes of this customer in the twelve months before, counted up to 100.")
    created_at: datetime
    links: LinksOut


DISPUTE_IN: Final = TypeAdapter(DisputeIn)
