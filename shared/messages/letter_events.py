"""The event of letters that went out by other means than the product's own."""

from typing import ClassVar, Final

from shared.messages.event import Event


class LetterRecorded(Event, frozen=True, kw_only=True, gc=False):
    """Somebody recorded that a letter which a regime may demand was sent, by which channel and when."""

    type: ClassVar[str] = "dispute.letter_recorded"
    letter: str
    channel: str
    sent_at: str


CLASSES: Final[tuple[type[Event], ...]] = (LetterRecorded,)
