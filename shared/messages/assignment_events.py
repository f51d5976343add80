"""The events of who has a dispute, beside those that escalation tells of its own accord."""

from typing import ClassVar, Final

from shared.messages.event import Event


class AssignmentRequested(Event, frozen=True, kw_only=True, gc=False):
    """Somebody asked for another handler by hand; the reason is an internal message, named by its id.

    `override` says that a lead set a conflict of interest or a full desk aside.
    """

    type: ClassVar[str] = "dispute.assignment_requested"
    handler: str
    message_id: str | None
    override: bool


class HandedOver(Event, frozen=True, kw_only=True, gc=False):
    """The dispute went from one handler to another because `asked_by` wanted it; `dispute.assigned` follows.

    The reason is the internal message `message_id`, or stands with the reassignment.
    """

    type: ClassVar[str] = "dispute.handed_over"
    before: str | None
    handler: str | None
    tier: int
    asked_by: str
    message_id: str | None
    reassignment_id: str | None
    override: bool


CLASSES: Final[tuple[type[Event], ...]] = (AssignmentRequested, HandedOver)
