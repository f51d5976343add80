"""The events of questions to experts: asked and reminded of, answered, overdue, withdrawn."""

from typing import ClassVar, Final

from shared.messages.event import Event


class ExpertAsked(Event, frozen=True, kw_only=True, gc=False):
    """An expert desk was asked, or reminded where `reminder` is above 0; the question is the message of this id.

    `threshold` names the rule of the matrix that called them, None when a person did.
    """

    type: ClassVar[str] = "dispute.expert_asked"
    request_id: str
    desk: str
    message_id: str
    due_at: str
    threshold: str | None
    reminder: int = 0


class ExpertAnswered(Event, frozen=True, kw_only=True, gc=False):
    """An expert desk answered, in time or late; the answer is the message of this id."""

    type: ClassVar[str] = "dispute.expert_answered"
    request_id: str
    desk: str
    message_id: str
    late: bool


class ExpertOverdue(Event, frozen=True, kw_only=True, gc=False):
    """An expert desk did not answer by the time it had; told once, and the dispute goes to the tier above."""

    type: ClassVar[str] = "dispute.expert_overdue"
    request_id: str
    desk: str
    due_at: str
    fired_at: str


class ExpertWithdrawn(Event, frozen=True, kw_only=True, gc=False):
    """An answer is no longer needed: `because` is `by_hand` or `dispute_over`."""

    type: ClassVar[str] = "dispute.expert_withdrawn"
    request_id: str
    desk: str
    because: str


CLASSES: Final[tuple[type[Event], ...]] = (ExpertAsked, ExpertAnswered, ExpertOverdue, ExpertWithdrawn)
