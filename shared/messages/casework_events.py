"""Events of what the house does with a case beside moving it: letters it sent by other means, and its erasure."""

from typing import ClassVar, Final

from shared.messages.event import Event


class LetterRecorded(Event, frozen=True, kw_only=True, gc=False):
    """Somebody recorded that a letter which a regime may demand was sent, by which channel and when."""

    type: ClassVar[str] = "dispute.letter_recorded"
    letter: str
    channel: str
    sent_at: str


class DisputeErased(Event, frozen=True, kw_only=True, gc=False):
    """Personal data and free text of the dispute were erased; `because` is `customer_asked` or `kept_long_enough`."""

    type: ClassVar[str] = "dispute.erased"
    because: str


CLASSES: Final[tuple[type[Event], ...]] = (LetterRecorded, DisputeErased)
