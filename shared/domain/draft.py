"""A plan in the making: the moves that handling and firing have in common."""

from datetime import datetime
from typing import Final

from shared.domain.assignment import NO_BENCH, Bench
from shared.domain.clock_record import OPEN, Clock, Clocks, ClockState, Kind, Promise
from shared.domain.clock_spec import Extension
from shared.domain.dispute import Dispute
from shared.domain.escalation import Case, Escalate
from shared.domain.frozen import altered
from shared.domain.marks import NO_MARKS, Marks, facts_of
from shared.domain.matrix import Matrix
from shared.domain.plan import Arm, Climbed, Plan, Told
from shared.domain.timekeeping import Calendars, Ticking, continued, phase_of, started

NOTICED_LATE: Final = "its beginning was noticed late, and the least gap of the policy is left to it still"
SHORTER_THAN_THE_GAP: Final = "its own time is shorter than the least gap of the policy, which it gets"


class Draft:
    """One dispute being decided on at one instant. Only `plan` leaves here, so nothing outside sees it change."""

    __slots__ = (
        "_changed",
        "_timers",
        "_told",
        "bench",
        "breach_risk",
        "calendars",
        "clocks",
        "dispute",
        "marks",
        "matrix",
        "now",
    )

    def __init__(
        self,
        dispute: Dispute,
        clocks: Clocks,
        matrix: Matrix,
        calendars: Calendars,
        now: datetime,
        marks: Marks = NO_MARKS,
        bench: Bench = NO_BENCH,
    ) -> None:
        self.dispute = dispute
        self.bench: Final = bench
        self.breach_risk: float | None = None
        self.marks: Final = marks
        self.clocks: dict[Kind, Clock] = dict(clocks)
        self.matrix: Final = matrix
        self.calendars: Final = calendars
        self.now: Final = now
        self._timers: dict[Kind, Arm | None] = {}
        self._changed: dict[tuple[Kind, int], Clock] = {}
        self._told: list[Told] = []

    def facts(self) -> Marks:
        """The marks together with what the dispute knows of itself."""
        return facts_of(self.dispute, self.marks)

    def plan(self) -> Plan:
        """What is to be saved."""
        return Plan(self.dispute, tuple(self._changed.values()), self._timers, tuple(self._told))

    def tier_since(self) -> datetime | None:
        """When the dispute came to its present tier; None while that is not known."""
        clock = self.clocks.get(Kind.TIER)
        return clock.opened_at if clock is not None and clock.tier == self.dispute.tier else None

    def tell(self, *told: Told) -> None:
        """Adds to what the history will say."""
        self._told.extend(told)

    def keep(self, clock: Clock) -> None:
        """Keeps a clock as it now is; one that is over loses its timer."""
        self.clocks[clock.kind] = clock
        self._changed[clock.kind, clock.generation] = clock
        if clock.state not in OPEN:
            self._timers[clock.kind] = None

    def disarm(self, kind: Kind) -> None:
        """Takes a timer away."""
        self._timers[kind] = None

    def arm(self, ticking: Ticking) -> None:
        """Sets the timer for the clock's next moment; never in the past, so that the sweep's low mark stays true."""
        clock, moment = ticking.clock, ticking.moment
        self._timers[clock.kind] = None if moment is None else Arm(max(moment.at, self.now), clock.generation)

    def begin(
        self,
        kind: Kind,
        promise: Promise | None,
        started_at: datetime,
        *,
        least: datetime | None = None,
        policy_version: int | None = None,
    ) -> Clock | None:
        """Starts the next generation of a clock, if the matrix promises such a thing; `least` is no early due.

        `policy_version` is the matrix's unless the promise comes from another policy.
        """
        if promise is None:
            return None
        fresh = self._fresh(kind, promise, started_at, policy_version)
        ticking = self._started(fresh)
        due = ticking.clock.due_at
        if least is not None and due is not None and due < least:
            because = NOTICED_LATE if self._long_enough(fresh, least) else SHORTER_THAN_THE_GAP
            ticking = self._started(altered(fresh, extensions=(Extension(least, because),)))
        self.keep(ticking.clock)
        self.arm(ticking)
        return ticking.clock

    def begin_tier(self, started_at: datetime, *, goes_on: bool = False) -> Clock | None:
        """Starts the clock of the present tier; one that begins in the past gives the tier the least gap at least.

        `goes_on` says that it starts where the tier before ended.
        """
        assert self.dispute.tier is not None
        promise = self.matrix.tier(self.dispute.tier).deadlines[self.dispute.severity]
        if goes_on:
            started_at = continued(promise, started_at, self.calendars)
        least = self.now + self.matrix.min_gap if started_at < self.now else None
        return self.begin(Kind.TIER, promise, started_at, least=least)

    def _fresh(self, kind: Kind, promise: Promise, started_at: datetime, policy_version: int | None) -> Clock:
        before = self.clocks.get(kind)
        dispute = self.dispute
        return Clock(
            kind=kind,
            generation=1 if before is None else before.generation + 1,
            phase=phase_of(dispute),
            state=ClockState.RUNNING,
            tier=dispute.tier if kind is Kind.TIER else None,
            promise=promise,
            policy_version=self.matrix.version if policy_version is None else policy_version,
            started_at=started_at,
            opened_at=self.now,
            due_at=None,
        )

    def _long_enough(self, fresh: Clock, least: datetime) -> bool:
        """Whether it would have come to no early due if it had begun just now: then only its late beginning is short."""
        due = self._started(altered(fresh, started_at=self.now)).clock.due_at
        return due is None or due >= least

    def _started(self, clock: Clock) -> Ticking:
        return started(clock, self.dispute, self.calendars, self.now, self.marks)

    def climb(self, case: Case, to: Escalate, started_at: datetime) -> None:
        """Goes to another tier: its clock starts, and the history is told from where, why, and what it stepped over."""
        left = self.dispute.tier
        assert left is not None
        self.dispute = self.dispute.changed(
            self.now, tier=to.to, handler=to.handler, policy_version=self.matrix.version
        )
        goes_on = case.breached is not None and case.breached.kind is Kind.TIER
        clock = self.begin_tier(started_at, goes_on=goes_on)
        self.tell(
            Climbed(
                from_tier=left,
                to_tier=to.to,
                handler=to.handler,
                because=to.because,
                skipped=to.skipped,
                policy_version=self.matrix.version,
                clock=case.breached,
                next_due_at=None if clock is None else clock.due_at,
            )
        )
