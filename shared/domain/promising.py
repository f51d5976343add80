"""May a tier promise this remedy? If not, the lowest tier that may, and why."""

from dataclasses import dataclass

from shared.domain.authority import MONEY_REMEDIES, Asked, Limit
from shared.domain.errors import InvalidValue
from shared.domain.matrix import Matrix
from shared.domain.money import Money


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
    matrix: Matrix,
    *,
    tier: int,
    category: str,
    customer_class: str,
    remedy: str,
    amount: Money | None,
    prior_disputes: int = 1,
) -> Allowed | NeedsTier:
    """Whether a tier may promise this remedy, and if not, the lowest tier that may.

    A customer whose `prior_disputes` are not given is not taken for a first-time one.

    Raises:
        InvalidValue: a remedy that moves money was given without an amount.
        NotFound: the matrix has no such tier.
    """
    if amount is None:
        if remedy in MONEY_REMEDIES:
            raise InvalidValue("/remedy/amount", f"State the amount: a {remedy} without one fits no limit.")
        return Allowed()
    asked = Asked(category, customer_class, remedy, prior_disputes)
    limits = [each.authority.limit_for(asked) for each in matrix.tiers]
    own = limits[matrix.tier(tier).number - 1]
    if own.allows(amount, matrix.rates):
        return Allowed()
    able = next((n for n, limit in enumerate(limits, 1) if n > tier and limit.allows(amount, matrix.rates)), None)
    return NeedsTier(able, own.shown(amount.currency, matrix.rates), _because(matrix, tier, own, amount))


def _because(matrix: Matrix, tier: int, own: Limit, amount: Money) -> str:
    limit = own.shown(amount.currency, matrix.rates)
    if limit is None:
        return f"no reference rate for {amount.currency}; a person must look"
    return f"{amount} is above the limit of {matrix.tier(tier).label}, {limit}"
