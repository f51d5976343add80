"""What a dry run saw of many disputes, added up: counts, how far deadlines move, by clock, tier and holder."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from heapq import heappush, heapreplace
from types import MappingProxyType
from typing import Final, NamedTuple

from shared.domain.migration import Moved
from shared.domain.simulation import Effect

EXAMPLES_MAX: Final = 20
NOBODY: Final = "nobody"
BANDS: Final[tuple[tuple[str, timedelta | None], ...]] = (
    ("up to 1 hour", timedelta(hours=1)),
    ("up to 4 hours", timedelta(hours=4)),
    ("up to 1 day", timedelta(days=1)),
    ("up to 3 days", timedelta(days=3)),
    ("up to 7 days", timedelta(days=7)),
    ("up to 30 days", timedelta(days=30)),
    ("longer", None),
)
"""How far a deadline moves, in elapsed time; each band ends where it says, inclusive."""


class Share(NamedTuple):
    """The part of one tier, holder or clock in the answer; every number counts disputes but for the deadlines."""

    disputes: int = 0
    moved: int = 0
    earlier: int = 0
    later: int = 0
    held: int = 0
    overdue: int = 0
    escalated: int = 0


class Spread(NamedTuple):
    """How far deadlines move: counts by band, and the middle and furthest of all."""

    bands: Mapping[str, int]
    median: timedelta | None
    furthest: timedelta | None


class Foresight(NamedTuple):
    """The answer over all disputes looked at."""

    looked_at: int
    not_taken_up: int
    failed: Mapping[str, int]
    affected: int
    escalated: int
    tier_changed: int
    handler_changed: int
    severity_changed: int
    handlers_gone: int
    moved: int
    rules_changed: int
    withdrawn: int
    held: int
    started: int
    overdue: int
    earlier: Spread
    later: Spread
    by_clock: Mapping[str, Share]
    by_tier: Mapping[str, Share]
    by_holder: Mapping[str, Share]
    examples: tuple[Effect, ...]
    regime_clocks: Mapping[str, int] = MappingProxyType({})
    """Open clocks of regimes by name, the most first; none of them changes."""


class Tally:
    """Gathers effects; the order in which they come makes no difference to `foresight`."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._regimes: Counter[str] = Counter()
        self._earlier: list[float] = []
        self._later: list[float] = []
        self._by: dict[str, dict[str, Counter[str]]] = {
            part: defaultdict(Counter) for part in ("clock", "tier", "holder")
        }
        self._examples: list[tuple[tuple[int, bool, float], str, Effect]] = []

    def pass_over(self) -> None:
        """A dispute that escalation has not taken up: it begins with the newest version anyway."""
        self._counts["not_taken_up"] += 1

    def fail(self, reason: str) -> None:
        """A dispute about which no decision could be made, such as one that names a calendar that is gone."""
        self._failed[reason] += 1

    def add(self, effect: Effect) -> None:
        """Counts one dispute."""
        counts = self._counts
        counts["looked_at"] += 1
        counts["affected"] += effect.any
        counts["escalated"] += effect.escalated
        counts["tier_changed"] += effect.tier[0] != effect.tier[1]
        counts["handler_changed"] += effect.handler[0] != effect.handler[1]
        counts["severity_changed"] += effect.severity[0] != effect.severity[1]
        counts["handlers_gone"] += effect.gone
        counts["withdrawn"] += sum(each.by is None for each in effect.moved)
        counts["rules_changed"] += sum(each.by is not None and not each.by for each in effect.moved)
        counts["held"] += len(effect.held)
        counts["started"] += len(effect.started)
        counts["overdue"] += effect.overdue
        self._regimes.update(kind.value for kind in effect.regimes)
        self._spread(effect)
        self._share(effect)
        if effect.any:
            self._remember(effect)

    def _spread(self, effect: Effect) -> None:
        for each in effect.shifts:
            assert each.by is not None
            seconds = each.by.total_seconds()
            (self._earlier if seconds < 0 else self._later).append(abs(seconds))

    def _share(self, effect: Effect) -> None:
        places = (
            self._by["tier"][f"{effect.tier[0] or 0}"],
            self._by["holder"][effect.handler[0] or NOBODY],
        )
        for counts in places:
            counts["disputes"] += 1
            counts["escalated"] += effect.escalated
            counts["held"] += len(effect.held)
            counts["overdue"] += effect.overdue
        for each in effect.moved:
            self._count_moved(each, (*places, self._by["clock"][each.kind.value]))
        for held in effect.held:
            self._by["clock"][held.kind.value]["held"] += 1
        for fresh in effect.started:
            self._by["clock"][fresh.kind.value]["overdue"] += fresh.overdue

    def _count_moved(self, each: Moved, places: Sequence[Counter[str]]) -> None:
        for counts in places:
            if each.by:
                counts["moved"] += 1
                counts["earlier" if each.by < timedelta() else "later"] += 1
        clock = places[-1]
        clock["disputes"] += 1
        clock["overdue"] += each.overdue

    def _remember(self, effect: Effect) -> None:
        """Keeps the weightiest; of equals the one whose reference comes first in the alphabet turned round."""
        entry = (effect.weight, effect.reference, effect)
        if len(self._examples) < EXAMPLES_MAX:
            heappush(self._examples, entry)
        elif entry[:2] > self._examples[0][:2]:
            heapreplace(self._examples, entry)

    def foresight(self) -> Foresight:
        """The answer."""
        counts = self._counts
        ranked = sorted(self._examples, key=lambda entry: entry[:2], reverse=True)
        return Foresight(
            **{name: counts[name] for name in _COUNTED},
            failed=dict(self._failed),
            moved=len(self._earlier) + len(self._later),
            earlier=_spread(self._earlier),
            later=_spread(self._later),
            by_clock=_shares(self._by["clock"]),
            by_tier=_shares(self._by["tier"]),
            by_holder=_shares(self._by["holder"]),
            examples=tuple(effect for _, _, effect in ranked),
            regime_clocks=dict(sorted(self._regimes.items(), key=lambda item: (-item[1], item[0]))),
        )


_COUNTED: Final = (
    "looked_at",
    "not_taken_up",
    "affected",
    "escalated",
    "tier_changed",
    "handler_changed",
    "severity_changed",
    "handlers_gone",
    "rules_changed",
    "withdrawn",
    "held",
    "started",
    "overdue",
)


def _spread(seconds: list[float]) -> Spread:
    bands = dict.fromkeys((name for name, _ in BANDS), 0)
    for each in seconds:
        bands[_band(timedelta(seconds=each))] += 1
    if not seconds:
        return Spread(bands, None, None)
    middle = sorted(seconds)[(len(seconds) - 1) // 2]
    return Spread(bands, timedelta(seconds=middle), timedelta(seconds=max(seconds)))


def _band(by: timedelta) -> str:
    return next(name for name, end in BANDS if end is None or by <= end)


def _shares(counted: Mapping[str, Counter[str]]) -> dict[str, Share]:
    return {
        name: Share(**{field: counts[field] for field in Share._fields}) for name, counts in sorted(counted.items())
    }
