"""A dispute given to somebody else by hand: to the person named, or to whoever fits best without the one who has it."""

from datetime import datetime

from msgspec import Struct

from shared.domain.assignment import NO_BENCH, Bench, barred, full
from shared.domain.dispute import Dispute
from shared.domain.errors import Conflict
from shared.domain.escalation import Asked, Case, Seat, seated, take_up
from shared.domain.frozen import altered
from shared.domain.matrix import Matrix
from shared.domain.people import Person


class HandOver(Struct, frozen=True, gc=False):
    """Somebody wants the dispute to be with `to`, or with anybody but the one who has it when that is None.

    `of` is who must have it for that to count. `asked_by` is an actor. The reason stands in the internal message
    `message_id`, or with the reassignment. `override` sets a conflict or a full desk aside.
    """

    to: str | None
    asked_by: str
    of: str | None = None
    message_id: str | None = None
    reassignment_id: str | None = None
    override: bool = False


ByHand = Asked | HandOver
"""What somebody asked for by hand: a higher tier, or another handler."""


def check(person: Person, dispute: Dispute, now: datetime, bench: Bench = NO_BENCH, *, override: bool = False) -> None:
    """Whether the dispute may be given to this person.

    Raises:
        Conflict: it is over, they have it already, are absent, have a conflict with it, or as much as they can have.
    """
    if not dispute.active:
        raise Conflict(f"A dispute that is {dispute.status} is not handed over; reopen it first.")
    if dispute.handler == person.name:
        raise Conflict(f"{person.name} handles this dispute already.")
    if not person.present(now):
        raise Conflict(f"{person.name} is absent.")
    if override:
        return
    if (reason := barred(person, dispute, bench)) is not None:
        raise Conflict(f"{person.name} {reason}; a lead may give them the dispute all the same, saying so.")
    if full(person, bench):
        raise Conflict(f"{person.name} has as many open disputes as they can have ({person.load_max}).")


def handed(wish: HandOver, matrix: Matrix, dispute: Dispute, now: datetime, bench: Bench = NO_BENCH) -> Seat | None:
    """The seat after a hand-over; None when it changes nothing, because it was done or overtaken.

    Raises:
        Conflict: it can no longer be done; see `check`. Also when the matrix knows nobody of the name any more.
    """
    if not dispute.active or wish.to == dispute.handler or (wish.of is not None and wish.of != dispute.handler):
        return None
    if wish.to is None:
        return _to_anybody(wish, matrix, dispute, now, bench)
    person = matrix.person(wish.to)
    if person is None:
        raise Conflict(f"The matrix knows nobody named {wish.to} any more.")
    check(person, dispute, now, bench, override=wish.override)
    because = ("handed over by hand",)
    if dispute.tier is not None:
        return Seat(dispute.tier, person.name, because, ())
    first = take_up(Case(dispute, matrix, now, bench=bench))
    return first._replace(handler=person.name, because=(*first.because, *because))


def _to_anybody(wish: HandOver, matrix: Matrix, dispute: Dispute, now: datetime, bench: Bench) -> Seat | None:
    """Whoever fits best beside the present handler, here or at a tier above; None where there is nobody."""
    if dispute.tier is None or dispute.handler is None:
        return None
    others = altered(bench, away=bench.away | {dispute.handler})
    seat = seated(matrix, dispute.tier, dispute, now, bench=others)
    if seat.handler is None:
        return None
    return seat._replace(because=(f"what {dispute.handler} had was given to others", *seat.because))


__all__ = ["ByHand", "HandOver", "check", "handed"]
