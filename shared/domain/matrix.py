"""The escalation matrix: tiers and who holds them, thresholds, and the clocks a dispute is owed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from shared.domain.authority import Authority
from shared.domain.clock_record import Kind, Promise
from shared.domain.conditions import Condition, Rates
from shared.domain.dispute import Severity
from shared.domain.errors import NotFound
from shared.domain.experts import ExpertDesk
from shared.domain.expressions import Expression
from shared.domain.people import Absence, Holder, Person

_NO_SKILL: Final[frozenset[str]] = frozenset()


class WhenFull(StrEnum):
    """Where a dispute goes when everybody of a tier who might take it has as many open disputes as they can have."""

    UP = "up"
    QUEUE = "queue"


class Duty(NamedTuple):
    """Who acts for a tier at an instant; `deputised` says that no holder was present and deputies step in."""

    people: tuple[Holder, ...]
    deputised: bool


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of authority; `number` counts from 1, the front line.

    `reminders` are the promises by which it is reminded of its own overdue disputes, one after the other, by severity.
    After the last, the top tier is reminded no more, and one that is reminded before it escalates does so.
    """

    number: int
    title: str
    holders: tuple[Holder, ...]
    deputies: tuple[Holder, ...]
    authority: Authority
    deadlines: Mapping[Severity, Promise]
    reminders: tuple[Mapping[Severity, Promise], ...] = ()
    when_full: WhenFull = WhenFull.UP
    particular: bool = field(init=False, repr=False, compare=False)
    """Whether it matters which of its people gets a dispute: something is said of one of them that decides it."""

    label: str = field(init=False, repr=False, compare=False)
    """How reasons name it."""

    _always: Duty | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "particular", any(each.particular for each in (*self.holders, *self.deputies)))
        object.__setattr__(self, "label", f"{self.title} (tier {self.number})")
        never_away = self.holders and not any(each.absent for each in self.holders)
        object.__setattr__(self, "_always", Duty(self.holders, deputised=False) if never_away else None)

    def on_duty(self, now: datetime) -> Duty:
        """The holders present, else the deputies present, else nobody."""
        if self._always is not None:
            return self._always
        present = tuple(holder for holder in self.holders if holder.present(now))
        if present:
            return Duty(present, deputised=False)
        deputies = tuple(deputy for deputy in self.deputies if deputy.present(now))
        return Duty(deputies, deputised=bool(deputies))

    def person(self, name: str | None) -> Holder | None:
        """The holder or deputy of this name."""
        return next((each for each in (*self.holders, *self.deputies) if each.name == name), None)


When = Condition | Expression
"""A condition as a table or in words; both are judged alike."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """When `when` holds, the dispute belongs to `to_tier` at least.

    It leaves a dispute that came to its present tier less than `cool_down` ago where it is. `call_expert` names the desk
    that is asked, once for each dispute.
    """

    name: str
    when: When
    to_tier: int
    because: str
    cool_down: timedelta | None = None
    call_expert: str | None = None

    @property
    def weighs_risk(self) -> bool:
        """Whether it looks at how likely a broken promise is."""
        return isinstance(self.when, Expression) and any(fact.name == "breach_risk" for fact in self.when.looks_at)

    def cools(self, since: datetime | None, now: datetime) -> bool:
        """Whether a dispute that came to its present tier at `since` is left there for now."""
        return self.cool_down is not None and since is not None and now - since < self.cool_down


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """When `when` holds, the dispute is at least this severe."""

    name: str
    when: When
    severity: Severity
    because: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """One version of the escalation matrix. `min_gap` is the least time between two climbs of one dispute.

    `reminders` are those of the top tier. `people` are all who are described as such, whether or not they hold a tier.
    `skills` are those that serve a category beside the one of its own name; `experts` are the desks by their short names.
    """

    version: int
    rates: Rates
    min_gap: timedelta
    tiers: tuple[Tier, ...]
    thresholds: tuple[Threshold, ...]
    severity_default: Severity
    severity_rules: tuple[SeverityRule, ...]
    clocks: Mapping[Kind, Mapping[Severity, Promise]]
    reminders: tuple[Mapping[Severity, Promise], ...]
    people: tuple[Person, ...] = ()
    skills: Mapping[str, frozenset[str]] = field(default_factory=dict)
    experts: Mapping[str, ExpertDesk] = field(default_factory=dict)
    particular: bool = field(init=False, repr=False, compare=False)
    """Whether it matters at any tier which of its people gets a dispute."""

    weighs_risk: bool = field(init=False, repr=False, compare=False)
    """Whether a threshold looks at how likely a broken promise is."""

    _named: Mapping[str, Holder] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "particular", any(tier.particular for tier in self.tiers))
        object.__setattr__(self, "weighs_risk", any(each.weighs_risk for each in self.thresholds))
        acting = [each for tier in self.tiers for each in (*tier.holders, *tier.deputies)]
        object.__setattr__(self, "_named", {each.name: each for each in reversed((*acting, *self.people))})

    @property
    def names(self) -> list[str]:
        """Everybody it knows, each once."""
        acting = [each for tier in self.tiers for each in (*tier.holders, *tier.deputies)]
        return list(dict.fromkeys(each.name for each in (*acting, *self.people)))

    def skills_for(self, category: str) -> frozenset[str]:
        """The skills that serve a category: the one of its name, and those the matrix names."""
        return self.skills.get(category, _NO_SKILL) | {category}

    @property
    def top(self) -> int:
        """The number of the highest tier."""
        return len(self.tiers)

    def tier(self, number: int) -> Tier:
        """The tier of this number, from 1.

        Raises:
            NotFound: the matrix has no such tier.
        """
        tiers = self.tiers
        if not 1 <= number <= len(tiers):
            raise NotFound("tier", number)
        return tiers[number - 1]

    def person(self, name: str) -> Holder | None:
        """The holder or deputy of this name, whatever the tier, else somebody who holds none."""
        return self._named.get(name)

    @property
    def calling(self) -> tuple[Threshold, ...]:
        """The thresholds that call an expert."""
        return tuple(each for each in self.thresholds if each.call_expert is not None)

    def promise(self, kind: Kind, severity: Severity) -> Promise | None:
        """The rule of a clock, or None when this matrix promises nothing of the kind; tiers keep their own."""
        rules = self.clocks.get(kind)
        return None if rules is None else rules[severity]

    def ages(self) -> Mapping[timedelta, int]:
        """The ages at which a threshold may begin to hold, each with the highest tier it may ask for."""
        found: dict[timedelta, int] = {}
        for each in self.thresholds:
            for age in each.when.ages if isinstance(each.when, Expression) else ():
                reach = each.to_tier if each.call_expert is None else self.top + 1
                found[age] = max(reach, found.get(age, 0))
        return found

    def staffed_by(self, current: "Matrix") -> "Matrix":
        """These promises with the people of another version: a running case keeps the one, not the other."""
        if current.version == self.version:
            return self
        tiers = tuple(_staffed(tier, current) for tier in self.tiers)
        return replace(self, tiers=tiers, people=current.people, skills=current.skills, experts=current.experts)


def _staffed(tier: Tier, current: Matrix) -> Tier:
    if tier.number > current.top:
        return tier
    now = current.tier(tier.number)
    return replace(tier, holders=now.holders, deputies=now.deputies, when_full=now.when_full)


__all__ = [
    "Absence",
    "Duty",
    "Holder",
    "Matrix",
    "Person",
    "SeverityRule",
    "Threshold",
    "Tier",
    "When",
    "WhenFull",
]
