"""What may happen to a clock beside counting: being extended, and for a regime's milestone being met, voided or paused."""

from datetime import datetime

from msgspec import Struct

from shared.domain.duration import Term


class MayExtend(Struct, frozen=True, gc=False):
    """How much more time may be taken: `by` at once, up to `latest` counted from the start, at most so many `times`.

    None sets no limit. `reasons` are those allowed, any when there are none; every fact of `requires` comes first, and the
    customer is told at least `notice` before the time runs out: by one of `letters`, where there are any, which says what
    `sends` lists.
    """

    times: int
    by: Term | None = None
    latest: Term | None = None
    reasons: tuple[str, ...] = ()
    before_expiry: bool = True
    requires: tuple[str, ...] = ()
    notice: Term | None = None
    letters: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()


class MayPause(Struct, frozen=True, gc=False):
    """The clock stands still from `free` after one fact until another; `least_after` remains at least from there."""

    begins_on: str
    ends_on: str
    free: Term | None = None
    least_after: Term | None = None


class Watch(Struct, frozen=True, gc=False):
    """What a milestone's clock looks at. `due` is a date of the case's own, in place of the rule's term.

    A `duty` that runs out is a promise broken; a chance or somebody else's time that runs out is only over. `sends` is what
    has to be sent with it, in words, and one of `letters` has to be sent before it is met, unless it was done by
    `letter_free_until`.
    """

    title: str
    duty: bool
    met_by: tuple[str, ...]
    void_on: tuple[str, ...] = ()
    pause: MayPause | None = None
    due: datetime | None = None
    sends: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    letter_free_until: datetime | None = None
