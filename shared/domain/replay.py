"""A past dispute lived again under a matrix: the same facts, people doing the same things at the same times.

The decisions are those of the engine itself (`reconcile`, `fire`), with every timer going off at its instant. What the
engine causes is its own: news it owes are taken as sent when they are owed, and climbing as told to the customer at once.
Follow-up and silence are left out, for they come after the decision.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from shared.domain.clock_record import Clock, Kind
from shared.domain.dispute import Dispute
from shared.domain.draft import Draft
from shared.domain.escalation import Asked
from shared.domain.expressions import Expression
from shared.domain.firing import fire
from shared.domain.frozen import altered
from shared.domain.lifecycle import Status, Trigger, allowed
from shared.domain.matrix import Matrix
from shared.domain.milestones import NOTHING_BEYOND, Beyond
from shared.domain.plan import Arm, Climbed, Missed, NewsOwed, Plan, TakenUp, Told, Warned
from shared.domain.reconcile import reconcile, start_next_update
from shared.domain.replayed_looks import Looks, Scene
from shared.domain.replayed_risk import Assumed, Prospect
from shared.domain.retelling import aged, corrected, judged_by, marked, not_taken_up, weighed_by_tables
from shared.domain.story import Did, Step, Story
from shared.domain.timekeeping import Calendars, movable, outstanding, settled

PRIOR: Final = Assumed()
FIRES_MAX: Final = 2000
"""Timers that one replay lets go off; a matrix of seconds over a dispute of months ends there, and says so."""
AFTERWARDS: Final = frozenset({Kind.FOLLOW_UP, Kind.SILENCE})
_AT_A_DESK: Final = frozenset(
    {
        Status.RECEIVED,
        Status.TRIAGED,
        Status.FORWARDED,
        Status.INVESTIGATING,
        Status.ASSESSED,
        Status.AWAITING_DEPARTMENT,
    }
)


class Climb(NamedTuple):
    """From which tier to which, when, why, and the clock that ran out, None when none did."""

    at: datetime
    from_tier: int
    to_tier: int
    because: tuple[str, ...]
    clock: Kind | None


class Outcome(NamedTuple):
    """What a matrix made of a story. Counts are pairs of a clock's kind and a number, in the order of the names.

    `unlike` counts steps that could not happen in this telling; `cut` says that more timers went off than are let.
    """

    began: int | None
    climbs: tuple[Climb, ...]
    warnings: tuple[tuple[str, int], ...]
    breaches: tuple[tuple[str, int], ...]
    unlike: int
    cut: bool

    @property
    def highest(self) -> int:
        """The highest tier it reached, 0 when nobody took it up."""
        return max((self.began or 0, *(climb.to_tier for climb in self.climbs)))


def for_replay(matrix: Matrix) -> Matrix:
    """The matrix without the clocks that run after the decision."""
    kept = {kind: promises for kind, promises in matrix.clocks.items() if kind not in AFTERWARDS}
    return replace(matrix, clocks=MappingProxyType(kept))


def replay(story: Story, matrix: Matrix, calendars: Calendars, assumed: Assumed = PRIOR) -> Outcome:
    """What this matrix, as `for_replay` gives it, would have made of the story; the same always and in any order.

    Breach risk, where the matrix looks at it, is worked out anew on what is `assumed`.

    Raises:
        PolicyFault: a rule names a calendar that does not exist.
        CannotPromise: a deadline would never come.
    """
    looks = Looks(Prospect(assumed, matrix.rates, calendars), matrix) if matrix.weighs_risk else None
    return lived(story, matrix, calendars, looks)


def lived(story: Story, matrix: Matrix, calendars: Calendars, looks: Looks | None) -> Outcome:
    """As `replay`, with these looks at the risk, which serve one story; None where no threshold asks for it."""
    play = _Play(story, matrix, calendars, looks)
    for at, steps in groupby(aged(story, matrix), key=attrgetter("at")):
        play.until(at)
        play.take(list(steps))
    play.until(story.until)
    return play.outcome()


class _Play:
    """One dispute on the stage. Only the outcome leaves."""

    def __init__(self, story: Story, matrix: Matrix, calendars: Calendars, looks: Looks | None) -> None:
        self._looks = looks
        self._now = story.filed_at
        self._matrix = matrix
        self._calendars = calendars
        self._dispute = judged_by(not_taken_up(story.dispute), matrix)
        self._clocks: dict[Kind, Clock] = {}
        self._timers: dict[Kind, Arm] = {}
        self._next: tuple[Kind, Arm] | None = None
        self._began: int | None = None
        self._climbs: list[Climb] = []
        self._warnings: Counter[str] = Counter()
        self._breaches: Counter[str] = Counter()
        self._unlike = 0
        self._fires = 0
        self._plain = not any(isinstance(each.when, Expression) or each.cool_down for each in matrix.thresholds)
        self._weighed: tuple[object, ...] | None = None
        self._hear(story.filed_at)

    def outcome(self) -> Outcome:
        return Outcome(
            began=self._began,
            climbs=tuple(self._climbs),
            warnings=tuple(sorted(self._warnings.items())),
            breaches=tuple(sorted(self._breaches.items())),
            unlike=self._unlike,
            cut=self._fires >= FIRES_MAX,
        )

    def until(self, at: datetime) -> None:
        """Lets every timer go off whose instant lies before `at`: what is done at the due instant is in time."""
        while self._fires < FIRES_MAX:
            if self._looks is not None and self._found_by_looking(self._looks, at):
                continue
            if self._next is None:
                return
            kind, arm = self._next
            if arm.at >= at:
                return
            self._fires += 1
            self._now = arm.at
            del self._timers[kind]
            plan = self._fired(kind, arm.at)
            if self._apply(plan, arm.at):
                self._dispute = altered(self._dispute, informed_at=arm.at)
                self._news(arm.at)

    def _found_by_looking(self, looks: Looks, at: datetime) -> bool:
        """Looks at the risk until the next timer, or until short of `at`; whether a threshold was reached and heard of."""
        timer = at if self._next is None else self._next[1].at
        look = looks.first(self._scene(self._now), min(timer, at), included=timer < at)
        if look is None:
            return False
        self._now = look
        self._hear(look)
        return True

    def _fired(self, kind: Kind, at: datetime) -> Plan:
        """As the engine decides; the risk is worked out only where it may count, or where the dispute goes to another tier."""
        dispute, clocks, matrix, calendars = self._dispute, self._clocks, self._matrix, self._calendars
        looks = self._looks
        if looks is not None and (not self._may_climb(kind, at) or looks.nothing_holds(self._scene(at))):
            plan = fire(dispute, kind, clocks, matrix, calendars, at)
            if plan.dispute.tier == dispute.tier:
                return plan
        return fire(dispute, kind, clocks, matrix, calendars, at, self._beyond(at))

    def _may_climb(self, kind: Kind, at: datetime) -> bool:
        """Whether the thresholds may be judged when this timer goes off: not at a warning."""
        clock = self._clocks.get(kind)
        if clock is None or clock.due_at is None or clock.due_at <= at:
            return True
        return movable(clock, self._dispute) or settled(clock, self._dispute, at) is not clock

    def _beyond(self, at: datetime) -> Beyond:
        return NOTHING_BEYOND if self._looks is None else Beyond(breach_risk=self._looks.risk(self._scene(at)))

    def _scene(self, at: datetime) -> Scene:
        return Scene(self._dispute, self._clocks, len(self._climbs), at)

    def take(self, steps: list[Step]) -> None:
        """Does what was done at one instant, and lets the engine hear of it."""
        at, before = steps[0].at, self._dispute
        self._now = at
        for step in steps:
            if step.did is Did.ASKED:
                self._hear(at, asked=Asked(step.value))
            else:
                self._do(step)
        if all(step.did is Did.INFORMED for step in steps):
            self._news(at)
        elif self._anything_owed() and not self._only_moved(before, steps):
            self._hear(at)

    def _anything_owed(self) -> bool:
        """Whether the engine would do anything: after a decision, only with clocks that are not yet settled."""
        return self._dispute.active or any(outstanding(clock) for clock in self._clocks.values())

    def _only_moved(self, before: Dispute, steps: list[Step]) -> bool:
        """Whether it merely went on from desk to desk, of which no clock and, told by tables, no threshold knows."""
        return (
            self._plain
            and before.handler is not None
            and before.status in _AT_A_DESK
            and self._dispute.status in _AT_A_DESK
            and all(step.did is Did.MOVED for step in steps)
        )

    def _do(self, step: Step) -> None:
        if self._looks is not None:
            self._looks.something_happened()
        if step.did is Did.MOVED:
            self._move(step.value, step.at)
        elif step.did is Did.CORRECTED:
            self._dispute = corrected(self._dispute, step.value, self._matrix)
        elif step.did is not Did.RESOLVED or self._move(Trigger.RESOLVE, step.at):
            self._dispute = marked(self._dispute, step.did, step.at)

    def _move(self, trigger: Trigger, at: datetime) -> bool:
        if trigger not in allowed(self._dispute.status):
            self._unlike += 1
            return False
        self._dispute = self._dispute.after(trigger, at)
        return True

    def _hear(self, at: datetime, *, asked: Asked | None = None) -> None:
        """Brings it in line; tables that held for nothing higher are not judged again on the same facts."""
        quiet = self._plain if self._looks is None else self._looks.nothing_holds(self._scene(at))
        weighed = weighed_by_tables(self._dispute) if quiet else None
        judged = weighed is not None and weighed == self._weighed
        plan = self._reconciled(at, asked, judged=judged)
        if judged and self._looks is not None and plan.dispute.tier != self._dispute.tier:
            plan = self._reconciled(at, asked, judged=False)  # at another tier the thresholds may hold
        self._weighed = weighed
        if self._apply(plan, at):
            self._dispute = altered(self._dispute, informed_at=at)
            self._news(at)

    def _reconciled(self, at: datetime, asked: Asked | None, *, judged: bool) -> Plan:
        beyond = NOTHING_BEYOND if judged and asked is None else self._beyond(at)
        return reconcile(
            self._dispute, self._clocks, self._matrix, self._calendars, at, asked=asked, judged=judged, beyond=beyond
        )

    def _news(self, at: datetime) -> None:
        """What reconciling does when the customer had news and nothing else changed: the next is promised."""
        if not self._dispute.active:
            return
        draft = Draft(self._dispute, self._clocks, self._matrix, self._calendars, at)
        clock = self._clocks.get(Kind.NEXT_UPDATE)
        if clock is not None and (after := settled(clock, self._dispute, at)) is not clock:
            draft.keep(after)
        start_next_update(draft)
        self._apply(draft.plan(), at)

    def _apply(self, plan: Plan, at: datetime) -> bool:
        """Takes a plan over; whether it sent the customer news."""
        for clock in plan.clocks:
            self._clocks[clock.kind] = clock
        timers = self._timers
        for kind, arm in plan.timers.items():
            if arm is None:
                timers.pop(kind, None)
            else:
                timers[kind] = arm
        self._next = min(timers.items(), key=lambda each: each[1].at) if timers else None
        self._dispute = plan.dispute
        news = False
        for told in plan.told:
            news = self._note(told, at) or news
        return news

    def _note(self, told: Told, at: datetime) -> bool:
        """Remembers what was told; whether the customer hears of it."""
        match told:
            case Climbed():
                kind = None if told.clock is None else told.clock.kind
                if kind is Kind.TIER:
                    self._breaches[kind.value] += 1
                self._climbs.append(Climb(at, told.from_tier, told.to_tier, told.because, kind))
            case TakenUp() if told.first:
                self._began = told.tier
                return False
            case Missed():
                self._breaches[told.clock.kind.value] += 1
                return False
            case Warned():
                self._warnings[told.clock.kind.value] += 1
                return False
        return isinstance(told, Climbed | NewsOwed)
