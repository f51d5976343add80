"""What is worth a second look in a matrix that holds: rules that decide nothing, gaps, and people nobody can reach."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from shared.domain.clock_record import Kind, Promise
from shared.domain.conditions import SEVERITY_ORDER, Condition
from shared.domain.counting import counted_by
from shared.domain.dispute import CHANNELS
from shared.domain.duration import parts_of
from shared.domain.expressions import Expression
from shared.domain.matrix import Matrix, Threshold, Tier, When
from shared.domain.people import Person

_QUOTED: Final = r"""(?:"[^"\n]*"|'[^'\n]*')"""
_WORD: Final = re.compile(_QUOTED)
_CHANNEL: Final = re.compile(
    rf"(?<![\w.])channel\s*(?:==|!=|(?:not\s+)?in\b)\s*({_QUOTED}|\[[^\]]*\])|({_QUOTED})\s*(?:==|!=)\s*channel\b"
)
"""A comparison of `channel` with a word or a list of them, from either side."""


class Advice(NamedTuple):
    """One remark, and the place in the document it is about."""

    place: str
    detail: str


def advice(matrix: Matrix) -> tuple[Advice, ...]:
    """Everything worth a second look, thresholds first."""
    return (*_thresholds(matrix), *_hurry(matrix), *_staffing(matrix), *_reach(matrix), *_authority(matrix))


def _thresholds(matrix: Matrix) -> Iterator[Advice]:
    for number, each in enumerate(matrix.thresholds):
        place = f"thresholds.{number}"
        if each.to_tier == 1:
            yield Advice(place, f"{each.name!r} asks for tier 1, with which every dispute begins")
        covering = None if each.call_expert is not None else _covering(number, each, matrix.thresholds)
        if covering is not None:
            yield Advice(
                place,
                f"{each.name!r} decides nothing: whenever it holds, {covering.name!r} holds too "
                f"and asks for tier {covering.to_tier}",
            )
        if isinstance(each.when, Expression):
            yield from _words(place, each, each.when, has_risk=Kind.RESOLUTION in matrix.clocks)


def _words(place: str, each: Threshold, when: Expression, *, has_risk: bool) -> Iterator[Advice]:
    if not has_risk and any(fact.name == "breach_risk" for fact in when.looks_at):
        unknown = "which is never known, for this matrix promises no resolution"
        yield Advice(place, f"{each.name!r} looks at breach_risk, {unknown}")
    for word in channels_named(when.text):
        if word not in CHANNELS:
            known = ", ".join(CHANNELS)
            yield Advice(place, f"{each.name!r} compares channel with {word!r}; disputes come by {known}")
    if when.ages and each.cool_down is not None:
        late = "an age passed while it cools down counts at the next event or clock only"
        yield Advice(place, f"{each.name!r} looks at an age and has a cool-down: {late}")


def channels_named(text: str) -> list[str]:
    """The words that a condition, one that holds in its grammar, compares `channel` with."""
    compared = ["".join(either) for either in _CHANNEL.findall(text)]
    return [word[1:-1] for each in compared for word in _WORD.findall(each)]


def _covering(number: int, each: Threshold, every: Sequence[Threshold]) -> Threshold | None:
    """Another threshold that asks for as much at least, without rest, whenever this one holds."""
    for other_number, other in enumerate(every):
        if other_number == number or other.to_tier < each.to_tier or other.cool_down is not None:
            continue
        same = other.to_tier == each.to_tier and covers(each.when, other.when)
        if covers(other.when, each.when) and not (same and other_number > number):
            return other
    return None


def covers(wider: When, narrower: When) -> bool:
    """Whether one condition holds whenever the other does, as far as their parts tell; words only cover their like."""
    if isinstance(wider, Expression) or isinstance(narrower, Expression):
        return wider == narrower
    return (
        _amount_covers(wider, narrower)
        and all(_set_covers(getattr(wider, name), getattr(narrower, name)) for name in _SETS)
        and all(_least_covers(getattr(wider, name), getattr(narrower, name)) for name in _LEASTS)
        and _severity_covers(wider, narrower)
        and wider.needs_person in {None, narrower.needs_person}
    )


_SETS: Final = ("categories", "signals_any", "customer_classes")
_LEASTS: Final = ("reopen_count_at_least", "contact_count_at_least", "prior_disputes_at_least")


