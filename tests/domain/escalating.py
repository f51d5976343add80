"""A dispute's life in memory: decisions are applied as storage would apply them, and timers fire when they are due."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.domain.assignment import NO_BENCH, Bench
from shared.domain.clock_record import Clock, Kind
from shared.domain.dispute import Dispute
from shared.domain.escalation import Asked
from shared.domain.firing import fire
from shared.domain.frozen import altered
from shared.domain.lifecycle import Trigger
from shared.domain.matrix import Matrix
from shared.domain.milestones import Beyond
from shared.domain.plan import Arm, Climbed, Plan, Told
from shared.domain.reconcile import reconcile
from shared.domain.regime_choice import Owing
from tests.builders import a_dispute
from tests.domain.matrices import CALENDARS, NINE, a_matrix


@dataclass
class Life:
    """One dispute with its clocks and timers, at an instant of the test's choosing."""

    dispute: Dispute = field(default_factory=lambda: a_dispute(received_at=NINE))
    matrix: Matrix = field(default_factory=a_matrix)
    now: datetime = NINE
    clocks: dict[Kind, Clock] = field(default_factory=dict)
    ended: list[Clock] = field(default_factory=list)
    timers: dict[Kind, Arm] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    marks: dict[str, tuple[datetime, ...]] = field(default_factory=dict)
    owing: Owing | None = None
    bench: Bench = NO_BENCH

    def heard(self, *, asked: Asked | None = None, rearm: bool = False) -> list[Told]:
        """Escalation hears of some event."""
        return self.apply(
            reconcile(
                self.dispute,
                self.clocks,
                self.matrix,
                CALENDARS,
                self.now,
                asked=asked,
                rearm=rearm,
                beyond=Beyond(self.marks, self.owing, self.bench),
            )
        )

    def fired(self, kind: Kind) -> list[Told]:
        """The timer of this kind goes off now, due or not."""
        matrix, now = self.matrix, self.now
        return self.apply(
            fire(self.dispute, kind, self.clocks, matrix, CALENDARS, now, Beyond(self.marks, bench=self.bench))
        )

    def marked(self, name: str) -> list[Told]:
        """A fact is reported, true as of now, and escalation hears of it."""
        self.marks[name] = (*self.marks.get(name, ()), self.now)
        return self.heard()

    def apply(self, plan: Plan) -> list[Told]:
        """What storage does with a plan."""
        for clock in plan.clocks:
            before = self.clocks.get(clock.kind)
            assert before is None or clock.generation in (before.generation, before.generation + 1)
            if before is not None and clock.generation > before.generation:
                assert not before.open, "two open clocks of one kind"
                self.ended.append(before)
            self.clocks[clock.kind] = clock
        for kind, arm in plan.timers.items():
            self.timers.pop(kind, None)
            if arm is not None:
                assert arm.at >= self.now
                self.timers[kind] = arm
        self.dispute = plan.dispute
        self.told.extend(plan.told)
        return list(plan.told)

    def until(self, hours: float) -> list[Told]:
        """Lets time pass to so many hours after receipt, each timer going off at its instant."""
        end, before = NINE + timedelta(hours=hours), len(self.told)
        while self.timers:
            kind, arm = min(self.timers.items(), key=lambda item: item[1].at)
            if arm.at > end:
                break
            self.now = max(self.now, arm.at)
            self.fired(kind)
        self.now = end
        return self.told[before:]

    def asleep_until(self, hours: float) -> None:
        """Lets time pass while nothing fires: an outage."""
        self.now = NINE + timedelta(hours=hours)

    def moved(self, *triggers: Trigger, on: str | None = None) -> "Life":
        """Somebody moves the dispute along its lifecycle, and escalation hears of it."""
        for trigger in triggers:
            self.dispute = self.dispute.after(trigger, self.now, waiting_on=on)
        self.heard()
        return self

    def with_facts(self, **facts: Any) -> list[Told]:
        """Facts of the dispute change, and escalation hears of it."""
        self.dispute = altered(self.dispute, **facts)
        return self.heard()


def of(told: Iterable[Told], kind: type[Any]) -> list[Any]:
    """Those of the things told that are of one kind."""
    return [each for each in told if isinstance(each, kind)]


def climbs(told: Iterable[Told]) -> list[tuple[int, int]]:
    """From which tier to which, in order."""
    return [(each.from_tier, each.to_tier) for each in of(told, Climbed)]
