"""A simulated history: invented disputes lived through by the product's own decisions, clocks and calendars.

What is invented is when people do things. Whether a clock is met or missed is not: the engine says so.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from math import exp, log, pi, sin
from random import Random
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from shared.domain.breach_history import PastClock, Turn
from shared.domain.clock_record import Clock, ClockState, Kind
from shared.domain.conditions import Facts
from shared.domain.dispute import CATEGORIES, Category, Dispute, Severity
from shared.domain.firing import fire
from shared.domain.frozen import altered
from shared.domain.lifecycle import Stage, Status, Trigger, allowed
from shared.domain.matrix import Matrix
from shared.domain.money import Money
from shared.domain.plan import Arm, Climbed, Plan, TakenUp
from shared.domain.reconcile import reconcile
from shared.domain.severity import assess
from shared.domain.story import Did, Step, Story
from shared.domain.timekeeping import Calendars

BEGIN: Final = datetime(2024, 1, 1, tzinfo=UTC)
DAYS: Final = 540
MEDIAN_DAYS: Final = 16.0
"""Half of all ordinary disputes take longer than this to decide, in the simulation."""
SPREAD: Final = 0.55
LOAD: Final = 0.5
"""How much longer a dispute takes when more are open, on the scale of logarithms."""
SEASON: Final = timedelta(days=180)
_SIGNALS: Final = ("calm", "worried", "frustrated", "angry", "distressed", "legal_threat", "vulnerable", "regulator")
_SLOWER: Final = {
    "service_delivery": 0.1,
    "product_quality": 0.2,
    "warranty": 0.45,
    "other": 0.25,
    "communication": -0.3,
}
_PRESSING: Final = {Severity.LOW: 0.2, Severity.NORMAL: 0.0, Severity.HIGH: -0.25, Severity.CRITICAL: -0.5}


class Simulated(NamedTuple):
    """The clocks that ended and every story, as a database would give them."""

    clocks: list[PastClock]
    stories: list[Story]


def simulate(matrix: Matrix, calendars: Calendars, *, disputes: int, seed: int) -> Simulated:
    """So many disputes over a year and a half; the same for the same seed."""
    chance = Random(seed)  # noqa: S311 - a simulation must be repeatable, and keeps no secret
    kept = {Kind.RESOLUTION: matrix.clocks[Kind.RESOLUTION]}
    small = replace(matrix, clocks=MappingProxyType(kept))
    lives = [_Life(story, small, calendars) for story in _stories(small, disputes, chance)]
    clocks = [past for life in lives for past in life.pasts()]
    return Simulated(clocks, [life.story for life in lives])


def _stories(matrix: Matrix, disputes: int, chance: Random) -> Iterator[Story]:
    """In the order of receipt, more of them in season; the more are open, the longer each takes."""
    usual = disputes / DAYS * MEDIAN_DAYS
    ends: list[datetime] = []
    for number, at in enumerate(sorted(_received(chance) for _ in range(disputes))):
        while ends and ends[0] <= at:
            heappop(ends)
        load = LOAD * log((len(ends) + 0.2 * usual) / (1.2 * usual))
        story = _told(_filed(matrix, number, at, chance), load, chance)
        heappush(ends, story.until)
        yield story


def _received(chance: Random) -> datetime:
    while True:
        at = timedelta(days=chance.random() * DAYS)
        if chance.random() < (1 + 0.5 * sin(2 * pi * (at / SEASON))) / 1.5:
            return BEGIN + at


def _filed(matrix: Matrix, number: int, at: datetime, chance: Random) -> Dispute:
    signals = tuple(sorted(chance.sample(_SIGNALS, chance.choice((1, 1, 1, 2)))))
    dispute = Dispute(
        id=UUID(int=chance.getrandbits(128)),
        reference=f"S-{number:06}",
        version=1,
        sequence=1,
        head=bytes(32),
        status=Status.RECEIVED,
        stage=Stage.INTERNAL_1,
        tier=None,
        handler=None,
        outcome=None,
        remedy=None,
        severity=Severity.NORMAL,
        category=Category(chance.choice(CATEGORIES), 0.9, chance.random() < 0.25),
        signals=signals,
        channel="api",
        amount=Money.of(f"{exp(chance.gauss(4.4, 1.4)):.2f}", "EUR") if chance.random() < 0.8 else None,
        order_reference=None,
        product=None,
        purchased_on=None,
        remedy_sought=None,
        customer_id=UUID(int=chance.getrandbits(128)),
        customer_class="vulnerable" if chance.random() < 0.05 else "standard",
        jurisdiction=None,
        language="en",
        time_zone=None,
        filed_by=None,
        policy_version=None,
        prior_disputes=min(5, int(chance.expovariate(2.0))),
        contact_count=1,
        reopen_count=0,
        waits=(),
        received_at=at,
        updated_at=at,
    )
    return altered(dispute, severity=assess(matrix, Facts.of(dispute)).severity)


def _days(dispute: Dispute, load: float, chance: Random, *, again: bool) -> float:
    """How long people take to decide it: what it is about, how much there is to do, and chance."""
    slower = _SLOWER.get(dispute.category.name, 0.0) + _PRESSING[dispute.severity] + load
    slower += 0.35 * dispute.category.needs_person + 0.3 * ("legal_threat" in dispute.signals)
    slower += 0.12 * dispute.prior_disputes + 0.25 * again
    return exp(log(MEDIAN_DAYS) + slower + chance.gauss(0, SPREAD))


def _told(dispute: Dispute, load: float, chance: Random) -> Story:
    """What people do: taken on, waits for the customer, contacts, a decision, sometimes a second time."""
    steps: list[Step] = []
    at = dispute.received_at + timedelta(hours=chance.expovariate(0.2))
    steps.append(Step(at, Did.MOVED, Trigger.TRIAGE))
    steps.append(Step(at + timedelta(hours=1), Did.MOVED, Trigger.INVESTIGATE))
    decided = _worked_on(steps, at + timedelta(hours=2), _days(dispute, load, chance, again=False), chance)
    if chance.random() < 0.08:
        again = decided + timedelta(days=1 + chance.expovariate(0.3))
        steps.append(Step(again, Did.MOVED, Trigger.REOPEN))
        decided = _worked_on(steps, again + timedelta(hours=2), _days(dispute, load, chance, again=True), chance)
    steps.sort(key=lambda step: step.at)
    return Story(dispute, dispute.received_at, tuple(steps), decided + timedelta(days=1))


def _worked_on(steps: list[Step], since: datetime, days: float, chance: Random) -> datetime:
    """Adds what happens until the decision; returns when that is given."""
    end = since + timedelta(days=days)
    if chance.random() < 0.35:
        begins = since + (end - since) * chance.random()
        lasts = timedelta(days=min(20.0, exp(chance.gauss(1.1, 0.7))))
        steps += [
            Step(begins, Did.MOVED, Trigger.WAIT_FOR_CUSTOMER),
            Step(begins + lasts, Did.MOVED, Trigger.RESUME),
        ]
        end += lasts
    # Who waits long asks again: contacts come with time, and more of them when it will take long.
    contacts = min(6, int(chance.expovariate(1.0) * days / 30))
    steps += [Step(since + (end - since) * chance.random(), Did.WROTE) for _ in range(contacts)]
    steps.append(Step(end, Did.RESOLVED))
    return end


class _Life:
    """One dispute decided on by the engine, with every timer going off at its instant."""

    def __init__(self, story: Story, matrix: Matrix, calendars: Calendars) -> None:
        self.story = story
        self._matrix = matrix
        self._calendars = calendars
        self._dispute = story.dispute
        self._clocks: dict[Kind, Clock] = {}
        self._timers: dict[Kind, Arm] = {}
        self._turns: list[Turn] = []
        self._ended: dict[int, Clock] = {}
        self._hear(story.filed_at)
        for step in story.steps:
            self._until(step.at)
            self._take(step)
        self._until(story.until)

    def pasts(self) -> Iterator[PastClock]:
        """Its resolution clocks that were met or missed."""
        for clock in self._ended.values():
            yield PastClock(clock, self.story, tuple(self._turns))

    def _take(self, step: Step) -> None:
        if step.did is Did.WROTE:
            self._dispute = altered(self._dispute, contact_count=self._dispute.contact_count + 1)
        else:
            trigger = Trigger.RESOLVE if step.did is Did.RESOLVED else step.value
            if trigger in allowed(self._dispute.status):
                self._dispute = self._dispute.after(trigger, step.at)
        self._hear(step.at)

    def _until(self, at: datetime) -> None:
        while self._timers:
            kind, arm = min(self._timers.items(), key=lambda item: item[1].at)
            if arm.at >= at:
                return
            del self._timers[kind]
            self._apply(fire(self._dispute, kind, self._clocks, self._matrix, self._calendars, arm.at), arm.at)

    def _hear(self, at: datetime) -> None:
        self._apply(reconcile(self._dispute, self._clocks, self._matrix, self._calendars, at), at)

    def _apply(self, plan: Plan, at: datetime) -> None:
        for clock in plan.clocks:
            self._clocks[clock.kind] = clock
            if clock.kind is Kind.RESOLUTION and clock.state in {ClockState.MET, ClockState.MISSED}:
                self._ended[clock.generation] = clock
        for kind, arm in plan.timers.items():
            self._timers.pop(kind, None)
            if arm is not None:
                self._timers[kind] = arm
        self._dispute = plan.dispute
        for told in plan.told:
            if isinstance(told, Climbed):
                self._turns.append(Turn(at, told.to_tier, climbed=True))
            elif isinstance(told, TakenUp):
                self._turns.append(Turn(at, told.tier, climbed=False))
