"""The bodies of casework: messages, moves, decisions, feedback, and the dispute as it stands after each."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.intake.api.fields import Body, Flag, Line200, MoneyIn, MoneyOut, Prose, Whole
from services.intake.commands.letters import BY_MESSAGE, SPOKEN
from services.intake.commands.move import BY_HAND
from services.intake.commands.wait import Party
from shared.domain.dispute import REMEDIES, Dispute
from shared.domain.lifecycle import Outcome, Trigger, allowed
from shared.domain.money import Money

MESSAGE_CHANNELS: Final = (
    "email",
    "chat",
    "sms",
    "telephone",
    "in_person",
    "letter",
    "social_media",
    "portal",
    "api",
    "note",
)
"""How a message came or goes. What was said by telephone or in person is recorded and not sent again."""

Direction = Literal["in", "out"]
MessageChannel = Literal[MESSAGE_CHANNELS]  # type: ignore[valid-type] # the list above
Because = Literal["customer_asked", "new_facts", "remedy_failed", "not_solved", "mistake"]


class RemedyOut(BaseModel):
    """What was given."""

    kind: str
    amount: MoneyOut | None


class WaitingOut(BaseModel):
    """For whom the dispute waits, and since when."""

    on: str = Field(examples=["customer"])
    since: datetime


class CaseOut(BaseModel):
    """A dispute as it stands after an action, with the moves it may make from here."""

    id: UUID
    reference: str = Field(examples=["D-2026-000123"])
    version: int
    status: str = Field(examples=["investigating"])
    stage: str = Field(examples=["internal_1"])
    tier: int | None
    handler: str | None
    outcome: str | None
    remedy: RemedyOut | None
    waiting: WaitingOut | None
    needs_person: bool
    contact_count: int
    reopen_count: int
    responded_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime
    allowed: list[str] = Field(description="The triggers that the dispute may meet now.")

    @classmethod
    def of(cls, dispute: Dispute) -> "CaseOut":
        """What a caller may see of it."""
        waiting, remedy = dispute.waiting, dispute.remedy
        return cls(
            id=dispute.id,
            reference=dispute.reference,
            version=dispute.version,
            status=dispute.status,
            stage=dispute.stage,
            tier=dispute.tier,
            handler=dispute.handler,
            outcome=dispute.outcome,
            remedy=None if remedy is None else RemedyOut(kind=remedy.kind, amount=money_out(remedy.amount)),
            waiting=None if waiting is None else WaitingOut(on=waiting.on, since=waiting.since),
            needs_person=dispute.category.needs_person,
            contact_count=dispute.contact_count,
            reopen_count=dispute.reopen_count,
            responded_at=dispute.responded_at,
            resolved_at=dispute.resolved_at,
            closed_at=dispute.closed_at,
            updated_at=dispute.updated_at,
            allowed=sorted(allowed(dispute.status)),
        )


def money_out(amount: Money | None) -> MoneyOut | None:
    """An amount as replies show it."""
    return None if amount is None else MoneyOut(value=amount.value, currency=amount.currency)


class MessageIn(Body):
    """A message: `in` from the customer, `out` from an agent to the customer, or internal."""

    direction: Direction
    body: Prose
    channel: MessageChannel = Field(
        default="email", description="An agent's message on telephone or in person is only recorded."
    )
    internal: Flag = Field(default=False, description="A note for the house; the customer never sees it.")
    author_name: Line200 | None = None
    letter: Literal[BY_MESSAGE] | None = Field(  # type: ignore[valid-type] # the command's own list
        default=None,
        description="Which letter that a regime demands this is; only of a written message to the customer.",
    )

    @model_validator(mode="after")
    def _a_letter_is_written(self) -> Self:
        if self.letter is not None and (self.direction == "in" or self.internal or self.channel in SPOKEN):
            raise ValueError("Only what an agent writes to the customer is a letter; record others with /letters.")
        return self

    @model_validator(mode="after")
    def _notes_are_ours(self) -> Self:
        if self.internal and self.direction == "in":
            raise ValueError("A note is no message of the customer; its direction is out.")
        return self


class MessageOut(BaseModel):
    """One message of the conversation. `automatic` says that no person wrote it."""

    id: UUID
    direction: str
    channel: str
    author: str = Field(description="customer, agent or system.")
    author_name: str | None
    body: str
    internal: bool
    automatic: bool
    created_at: datetime


class AddedOut(BaseModel):
    """A message that was added, and the dispute after it."""

    message_id: UUID
    dispute: CaseOut


class WaitIn(Body):
    """For whom to wait and why; a message tells the customer what is needed."""

    party: Party = Field(alias="for", description="Only waiting for the customer pauses deadlines.")
    reason: Prose
    message: Prose | None = Field(default=None, description="Sent to the customer.")
    channel: MessageChannel = Field(default="email", description="How the message goes.")


class ReasonIn(Body):
    """Why; kept as an internal note."""

    reason: Prose | None = None


class MoveIn(Body):
    """A move of the lifecycle that has no address of its own."""

    trigger: Literal[BY_HAND]  # type: ignore[valid-type] # the command's own list
    reason: Prose | None = Field(default=None, description="Kept as an internal note.")

    @property
    def move(self) -> Trigger:
        return Trigger(self.trigger)


class EscalateIn(Body):
    """Why a higher tier is wanted, and which; the next one when none is named."""

    reason: Prose
    to_tier: Annotated[Whole, Field(ge=1, le=20)] | None = None


class ResolveIn(Body):
    """A decision: what was found, what is given, and the explanation that the customer reads."""

    outcome: Outcome
    remedy: Literal[REMEDIES] | None = None  # type: ignore[valid-type] # the domain's own list
    amount: MoneyIn | None = Field(default=None, description="Required where money moves.")
    explanation: Prose

    @model_validator(mode="after")
    def _amount_of_something(self) -> Self:
        if self.amount is not None and self.remedy is None:
            raise ValueError("An amount needs the remedy it belongs to.")
        return self


class CloseIn(Body):
    """Why nothing more is to be done."""

    because: Literal["decided", "confirmed"] = "decided"
    reason: Prose | None = Field(default=None, description="Kept as an internal note.")


class ReopenIn(Body):
    """Why it is opened again."""

    because: Because = "customer_asked"
    reason: Prose


class FeedbackIn(Body):
    """How it went, in the customer's words; at least one answer."""

    rating: Annotated[Whole, Field(ge=1, le=5)] | None = Field(
        default=None, description="Satisfaction (CSAT), 5 is best."
    )
    effort: Annotated[Whole, Field(ge=1, le=7)] | None = Field(default=None, description="Ease (CES), 7 is easiest.")
    solved: Flag | None = Field(default=None, description="False reopens the dispute; true confirms it.")
    comment: Prose | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set or all(value is None for value in self.model_dump().values()):
            raise ValueError("Give at least one of rating, effort, solved and comment.")
        return self


class FeedbackOut(BaseModel):
    """An answer that was given; `occasion` is how often the dispute had been reopened before."""

    id: UUID
    occasion: int
    rating: int | None
    effort: int | None
    solved: bool | None
    comment: str | None
    given_at: datetime


class FeedbackListOut(BaseModel):
    """Every answer, one for each decision that was answered."""

    items: list[FeedbackOut]
