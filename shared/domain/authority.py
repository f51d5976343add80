"""Authority: who may promise what. A remedy above a tier's limit belongs to a higher tier at once, not at timeout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from shared.domain.conditions import Rates
from shared.domain.errors import InvalidValue
from shared.domain.money import MINOR_DIGITS, Money

if TYPE_CHECKING:
    from shared.domain.matrix import Matrix

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
    """Another limit for these categories and customer classes; an empty set means all of them."""

    limit: Limit
    categories: frozenset[str] = frozenset()
    customer_classes: frozenset[str] = frozenset()

    def applies(self, category: str, customer_class: str) -> bool:
        """Whether the override is meant for such a dispute."""
        return (not self.categories or category in self.categories) and (
            not self.customer_classes or customer_class in self.customer_classes
        )


@dataclass(frozen=True, slots=True)
class Authority:
    """What one tier may promise; the first override that applies wins over the general limit."""

    limit: Limit = Limit()
    overrides: tuple[Override, ...] = ()

    def limit_for(self, category: str, customer_class: str) -> Limit:
        """The limit for a dispute of this category and customer class."""
        applying = (each.limit for each in self.overrides if each.applies(category, customer_class))
        return next(applying, self.limit)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The tier may promise this."""


@dataclass(frozen=True, slots=True)
class NeedsTier:
    """The tier may not; `tier` is the lowest that may, None when no tier may, and `limit` what the asking tier has."""

    tier: int | None
    limit: Money | None
    because: str


def may_promise(
    matrix: "Matrix", *, tier: int, category: str, customer_class: str, remedy: str, amount: Money | None
) -> Allowed | NeedsTier:
    """Whether a tier may promise this remedy, and if not, the lowest tier that may.

    Raises:
        InvalidValue: a remedy that moves money was given without an amount.
        NotFound: the matrix has no such tier.
    """
    if amount is None:
        if remedy in MONEY_REMEDIES:
            raise InvalidValue("/remedy/amount", f"State the amount: a {remedy} without one fits no limit.")
        return Allowed()
    limits = [each.authority.limit_for(category, customer_class) for each in matrix.tiers]
    own = limits[matrix.tier(tier).number - 1]
    if own.allows(amount, matrix.rates):
        return Allowed()
    able = next((n for n, limit in enumerate(limits, 1) if n > tier and limit.allows(amount, matrix.rates)), None)
    return NeedsTier(able, own.shown(amount.currency, matrix.rates), _because(matrix, tier, own, amount))


def _because(matrix: "Matrix", tier: int, own: Limit, amount: Money) -> str:
    limit = own.shown(amount.currency, matrix.rates)
    if limit is None:
        return f"no reference rate for {amount.currency}; a person must look"
    return f"{amount} is above the limit of {matrix.tier(tier).label}, {limit}"
