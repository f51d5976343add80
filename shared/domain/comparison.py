"""Two matrices compared by what they would have made of the same stories; parts counted apart add up to the whole."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from shared.domain.clock_record import PROMISES, Kind
from shared.domain.replay import Climb, Outcome

EXAMPLES_MAX: Final = 20
_HANDLED: Final = frozenset(kind.value for kind in PROMISES)


class Contrast(NamedTuple):
    """One dispute under both matrices."""

    reference: str
    present: Outcome
    proposed: Outcome

    @property
    def differs(self) -> bool:
        """Whether it would have gone otherwise for anybody: tiers, when and why, warnings or breaches."""
        return self.present != self.proposed

    @property
    def weight(self) -> tuple[int, int, int]:
        """How much a person would want to look at it: promises broken, tiers, climbs more or less."""
        broken = abs(_broken(self.proposed) - _broken(self.present))
        tiers = abs(self.proposed.highest - self.present.highest)
        return broken, tiers, abs(len(self.proposed.climbs) - len(self.present.climbs))


class Side(NamedTuple):
    """What one matrix made of all the stories. Every mapping is of names to counts."""

    climbed: int
    climbs: int
    warnings: int
    promises_broken: int
    began: Mapping[str, int]
    highest: Mapping[str, int]
    climbs_to: Mapping[str, int]
    climbs_because: Mapping[str, int]
    warnings_of: Mapping[str, int]
    breaches_of: Mapping[str, int]
    cut: int


class Comparison(NamedTuple):
    """Both sides and where they differ. `sooner` and `later` compare the first climb of disputes that climb under both."""

    disputes: int
    failed: Mapping[str, int]
    unlike: int
    differ: int
    higher: int
    lower: int
    newly_climbing: int
    no_longer_climbing: int
    sooner: int
    later: int
    present: Side
    proposed: Side
    examples: tuple[Contrast, ...]


class Scales:
    """Weighs stories one after the other; can be sent between processes and added to another."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.sides: tuple[_Pan, _Pan] = (_Pan(), _Pan())
        self.examples: list[Contrast] = []

    def fail(self, reason: str) -> None:
        """A story that could not be told under one of the matrices."""
        self.failed[reason] += 1

    def add(self, contrast: Contrast) -> None:
        """Weighs one story."""
        counts, (present, proposed) = self.counts, (contrast.present, contrast.proposed)
        counts["disputes"] += 1
        counts["unlike"] += bool(present.unlike or proposed.unlike)
        self.sides[0].add(present)
        self.sides[1].add(proposed)
        if not contrast.differs:
            return
        counts["differ"] += 1
        counts["higher"] += proposed.highest > present.highest
        counts["lower"] += proposed.highest < present.highest
        self._count_climbs(present.climbs, proposed.climbs)
        self.examples.append(contrast)
        if len(self.examples) >= 4 * EXAMPLES_MAX:
            self.examples = _weightiest(self.examples)

    def _count_climbs(self, present: tuple[Climb, ...], proposed: tuple[Climb, ...]) -> None:
        if present and proposed:
            self.counts["sooner"] += proposed[0].at < present[0].at
            self.counts["later"] += proposed[0].at > present[0].at
        else:
            self.counts["newly_climbing"] += bool(proposed)
            self.counts["no_longer_climbing"] += bool(present)

    def take(self, other: "Scales") -> None:
        """Adds what was weighed elsewhere."""
        self.counts.update(other.counts)
        self.failed.update(other.failed)
        for mine, theirs in zip(self.sides, other.sides, strict=True):
            mine.take(theirs)
        self.examples = _weightiest([*self.examples, *other.examples])

    def comparison(self) -> Comparison:
        """The answer."""
        present, proposed = self.sides
        return Comparison(
            **{name: self.counts[name] for name in _COUNTED},
            failed=dict(sorted(self.failed.items())),
            present=present.side(),
            proposed=proposed.side(),
            examples=tuple(_weightiest(self.examples)),
        )


class _Pan:
    """One side of the scales."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.named: dict[str, Counter[str]] = {name: Counter() for name in _NAMED}

    def add(self, outcome: Outcome) -> None:
        counts, named = self.counts, self.named
        counts["climbed"] += bool(outcome.climbs)
        counts["climbs"] += len(outcome.climbs)
        counts["warnings"] += sum(count for _, count in outcome.warnings)
        counts["promises_broken"] += _broken(outcome)
        counts["cut"] += outcome.cut
        named["began"][str(outcome.began or 0)] += 1
        named["highest"][str(outcome.highest)] += 1
        for climb in outcome.climbs:
            named["climbs_to"][str(climb.to_tier)] += 1
            named["climbs_because"][_cause(climb)] += 1
        for kind, count in outcome.warnings:
            named["warnings_of"][kind] += count
        for kind, count in outcome.breaches:
            named["breaches_of"][kind] += count

    def take(self, other: "_Pan") -> None:
        self.counts.update(other.counts)
        for name, counted in other.named.items():
            self.named[name].update(counted)

    def side(self) -> Side:
        facts: dict[str, Any] = {name: dict(sorted(counted.items())) for name, counted in self.named.items()}
        facts |= {name: self.counts[name] for name in _NUMBERS}
        return Side(**facts)


_COUNTED: Final = (
    "disputes",
    "unlike",
    "differ",
    "higher",
    "lower",
    "newly_climbing",
    "no_longer_climbing",
    "sooner",
    "later",
)
_NUMBERS: Final = ("climbed", "climbs", "warnings", "promises_broken", "cut")
_NAMED: Final = ("began", "highest", "climbs_to", "climbs_because", "warnings_of", "breaches_of")


def _broken(outcome: Outcome) -> int:
    return sum(count for kind, count in outcome.breaches if kind in _HANDLED)


def _cause(climb: Climb) -> str:
    """A deadline by its clock, whatever tier it was of; anything else by its own reasons."""
    if climb.clock is Kind.TIER:
        return "the deadline of a tier passed"
    return "; ".join(climb.because)


def _weightiest(examples: list[Contrast]) -> list[Contrast]:
    return sorted(examples, key=lambda each: (*(-part for part in each.weight), each.reference))[:EXAMPLES_MAX]
