"""Expressions compiled: closures over the facts, built once when a policy is loaded and judged at every turn.

What is not known makes a comparison fail, and its opposite too: `product != "router"` does not hold where no product is
known. So every part is built for what it says or for its opposite, and `not` costs nothing when judged.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from typing import Any, Final

from shared.domain.conditions import HOLDS, Facts, Holds, Rates, unrated
from shared.domain.expression_facts import Fact, Sort

TEXT_MAX: Final = 1_000
"""Characters of an expression; what is longer is better written as several thresholds."""

Part = Callable[[Facts, Rates], bool]

OPPOSITE: Final[Mapping[str, str]] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
FLIPPED: Final[Mapping[str, str]] = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ABOVE: Final = frozenset({">", ">=", "!="})
"""What an amount in a currency without reference rate is to every other amount."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition in words. `looks_at` are its facts, `currencies` those of amounts.

    `ages` and `risks` are what it compares an age and the breach risk with: only there can either make a difference. Two expressions of the same text are the same.
    """

    text: str
    looks_at: tuple[Fact, ...] = field(compare=False)
    ages: frozenset[timedelta] = field(compare=False)
    currencies: tuple[str | None, ...] = field(compare=False)
    holds: Part = field(compare=False, repr=False)
    risks: frozenset[float] = field(compare=False, default=frozenset())

    def judge(self, facts: Facts, rates: Rates) -> Holds | None:
        """Whether it holds; an amount in a currency without reference rate is above every other, with a note."""
        if not self.holds(facts, rates):
            return None
        return self._noted(facts, rates) if self.currencies else HOLDS

    def unknown(self, facts: Facts) -> tuple[str, ...]:
        """The facts it looks at that are not known yet, for saying why it does not hold."""
        return tuple(fact.name for fact in self.looks_at if fact.read(facts) is None)

    def _noted(self, facts: Facts, rates: Rates) -> Holds:
        amount = facts.amount
        if amount is None:
            return HOLDS
        lacking = any(
            rates.convert(amount.amount, amount.currency, each or rates.base) is None for each in self.currencies
        )
        return unrated(amount.currency) if lacking else HOLDS


def all_of(parts: Sequence[Part]) -> Part:
    """Every part must hold; the first that does not ends it."""
    return reduce(_both, reversed(parts))


def any_of(parts: Sequence[Part]) -> Part:
    """One part must hold; the first that does ends it."""
    return reduce(_either, reversed(parts))


def _both(rest: Part, first: Part) -> Part:
    return lambda facts, rates: first(facts, rates) and rest(facts, rates)


def _either(rest: Part, first: Part) -> Part:
    return lambda facts, rates: first(facts, rates) or rest(facts, rates)


def compared(fact: Fact, sign: str, value: object) -> Part:
    """A fact against a value of its sort; a grade against the place of its word."""
    read, test = fact.read, _OPERATORS[sign]

    def part(facts: Facts, rates: Rates) -> bool:
        found = read(facts)
        return found is not None and test(found, value)

    return part


def amount_compared(sign: str, value: Decimal, currency: str | None) -> Part:
    """The amount against a value in this currency, or in the base currency when it is None."""
    test, unrated_is_above = _OPERATORS[sign], sign in _ABOVE

    def part(facts: Facts, rates: Rates) -> bool:
        amount = facts.amount
        if amount is None:
            return False
        worth = rates.convert(amount.amount, amount.currency, currency or rates.base)
        return unrated_is_above if worth is None else test(worth, value)

    return part


def one_of(fact: Fact, values: frozenset[object], *, wanted: bool) -> Part:
    """Whether the fact is one of the values, or (not `wanted`) none of them."""
    read = fact.read

    def part(facts: Facts, rates: Rates) -> bool:
        found = read(facts)
        return found is not None and (found in values) is wanted

    return part


def has(fact: Fact, values: frozenset[str], *, every: bool, wanted: bool) -> Part:
    """Whether the set has one of the values (or `every` one of them), or (not `wanted`) has not."""
    assert fact.sort is Sort.SET
    read: Callable[[Facts], Any] = fact.read

    def part(facts: Facts, rates: Rates) -> bool:
        return (values.issubset(read(facts)) if every else not values.isdisjoint(read(facts))) is wanted

    return part


def known(fact: Fact, *, wanted: bool) -> Part:
    """Whether the fact is known, or (not `wanted`) is not."""
    read = fact.read

    def part(facts: Facts, rates: Rates) -> bool:
        return (read(facts) is not None) is wanted

    return part


def flag(fact: Fact, *, wanted: bool) -> Part:
    """Whether a yes-or-no fact is yes, or (not `wanted`) no."""
    read = fact.read

    def part(facts: Facts, rates: Rates) -> bool:
        return read(facts) is wanted

    return part
