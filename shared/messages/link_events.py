"""The events of disputes that belong together; the reason stands with the link."""

from typing import ClassVar, Final

from shared.messages.event import Event


class DisputeLinked(Event, frozen=True, kw_only=True, gc=False):
    """A person said what the dispute is to another one, or to an incident that was accepted.

    `kind` is `duplicate`, `repeat` or `unrelated`, and `other` a dispute's id; or `cluster`, and `other` a cluster's. The
    dispute stays open with all its promises: a link closes nothing.
    """

    type: ClassVar[str] = "dispute.linked"
    kind: str
    other: str


class DisputeUnlinked(Event, frozen=True, kw_only=True, gc=False):
    """What was said of the dispute and another one was undone."""

    type: ClassVar[str] = "dispute.unlinked"
    kind: str
    other: str


CLASSES: Final[tuple[type[Event], ...]] = (DisputeLinked, DisputeUnlinked)
