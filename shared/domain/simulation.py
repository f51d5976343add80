"""A policy change tried on the open disputes without making it: what would move, what would break, who would get what.

Each dispute is migrated by the same decision as in earnest, and nothing is saved; see `shared.domain.migration`.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.domain.clock_record import Clocks, Kind
from shared.domain.dispute import Dispute
from shared.domain.matrix import Matrix
from shared.domain.migration import Held, Migration, Moved, Versions, migrate
from shared.domain.milestones import NOTHING_BEYOND, Beyond
from shared.domain.plan import Climbed
from shared.domain.timekeeping import Calendars


class Started(NamedTuple):
    """A clock that the proposed matrix promises and the present one does not."""

    kind: Kind
    due_at: datetime | None
    overdue: bool


class Effect(NamedTuple):
    """What migrating one dispute now would do. `gone` says that its handler is not among the proposed people.

    `regimes` are its open clocks of regimes, which no matrix moves.
    """

    dispute_id: UUID
    reference: str
    tier: tuple[int | None, int | None]
    handler: tuple[str | None, str | None]
    severity: tuple[str, str]
    moved: tuple[Moved, ...]
    held: tuple[Held, ...]
    started: tuple[Started, ...]
    because: tuple[str, ...]
    gone: bool
    regimes: tuple[Kind, ...] = ()

    @property
    def shifts(self) -> list[Moved]:
        """The clocks whose due instant changes, those whose promise is withdrawn left out."""
        return [each for each in self.moved if each.by]

    @property
    def escalated(self) -> bool:
        """Whether it would climb at once."""
        before, after = self.tier
        return before is not None and after is not None and after > before

    @property
    def overdue(self) -> int:
        """How many of its deadlines would have passed already."""
        return sum(each.overdue for each in self.moved) + sum(each.overdue for each in self.started)

    @property
    def any(self) -> bool:
        """Whether anything of it would change."""
        pairs = (self.tier, self.handler, self.severity)
        return bool(self.moved or self.started) or any(before != after for before, after in pairs)

    @property
    def weight(self) -> tuple[int, bool, float]:
        """How much a person would want to look at it: what breaks, then who climbs, then what moves furthest."""
        furthest = max((abs(each.by.total_seconds()) for each in self.shifts if each.by is not None), default=0.0)
        return self.overdue, self.escalated, furthest


def foresee(
    dispute: Dispute,
    clocks: Clocks,
    versions: Versions,
    calendars: Calendars,
    now: datetime,
    *,
    allow_later: bool = False,
    beyond: Beyond = NOTHING_BEYOND,
) -> Effect:
    """What a migration of this dispute at `now` would do; `beyond` is what a migration would know beside it.

    Raises:
        PolicyFault: a rule names a calendar that does not exist.
        CannotPromise: a deadline would never come.
    """
    migration = migrate(dispute, clocks, versions, calendars, now, allow_later=allow_later, beyond=beyond)
    after = migration.dispute
    climbed = (told for plan in migration.plans for told in plan.told if isinstance(told, Climbed))
    return Effect(
        dispute_id=dispute.id,
        reference=dispute.reference,
        tier=(dispute.tier, after.tier),
        handler=(dispute.handler, after.handler),
        severity=(dispute.severity.value, after.severity.value),
        moved=migration.moved,
        held=migration.held,
        started=_started(migration, clocks, now),
        because=tuple(reason for told in climbed for reason in told.because),
        gone=_gone(dispute, versions.to),
        regimes=tuple(kind for kind, clock in clocks.items() if clock.open and clock.of_a_regime),
    )


def _started(migration: Migration, before: Clocks, now: datetime) -> tuple[Started, ...]:
    fresh = (clock for clock in migration.plans[-1].clocks if clock.open and clock.kind not in before)
    return tuple(Started(clock.kind, clock.due_at, clock.due_at is not None and clock.due_at <= now) for clock in fresh)


def _gone(dispute: Dispute, proposed: Matrix) -> bool:
    if not dispute.active or dispute.tier is None or dispute.handler is None:
        return False
    return dispute.tier > proposed.top or proposed.tier(dispute.tier).person(dispute.handler) is None
