"""Authority: who may promise what. A remedy above a tier's limit belongs to a higher tier at once, not at timeout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from shared.domain.conditions import Rates
from shared.domain.money import MINOR_DIGITS, Money

MONEY_REMEDIES: Final = frozenset(
    {"refund", "partial_refund", "credit", "discount", "price_reduction", "provisional_credit", "goodwill"}
)
"""Remedies that move money: without an amount nobody can tell who may promise them."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most a tier may promise: by currency where one is stated, else `amount` of the base currency.

    `unlimited` needs no reference rate; a tier without either may promise nothing that costs money.
    """

    amount: Decimal = Decimal(0)
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    unlimited: bool = False

    def allows(self, amount: Money, rates: Rates) -> bool:
        """Whether the amount is within the limit; never, for a currency that has neither limit nor reference rate."""
        if self.unlimited:
            return True
        stated = self.amounts.get(amount.currency)
        if stated is not None:
            return amount.amount <= stated
        worth = rates.convert(amount.amount, amount.currency, rates.base)
        return worth is not None and worth <= self.amount

    def shown(self, currency: str, rates: Rates) -> Money | None:
        """The limit in this currency, rounded down to its coin; None when unlimited or not to be told."""
        if self.unlimited:
            return None
        stated = self.amounts.get(currency)
        worth = stated if stated is not None else rates.convert(self.amount, rates.base, currency)
        if worth is None:
            return None
        coin = Decimal(1).scaleb(-MINOR_DIGITS[currency])
        return Money(worth // coin * coin, currency)


@dataclass(frozen=True, slots=True)
class Override:
    """Another limit for these categories, customer classes and remedies; an empty set means all of them.

    `first_time_only` leaves out customers who have disputed before.
    """

    limit: Limit
    categories: frozenset[str] = frozenset()
    customer_classes: frozenset[str] = frozenset()
    remedies: frozenset[str] = frozenset()
    first_time_only: bool = False

    def applies(self, asked: "Asked") -> bool:
        """Whether the override is meant for such a promise."""
        return (
            (not self.categories or asked.category in self.categories)
            and (not self.customer_classes or asked.customer_class in self.customer_classes)
            and (not self.remedies or asked.remedy in self.remedies)
            and not (self.first_time_only and asked.prior_disputes)
        )


class Asked(NamedTuple):
    """What a limit depends on: the dispute's category, the customer's class and earlier disputes, and the remedy."""

    category: str
    customer_class: str
    remedy: str
    prior_disputes: int = 1
    """Somebody whose earlier disputes were not counted is not taken for a first-time customer."""


@dataclass(frozen=True, slots=True)
class Authority:
    """What one tier may promise; the first override that applies wins over the general limit."""

    limit: Limit = Limit()
    overrides: tuple[Override, ...] = ()

    def limit_for(self, asked: Asked) -> Limit:
        """The limit for such a promise."""
        applying = (each.limit for each in self.overrides if each.applies(asked))
        return next(applying, self.limit)
