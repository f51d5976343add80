"""Conditions a policy author writes, judged against the facts of a dispute, each answer with its reason."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import Struct

from shared.domain.dispute import Dispute, Severity
from shared.domain.money import Money

SIGNALS: Final = (
    "calm",
    "worried",
    "frustrated",
    "angry",
    "distressed",
    "vulnerable",
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


class Facts(Struct, frozen=True, kw_only=True, gc=False):
    """What conditions look at; known before there is a dispute, so that severity can be judged at filing."""

    category: str
    needs_person: bool = False
    severity: Severity = Severity.NORMAL
    signals: frozenset[str] = frozenset()
    amount: Money | None = None
    customer_class: str = "standard"
    prior_disputes: int = 0
    contact_count: int = 0
    reopen_count: int = 0

    @classmethod
    def of(cls, dispute: Dispute) -> "Facts":
        """The facts of a dispute as it stands."""
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
        )


class Holds(NamedTuple):
    """A condition that holds; `note` says what else a reader should know, such as a missing reference rate."""

    note: str | None = None


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
        return _HOLDS if self.amount_over is None else self._judge_amount(self.amount_over, facts.amount, rates)

    def _judge_amount(self, over: Decimal, amount: Money | None, rates: Rates) -> Holds | None:
        if amount is None:
            return None
        worth = rates.convert(amount.amount, amount.currency, self.currency or rates.base)
        if worth is None:
            return Holds(f"no reference rate for {amount.currency}; a person must look")
        return Holds() if worth > over else None


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
_HOLDS: Final = Holds()
