"""The people of a house: what they can do, what they must not handle, and when they are away."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Absence(NamedTuple):
    """Away from `since`, inclusive, to `until`, exclusive; both UTC."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What somebody must not handle: customers by id, products by name, and what these people decided."""

    customers: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may act for a tier. `name` is what a dispute's handler and a delivery's recipient say.

    No languages mean every language. `calendar` names when they work, None when nobody has said so; `load_max` is how
    many open disputes they can have, None without a limit.
    """

    name: str
    email: str | None = None
    absent: tuple[Absence, ...] = ()
    roles: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    calendar: str | None = None
    load_max: int | None = None
    conflicts: Conflicts = Conflicts()

    def present(self, now: datetime) -> bool:
        """Whether no absence covers this instant."""
        return not any(absence.since <= now < absence.until for absence in self.absent)

    @property
    def particular(self) -> bool:
        """Whether anything is said of them by which a dispute finds one person rather than another."""
        conflicts = self.conflicts
        return bool(
            self.languages
            or self.skills
            or self.calendar
            or self.load_max
            or conflicts.customers
            or conflicts.products
            or conflicts.people
        )

    def speaks(self, language: str) -> bool:
        """Whether they answer in this language; of `pt-BR`, `pt` is enough."""
        return not self.languages or language in self.languages or language.partition("-")[0] in self.languages


Holder = Person
"""Somebody who holds a tier or deputises for it."""
