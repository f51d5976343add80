"""When time alone brings a dispute of a story to a threshold: the risk looked at again after each part of its clock.

The engine comes round every few seconds, works out the risk of each open dispute anew, and judges the dispute when its whole
percent is another. A telling looks after each hundredth of the resolution clock's time, and judges by the same rules, so that
it finds a threshold up to that much later. Looks that can reach no threshold are passed over: while nothing happens, only time moves the risk, so that it is known up to which part
it stays below what a threshold asks. From there on each look is taken.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from shared.domain.breach_features import at_weekend, in_office_hours, share_of
from shared.domain.breach_grounds import TIMES, Grounds, Times
from shared.domain.clock_record import Clocks, Kind
from shared.domain.conditions import Facts, Rates
from shared.domain.dispute import Dispute
from shared.domain.escalation import Case, Escalate, climbs, decide
from shared.domain.expressions import Expression
from shared.domain.frozen import altered
from shared.domain.matrix import Matrix, Threshold
from shared.domain.replayed_risk import Parts, Prospect

_SOON: Final = timedelta(microseconds=1)
_PERCENTS: Final = range(101)
_AT_ONCE: Final = dict.fromkeys(TIMES, 1)


class Scene(NamedTuple):
    """The dispute, its clocks and how often it has climbed, as they stand at `now`."""

    dispute: Dispute
    clocks: Clocks
    climbs: int
    now: datetime

    @property
    def tier_since(self) -> datetime | None:
        """When its present tier got it."""
        tier = self.clocks.get(Kind.TIER)
        return None if tier is None else tier.opened_at


class _Chance(NamedTuple):
    """At which whole percents a threshold holds while nothing happens, and the first parts after which that may be."""

    threshold: Threshold
    percents: frozenset[int]
    reached: dict[Times, int]


class Looks:
    """The looks at one story's risk. Each part of each generation of the clock is looked at once, in order."""

    def __init__(self, prospect: Prospect, matrix: Matrix) -> None:
        self._prospect = prospect
        self._matrix = matrix
        self._moving: Final = [each for each in matrix.thresholds if not _still(each)]
        self._parts: Parts | None = None
        self._done = 0
        self._until: tuple[datetime, bool] | None = None
        self._behind = True
        self._known: tuple[int | None, int] | None = None
        self._chances: Sequence[_Chance] = ()
        self._grounds: Grounds

    def risk(self, scene: Scene) -> float | None:
        """The risk now as a whole percent; None without a resolution clock that is open."""
        return self._prospect.risk(scene.dispute, scene.clocks, scene.now, climbs=scene.climbs)

    def nothing_holds(self, scene: Scene) -> bool:
        """Whether it is certain, without the risk, that no threshold but those of tables without a cool-down holds now.

        Of those above the present tier that is, and with a resolution clock that is open.
        """
        parts = self._prospect.parts(scene.dispute, scene.clocks)
        if parts is None:
            return False
        if not self._chances_now(scene):
            return True
        before = min(self._first_part(each, parts) for each in self._chances) - 1
        if before < 1:
            return False
        end = parts.end(before)
        return end is None or scene.now <= end

    def something_happened(self) -> None:
        """Says that the dispute is not as it was, in more than its tier, climbs and news."""
        self._known = None

    def first(self, scene: Scene, end: datetime, *, included: bool) -> datetime | None:
        """The first look from now on that finds a threshold reached, before `end` or, if that is `included`, until then.

        Until then nothing happens. None when there is no such look; then all looks up to there are done.
        """
        parts = self._prospect.parts(scene.dispute, scene.clocks)
        if parts is None or scene.now > end or (scene.now == end and not included):
            return None
        if parts is not self._parts:
            self._begin(parts)
        if self._behind and (look := self._catch_up(scene, parts)) is not None:
            return look
        look = self._ahead(scene, parts, end, included=included)
        if look is None:
            self._until = (end, included) if self._until is None else max(self._until, (end, included))
        return look

    def _begin(self, parts: Parts) -> None:
        """Takes the looks that are done over to a clock that runs otherwise, or begins with a new generation."""
        before = self._parts
        if before is None or before.generation != parts.generation:
            self._done = 0
        elif self._until is not None:
            until, included = self._until
            self._done = before.ended(until, included=included, least=self._done)
        self._parts, self._until, self._behind = parts, None, True

    def _catch_up(self, scene: Scene, parts: Parts) -> datetime | None:
        """Looks now at parts that have passed already: before the clock began to be kept, or when a wait moved them back."""
        at = parts.end(self._done + 1)
        if at is not None and at <= scene.now:
            if self._reached(scene, parts, scene.now):
                self._done += 1
                return scene.now
            self._until = (scene.now, True)
        self._behind = False
        return None

    def _ahead(self, scene: Scene, parts: Parts, end: datetime, *, included: bool) -> datetime | None:
        if not self._chances_now(scene):
            return None
        part = max(self._done + 1, min(self._first_part(chance, parts) for chance in self._chances))
        while (at := parts.end(part)) is not None and (at < end or (included and at == end)):
            if self._until is not None and (at < self._until[0] or self._until == (at, True)):
                part = 1 + parts.ended(self._until[0], included=self._until[1], least=part)
                continue
            if self._may_reach(scene, parts, part, at) and self._reached(scene, parts, at):
                self._done, self._until = part, None
                return at
            part += 1
        return None

    def _may_reach(self, scene: Scene, parts: Parts, part: int, at: datetime) -> bool:
        """Whether a threshold holds at this look by its percents, which is cheaper than deciding the case."""
        times = in_office_hours(at), at_weekend(at)
        if parts.even and all(part < chance.reached[times] for chance in self._chances):
            return False
        percent = round(self._grounds.percent(share_of(parts.run, at), at) * 100)
        since = scene.tier_since
        return any(percent in each.percents and not each.threshold.cools(since, at) for each in self._chances)

    def _reached(self, scene: Scene, parts: Parts, at: datetime) -> bool:
        """Whether the engine would climb now: the case decided as the engine decides it."""
        risk = self._prospect.grounds(scene.dispute, scene.climbs).percent(share_of(parts.run, at), at)
        case = Case(scene.dispute, self._matrix, at, breach_risk=risk, tier_since=scene.tier_since)
        return isinstance(decide(case), Escalate)

    def _first_part(self, chance: _Chance, parts: Parts) -> int:
        return min(chance.reached.values()) if parts.even else 1

    def _chances_now(self, scene: Scene) -> Sequence[_Chance]:
        known = (scene.dispute.tier, scene.climbs)
        if known != self._known:
            self._known, self._chances = known, self._chances_of(scene)
        return self._chances

    def _chances_of(self, scene: Scene) -> Sequence[_Chance]:
        """The thresholds above the present tier that hold at any percent at all, while nothing happens."""
        dispute, tier = scene.dispute, scene.dispute.tier
        if not tier or not climbs(dispute):
            return ()
        grounds = self._grounds = self._prospect.grounds(dispute, scene.climbs)
        facts, found = Facts.of(dispute, scene.now + _SOON, 0.0), list[_Chance]()
        for each in self._moving:
            if each.to_tier > tier and (percents := _holds_at(each, facts, scene.now, self._matrix.rates)):
                least = min(percents)
                found.append(_Chance(each, percents, grounds.reached(least) if least else _AT_ONCE))
        return found


