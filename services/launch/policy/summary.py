"""A matrix told on a screen: its tiers, thresholds and clocks, a line each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from shared.domain.authority import Limit
from shared.domain.clock_record import Promise
from shared.domain.dispute import Severity
from shared.domain.matrix import Matrix, Threshold, Tier

_NAMES_SHOWN: Final = 3


def summary(matrix: Matrix) -> Iterator[str]:
    """The lines of the summary."""
    yield from _table("tiers", [_tier(each, matrix.rates.base) for each in matrix.tiers])
    yield from _table("thresholds", [(_asks_for(each), each.name) for each in matrix.thresholds])
    yield from _table("severity rules", [(each.severity.value, each.name) for each in matrix.severity_rules])
    yield from _table("clocks", [(kind.value, *_promise(rules)) for kind, rules in matrix.clocks.items()])
    if matrix.people:
        yield f"people: {len(matrix.people)}"


def _table(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"{title}: {len(rows)}"
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _tier(tier: Tier, base: str) -> tuple[str, ...]:
    names = [each.name for each in tier.holders]
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    held = ", ".join(names[:_NAMES_SHOWN]) + more if names else "nobody"
    return (str(tier.number), tier.title, held, _limit(tier.authority.limit, base), *_promise(tier.deadlines))


def _limit(limit: Limit, base: str) -> str:
    return "any amount" if limit.unlimited else f"up to {limit.amount:f} {base}"


def _promise(rules: Mapping[Severity, Promise]) -> tuple[str, str]:
    """The duration, or the longest and shortest where they differ by severity, and what happens when it runs out."""
    terms = list(dict.fromkeys(str(rules[severity].spec.duration) for severity in Severity))
    shown = terms[0] if len(terms) == 1 else f"{terms[0]} to {terms[-1]}"
    return shown, rules[Severity.NORMAL].on_breach.replace("_", " ")


def _asks_for(threshold: Threshold) -> str:
    tier = f"to {threshold.to_tier}" if threshold.to_tier else ""
    return " + ".join(each for each in (tier, f"ask {threshold.call_expert}" if threshold.call_expert else "") if each)
