"""Who of those present handles a dispute: decided by what they can do, must not do, and have in hand. Pure values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.domain.calendar import Calendar
from shared.domain.dispute import Dispute
from shared.domain.errors import CannotPromise
from shared.domain.people import Person

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_NO_LOADS: Final[Mapping[str, int]] = {}
_NO_CALENDARS: Final[Mapping[str, Calendar]] = {}


class Bench(Struct, frozen=True, gc=False):
    """What a choice rests on beside the matrix: `loads` are open disputes by handler, nobody named has none.

    `former` are those who handled an earlier stage of this dispute; `involved` are the names, casefolded, of its parties
    and of whoever filed it; `away` are those who hand over what they have and take nothing.
    """

    loads: Mapping[str, int] = _NO_LOADS
    calendars: Mapping[str, Calendar] = _NO_CALENDARS
    former: frozenset[str] = frozenset()
    involved: frozenset[str] = frozenset()
    away: frozenset[str] = frozenset()

    @property
    def bars(self) -> bool:
        """Whether it says anything of this dispute that may keep somebody from it."""
        return bool(self.former or self.involved or self.away)


NO_BENCH: Final = Bench()
"""Nothing is known: everybody counts as idle, at work and without a conflict that the matrix does not name."""


NO_SKILLS: Final[frozenset[str]] = frozenset()


class Wanted(NamedTuple):
    """What somebody is wanted for. `skills` serve its category; `leaving` has it now and gives it up with a climb."""

    dispute: Dispute
    now: datetime
    bench: Bench = NO_BENCH
    skills: frozenset[str] = NO_SKILLS
    leaving: str | None = None


class Choice(NamedTuple):
    """Who it is, and the criteria that decided, in words; no words when nothing but the even spread did."""

    person: Person
    because: str | None


class _Narrowed(NamedTuple):
    people: Sequence[Person]
    because: str | None = None


_Criterion = Callable[[Sequence[Person], Wanted], _Narrowed]


def spread(people: Sequence[Person], dispute_id: UUID) -> Person:
    """One of the people, always the same for the same dispute, disputes being spread evenly; there must be one."""
    return people[dispute_id.int % len(people)]


def barred(person: Person, dispute: Dispute, bench: Bench = NO_BENCH) -> str | None:
    """Why this person must not handle this dispute; None when nothing speaks against it."""
    conflicts = person.conflicts
    if person.name in bench.former:
        return "handled an earlier stage of it"
    if person.name.casefold() in bench.involved:
        return "is a party to it or filed it"
    if str(dispute.customer_id) in conflicts.customers:
        return "has a conflict with this customer"
    if dispute.product is not None and dispute.product in conflicts.products:
        return "has a conflict with this product"
    if reviewed := conflicts.people & bench.former:
        return f"does not review what {min(reviewed)} decided"
    return None


def full(person: Person, bench: Bench) -> bool:
    """Whether they have as many open disputes as they can have."""
    return person.load_max is not None and bench.loads.get(person.name, 0) >= person.load_max


def unfit(person: Person, dispute: Dispute, bench: Bench) -> str | None:
    """Why this person, who is present, cannot be given the dispute now; None when they can."""
    if person.name in bench.away:
        return "hands over what they have"
    if (reason := barred(person, dispute, bench)) is not None:
        return reason
    return f"has as many open disputes as they can have ({person.load_max})" if full(person, bench) else None


def choose(people: Sequence[Person], wanted: Wanted) -> Choice:
    """The one who fits best; there must be one, and all must be fit.

    One criterion after the other, each among those the one before left: the customer's language, a skill for the category,
    not the one who gives it up, at work now (else back first), the fewest open disputes; then an even spread.
    """
    left, reasons = people, []
    for criterion in _CRITERIA:
        left, because = criterion(left, wanted)
        if because is not None:
            reasons.append(because)
    person = spread(left, wanted.dispute.id)
    return Choice(person, f"{person.name} {_joined(reasons)}" if reasons else None)


def _joined(reasons: Sequence[str]) -> str:
    return reasons[0] if len(reasons) == 1 else f"{', '.join(reasons[:-1])} and {reasons[-1]}"


def _kept(people: Sequence[Person], kept: Iterable[Person], because: str, otherwise: str | None = None) -> _Narrowed:
    """Those kept, with the reason when that decided anything; all of them when none would be left."""
    found = tuple(kept)
    if not found:
        return _Narrowed(people, otherwise)
    return _Narrowed(found, because if len(found) < len(people) else None)


def _language(people: Sequence[Person], wanted: Wanted) -> _Narrowed:
    language = wanted.dispute.language
    speaking = (each for each in people if each.speaks(language))
    return _kept(people, speaking, f"answers in {language}", f"is there, though nobody answers in {language}")


def _skill(people: Sequence[Person], wanted: Wanted) -> _Narrowed:
    category = wanted.dispute.category.name.replace("_", " ")
    able = (each for each in people if not wanted.skills.isdisjoint(each.skills))
    return _kept(people, able, f"has the skill for {category}")


def _another(people: Sequence[Person], wanted: Wanted) -> _Narrowed:
    others = (each for each in people if each.name != wanted.leaving)
    return _Narrowed(_kept(people, others, "").people)


def _hours(people: Sequence[Person], wanted: Wanted) -> _Narrowed:
    opens = [_opens(each, wanted) for each in people]
    first = min(opens)
    back = f"is back first, at {first:%Y-%m-%d %H:%M} UTC"
    soonest = (each for each, at in zip(people, opens, strict=True) if at == first)
    return _kept(people, soonest, "is at work now" if first <= wanted.now else back)


def _opens(person: Person, wanted: Wanted) -> datetime:
    """When they work next; now for those of whom nobody has said when they work."""
    calendar = wanted.bench.calendars.get(person.calendar) if person.calendar is not None else None
    if calendar is None:
        return wanted.now
    try:
        return calendar.next_open(wanted.now)
    except CannotPromise:
        return _NEVER


def _load(people: Sequence[Person], wanted: Wanted) -> _Narrowed:
    loads = wanted.bench.loads
    least = min(loads.get(each.name, 0) for each in people)
    idlest = (each for each in people if loads.get(each.name, 0) == least)
    return _kept(people, idlest, f"has the fewest open disputes ({least})")


_CRITERIA: Final[tuple[_Criterion, ...]] = (_language, _skill, _another, _hours, _load)

__all__ = ["NO_BENCH", "Bench", "Choice", "Wanted", "barred", "choose", "full", "spread", "unfit"]