def _amount_covers(wider: Condition, narrower: Condition) -> bool:
    if wider.amount_over is None:
        return True
    same_currency = wider.currency == narrower.currency
    return narrower.amount_over is not None and same_currency and wider.amount_over <= narrower.amount_over


def _set_covers(wider: frozenset[str], narrower: frozenset[str]) -> bool:
    return not wider or (bool(narrower) and narrower <= wider)


def _least_covers(wider: int | None, narrower: int | None) -> bool:
    return not wider or (narrower is not None and wider <= narrower)


def _severity_covers(wider: Condition, narrower: Condition) -> bool:
    least, other = wider.severity_at_least, narrower.severity_at_least
    return least is None or (other is not None and SEVERITY_ORDER[least] <= SEVERITY_ORDER[other])


def _hurry(matrix: Matrix) -> Iterator[Advice]:
    """Tiers whose own time is shorter than the least gap; only of what is counted in hours or less can that be said."""
    for each in matrix.tiers:
        short = [severity for severity, promise in each.deadlines.items() if _shortest(promise) < matrix.min_gap]
        if short:
            every = "" if len(short) == len(each.deadlines) else f" at severity {' and '.join(short)}"
            detail = (
                f"{each.label} has less time{every} than min_gap, the least gap between two climbs; "
                "after a climb because of a deadline it gets the gap instead"
            )
            yield Advice(f"tiers.{each.number - 1}.deadline", detail)


def _shortest(promise: Promise) -> timedelta:
    """What its term lasts at least; of days and months, which are as long as the calendar makes them, no short one."""
    return min(counted_by(part) or timedelta.max for part in parts_of(promise.spec.duration))


def _staffing(matrix: Matrix) -> Iterator[Advice]:
    for each in matrix.tiers:
        place = f"tiers.{each.number - 1}"
        if not each.holders:
            yield Advice(place, f"{each.label} has no holder; its disputes go to its deputies or the next tier")
        if not each.deputies:
            away = "nobody takes its disputes" if each.number == matrix.top else "it is stepped over"
            yield Advice(place, f"{each.label} has no deputy; {away} while its holders are away")


def _reach(matrix: Matrix) -> Iterator[Advice]:
    told: set[Person] = set()
    for tier in matrix.tiers:
        for each in (*tier.holders, *tier.deputies):
            if each.email is None and each not in told:
                told.add(each)
                yield Advice(f"tiers.{tier.number - 1}.holders", f"{each.name} has no e-mail address to be told at")


def _authority(matrix: Matrix) -> Iterator[Advice]:
    base = matrix.rates.base
    for lower, upper in zip(matrix.tiers, matrix.tiers[1:], strict=False):
        if _limit(upper) < _limit(lower):
            detail = f"{upper.label} may promise less than {lower.label}: {_told(upper, base)} and {_told(lower, base)}"
            yield Advice(f"tiers.{upper.number - 1}.authority", detail)
    yield from _stranded(matrix)
    top = matrix.tiers[-1]
    if not any(each.authority.limit.unlimited for each in matrix.tiers):
        detail = f"nobody may promise more than {_told(max(matrix.tiers, key=_limit), base)}"
        yield Advice(f"tiers.{top.number - 1}.authority", detail)


def _stranded(matrix: Matrix) -> Iterator[Advice]:
    """Amounts that belong to a tier which may not promise them, by the thresholds that look at nothing but an amount."""
    leaves = [(each.to_tier, over) for each in matrix.thresholds if (over := _amount_alone(each.when)) is not None]
    for tier in matrix.tiers:
        above = [over for to_tier, over in leaves if to_tier > tier.number]
        if above and _limit(tier) < min(above):
            detail = (
                f"amounts above {_told(tier, matrix.rates.base)}, which {tier.label} may promise, "
                f"stay there up to {min(above):f} {matrix.rates.base}"
            )
            yield Advice(f"tiers.{tier.number - 1}.authority", detail)


def _amount_alone(when: When) -> Decimal | None:
    if isinstance(when, Expression) or when.amount_over is None or when.currency is not None:
        return None
    return when.amount_over if when == Condition(amount_over=when.amount_over) else None


def _limit(tier: Tier) -> Decimal:
    limit = tier.authority.limit
    return Decimal("Infinity") if limit.unlimited else limit.amount


def _told(tier: Tier, base: str) -> str:
    limit = tier.authority.limit
    return "any amount" if limit.unlimited else f"{limit.amount:f} {base}"
