"""Decisions about many disputes gathered, and saved in few statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from services.escalation.telling import events_of
from shared.db import clocks as clock_store
from shared.db import decisions, timers
from shared.db.decisions import Decisions
from shared.db.disputes import Change
from shared.db.engine import Tx
from shared.domain.clock_record import Clock, Clocks, Kind
from shared.domain.dispute import Dispute
from shared.domain.plan import Arm, Plan
from shared.domain.timekeeping import phase_of
from shared.messages.events import Event

ACTOR: Final = "system:escalation"


class Decided:
    """One dispute and everything decided about it in this transaction, plan after plan."""

    def __init__(self, before: Dispute, clocks: Clocks, traceparent: str | None = None) -> None:
        self.before: Final = before
        self.dispute = before
        self._stored: Final = {(clock.kind, clock.generation) for clock in clocks.values()}
        self.clocks: dict[Kind, Clock] = dict(clocks)
        self.traceparent: Final = traceparent
        self.changed: dict[tuple[Kind, int], Clock] = {}
        self.timers: dict[Kind, Arm | None] = {}
        self.events: list[Event] = []

    @property
    def watched(self) -> bool:
        """Whether it has a milestone of a regime among the clocks that were read, or may start one afresh."""
        return len(self.clocks) > 1 and (
            phase_of(self.before) > 0 or any(clock.promise.watch is not None for clock in self.clocks.values())
        )

    def add(self, plan: Plan, now: datetime) -> None:
        """Goes on from where the plan leads."""
        self.dispute = plan.dispute
        for clock in plan.clocks:
            self.clocks[clock.kind] = clock
            self.changed[clock.kind, clock.generation] = clock
        self.timers.update(plan.timers)
        self.events.extend(events_of(plan, now))

    def kept(self) -> Iterable[clock_store.Kept]:
        """The clocks to be written."""
        for key, clock in self.changed.items():
            yield clock_store.Kept(self.before.id, clock, key not in self._stored)

    @property
    def change(self) -> Change | None:
        """What is to be saved of the dispute itself; None when neither it nor its history changes."""
        if not self.events and self.dispute is self.before:
            return None
        return Change(self.before, self.dispute, tuple(self.events), ACTOR, self.traceparent)


async def save(tx: Tx, decided: Sequence[Decided]) -> None:
    """Saves all of it in one statement: disputes with history and outbox, clocks, timers."""
    saved = Decisions(
        [change for each in decided if (change := each.change)],
        [kept for each in decided for kept in each.kept()],
        list(_armed(decided)),
        [(each.before.id, kind) for each in decided for kind in _gone(each.timers)],
    )
    await decisions.save(tx, saved)


def _armed(decided: Iterable[Decided]) -> Iterable[timers.Armed]:
    for each in decided:
        for kind, arm in each.timers.items():
            if arm is not None:
                yield timers.Armed(each.before.id, kind, arm.at, arm.generation)


def _gone(timers_of: Mapping[Kind, Arm | None]) -> Iterable[Kind]:
    return (kind for kind, arm in timers_of.items() if arm is None)