def _still(threshold: Threshold) -> bool:
    """Whether it cannot come to hold while nothing happens: a table, which was judged when something last happened."""
    return threshold.cool_down is None and not isinstance(threshold.when, Expression)


def _holds_at(threshold: Threshold, facts: Facts, since: datetime, rates: Rates) -> frozenset[int]:
    """The whole percents of risk at which it holds: between what it compares the risk with, one answers for all.

    So with ages: none is reached until something happens, unless just at `since`, so that both answers count.
    """
    when = threshold.when
    if not isinstance(when, Expression):
        return _ALL if when.judge(facts, rates) else _NONE
    instants = (facts.now, since) if when.ages else (facts.now,)
    return _NONE.union(
        *(
            alike
            for now in instants
            for risk, alike in _alike(when.risks)
            if when.judge(altered(facts, now=now, breach_risk=risk), rates)
        )
    )


@lru_cache(maxsize=256)
def _alike(risks: frozenset[float]) -> tuple[tuple[float, frozenset[int]], ...]:
    """Whole percents, grouped by how they compare with each of these, and of each group one as a risk."""
    groups: dict[tuple[tuple[bool, bool], ...], list[int]] = {}
    for percent in _PERCENTS:
        risk = percent / 100
        groups.setdefault(tuple((risk > each, risk < each) for each in sorted(risks)), []).append(percent)
    return tuple((group[0] / 100, frozenset(group)) for group in groups.values())


_ALL: Final = frozenset(_PERCENTS)
_NONE: Final[frozenset[int]] = frozenset()
