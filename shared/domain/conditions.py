"""Conditions a policy author writes, judged against the facts of a dispute, each answer with its reason."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec import Struct

from shared.domain.dispute import Dispute, Severity
from shared.domain.lifecycle import Stage, Status
from shared.domain.money import Money

SIGNALS: Final = (
    "calm",
    "worried",
    "frustrated",
    "angry",
    "distressed",
    "vulnerable",
    "hardship",
    "legal_threat",
    "safety",
    "media",
    "regulator",
    "discrimination",
    "urgent",
    "repeat_contact",
)
"""What can be read from a complaint; a condition that names anything else would never hold and is refused."""

SEVERITY_ORDER: Final[Mapping[Severity, int]] = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Rates:
    """Reference rates: what one unit of a currency is worth in the base currency. For comparing, never for paying."""

    base: str
    per_unit: Mapping[str, Decimal] = field(default_factory=dict)

    def rate(self, currency: str) -> Decimal | None:
        """The worth of one unit in the base currency, or None when nobody has stated it."""
        return Decimal(1) if currency == self.base else self.per_unit.get(currency)

    def convert(self, amount: Decimal, currency: str, into: str) -> Decimal | None:
        """The amount in another currency, or None when a rate is missing; never missing within one currency."""
        if currency == into:
            return amount
        from_rate, into_rate = self.rate(currency), self.rate(into)
        return None if from_rate is None or into_rate is None else amount * from_rate / into_rate


class Circumstances(Struct, frozen=True, kw_only=True, gc=False):
    """The facts only expressions look at, as they are before there is a dispute; a dispute has them by these names."""

    channel: str | None = None
    product: str | None = None
    remedy_sought: str | None = None
    jurisdiction: str | None = None
    language: str | None = None
    metadata: Mapping[str, str] = MappingProxyType({})
    received_at: datetime | None = None
    status: Status = Status.RECEIVED
    stage: Stage = Stage.INTERNAL_1
    tier: int | None = None


UNSAID: Final = Circumstances()
"""Circumstances nobody has stated."""


class Facts(Struct, frozen=True, kw_only=True, gc=False):
    """What conditions look at; known before there is a dispute, so that severity can be judged at filing.

    `now` is the instant they are judged at, None when no age is known; `breach_risk` lies between 0 and 1, None until
    somebody has worked it out.
    """

    category: str
    needs_person: bool = False
    severity: Severity = Severity.NORMAL
    signals: frozenset[str] = frozenset()
    amount: Money | None = None
    customer_class: str = "standard"
    prior_disputes: int = 0
    contact_count: int = 0
    reopen_count: int = 0
    rest: Circumstances | Dispute = UNSAID
    now: datetime | None = None
    breach_risk: float | None = None
    issue: str | None = None

    @classmethod
    def of(cls, dispute: Dispute, now: datetime | None = None, breach_risk: float | None = None) -> "Facts":
        """The facts of a dispute as it stands, at this instant."""
        return cls(
            category=dispute.category.name,
            needs_person=dispute.category.needs_person,
            severity=dispute.severity,
            signals=frozenset(dispute.signals),
            amount=dispute.amount,
            customer_class=dispute.customer_class,
            prior_disputes=dispute.prior_disputes,
            contact_count=dispute.contact_count,
            reopen_count=dispute.reopen_count,
            rest=dispute,
            now=now,
            breach_risk=breach_risk,
            issue=dispute.category.issue,
        )


class Holds(NamedTuple):
    """A condition that holds; `note` says what else a reader should know, such as a missing reference rate."""

    note: str | None = None


HOLDS: Final = Holds()


def unrated(currency: str) -> Holds:
    """Holds because nobody has said what the currency is worth."""
    return Holds(f"no reference rate for {currency}; a person must look")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Every part that is given must hold. `amount_over` is in `currency`, or in the base currency when that is None."""

    amount_over: Decimal | None = None
    currency: str | None = None
    categories: frozenset[str] = frozenset()
    signals_any: frozenset[str] = frozenset()
    severity_at_least: Severity | None = None
    customer_classes: frozenset[str] = frozenset()
    reopen_count_at_least: int | None = None
    contact_count_at_least: int | None = None
    prior_disputes_at_least: int | None = None
    needs_person: bool | None = None
    _parts: tuple["_Part", ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", tuple(_given(self)))

    def judge(self, facts: Facts, rates: Rates) -> Holds | None:
        """Whether all its parts hold; an amount in a currency without reference rate counts as over the threshold."""
        for part in self._parts:
            if not part(self, facts):
                return None
        return HOLDS if self.amount_over is None else self._judge_amount(self.amount_over, facts.amount, rates)

    def _judge_amount(self, over: Decimal, amount: Money | None, rates: Rates) -> Holds | None:
        if amount is None:
            return None
        worth = rates.convert(amount.amount, amount.currency, self.currency or rates.base)
        if worth is None:
            return unrated(amount.currency)
        return HOLDS if worth > over else None


def _given(condition: Condition) -> Iterator["_Part"]:
    """The parts that were given: a condition has one or two, and thresholds are judged at every turn."""
    for given, part in (
        (condition.categories, _category),
        (condition.signals_any, _signals),
        (condition.severity_at_least, _severity),
        (condition.customer_classes, _customer_class),
        (condition.reopen_count_at_least, _reopened),
        (condition.contact_count_at_least, _contacted),
        (condition.prior_disputes_at_least, _disputed_before),
    ):
        if given:
            yield part
    if condition.needs_person is not None:
        yield _needs_person


def _category(condition: Condition, facts: Facts) -> bool:
    return facts.category in condition.categories


def _signals(condition: Condition, facts: Facts) -> bool:
    return not condition.signals_any.isdisjoint(facts.signals)


def _severity(condition: Condition, facts: Facts) -> bool:
    least = condition.severity_at_least
    return least is None or SEVERITY_ORDER[facts.severity] >= SEVERITY_ORDER[least]


def _customer_class(condition: Condition, facts: Facts) -> bool:
    return facts.customer_class in condition.customer_classes


def _needs_person(condition: Condition, facts: Facts) -> bool:
    return facts.needs_person is condition.needs_person


def _reopened(condition: Condition, facts: Facts) -> bool:
    return facts.reopen_count >= (condition.reopen_count_at_least or 0)


def _contacted(condition: Condition, facts: Facts) -> bool:
    return facts.contact_count >= (condition.contact_count_at_least or 0)


def _disputed_before(condition: Condition, facts: Facts) -> bool:
    return facts.prior_disputes >= (condition.prior_disputes_at_least or 0)


_Part = Callable[[Condition, Facts], bool]
