"""Letters that a regime demands: a milestone is met once what it asks for was done and one of its letters was sent."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from shared.domain.clock_record import Clock
from shared.domain.marks import Marks, first_of


class Deed(NamedTuple):
    """What a milestone's clock looks at, as far as it has come: the deed, the letter, and when both were there."""

    done_at: datetime | None
    sent_at: datetime | None
    letter_owed: bool

    @property
    def met_at(self) -> datetime | None:
        """When it was met; None while the deed or a letter is missing."""
        if self.done_at is None or self.letter_owed:
            return None
        return self.done_at if self.sent_at is None else max(self.done_at, self.sent_at)


def done_with(clock: Clock, facts: Marks) -> Deed:
    """How far a milestone has come: done by the first of its facts, and told by the first of its letters."""
    watch = clock.promise.watch
    assert watch is not None
    later = clock.promise.spec.recurring
    done = first_of(facts, watch.met_by, clock.started_at, later=later)
    free = watch.letter_free_until
    if not watch.letters or (done is not None and free is not None and done <= free):
        return Deed(done, None, letter_owed=False)
    sent = first_of(facts, watch.letters, clock.started_at, later=later)
    return Deed(done, sent, letter_owed=sent is None)


def letter_lines(clock: Clock, facts: Marks) -> Iterator[str]:
    """In plain sentences: which letter a milestone demands, and how far it has come; nothing for other clocks."""
    watch = clock.promise.watch
    if watch is None or not watch.letters:
        return
    deed = done_with(clock, facts)
    names = " or ".join(each.removesuffix("_sent").replace("_", " ") for each in watch.letters)
    if not deed.letter_owed and deed.sent_at is None:
        yield "It was done so early that no letter is owed."
    elif deed.sent_at is not None:
        yield f"The letter it demands ({names}) was sent at {deed.sent_at.isoformat()}."
    else:
        done = "" if deed.done_at is None else f"What it asks for was done at {deed.done_at.isoformat()}. "
        yield f"{done}It is met only once its letter was sent: {names}."
        yield f"To be sent: {'; '.join(watch.sends)}."
