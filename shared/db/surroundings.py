"""What a dry run decides on beside matrix and dispute: the people's loads and conflicts, marks, and breach risk; read only."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.db import assignments, marks, risk
from shared.db.assignments import Around as People
from shared.db.engine import Tx
from shared.db.open_sample import Looked
from shared.domain.assignment import Bench
from shared.domain.breach_features import Around, features_of, share_used
from shared.domain.breach_risk import probability
from shared.domain.clock_record import Kind
from shared.domain.dispute import Dispute
from shared.domain.errors import RecourseError
from shared.domain.escalation import climbs
from shared.domain.lifecycle import Stage
from shared.domain.marks import NO_MARKS
from shared.domain.matrix import Matrix
from shared.domain.milestones import Beyond
from shared.domain.timekeeping import Calendars, phase_of

_NOBODY = People()


class Surroundings:
    """Read page by page; loads are those of the first page, with what the trial itself gives out on top."""

    def __init__(self, proposed: Matrix, calendars: Calendars) -> None:
        self._proposed = proposed
        self._calendars = calendars
        self._models = risk.Models()
        self._loads: dict[str, int] | None = None
        self._backlog: int | None = None

    async def read(self, tx: Tx, page: Sequence[Looked]) -> dict[UUID, Beyond]:
        """What is known around each of these disputes, as a migration of them would know it."""
        every = [each.dispute for each in page]
        marked = await marks.of_many(tx, (each.dispute for each in page if _has_marks(each)))
        benches = await self._benches(tx, [each for each in every if climbs(each)])
        risks = await self._risks(tx, page) if self._proposed.weighs_risk else {}
        return {
            each.id: Beyond(
                marked.get(each.id, NO_MARKS),
                bench=benches.get(each.id, Bench()),
                breach_risk=risks.get(each.id),
            )
            for each in every
        }

    def took(self, before: str | None, after: str | None) -> None:
        """Counts a dispute that would change hands, so that the next choice knows of it."""
        if before == after or self._loads is None:
            return
        if before is not None:
            self._loads[before] = max(self._loads.get(before, 0) - 1, 0)
        if after is not None:
            self._loads[after] = self._loads.get(after, 0) + 1

    async def _benches(self, tx: Tx, climbing: Sequence[Dispute]) -> dict[UUID, Bench]:
        """Where the matrix makes no use of loads, only who handled an earlier stage of those reviewed again."""
        if not self._proposed.particular:
            reviewed = [each for each in climbing if each.stage is Stage.INTERNAL_2]
            around = await assignments.around(tx, reviewed, parties=False) if reviewed else {}
            return {dispute_id: Bench(former=found.former) for dispute_id, found in around.items()}
        if self._loads is None:
            self._loads = await assignments.loads(tx, self._proposed.names)
        around = await assignments.around(tx, climbing)
        loads, calendars = self._loads, self._calendars
        people = {each.id: around.get(each.id, _NOBODY) for each in climbing}
        return {
            dispute_id: Bench(loads, calendars, found.former, found.involved) for dispute_id, found in people.items()
        }

    async def _risks(self, tx: Tx, page: Sequence[Looked]) -> Mapping[UUID, float]:
        """The stored risk, else what the model in force, or the prior, says now of an open resolution clock."""
        found = await risk.scores(tx, [each.dispute.id for each in page])
        unknown = [each for each in page if each.dispute.id not in found and Kind.RESOLUTION in each.clocks]
        if not unknown:
            return found
        _, model = await self._models.current(tx)
        if self._backlog is None:
            self._backlog = await risk.backlog(tx)
        climbed = await risk.climbs_of(tx, [each.dispute.id for each in unknown])
        for dispute, clocks in unknown:
            clock = clocks[Kind.RESOLUTION]
            if not clock.open:
                continue
            try:
                share = share_used(clock, dispute, self._calendars, tx.now)
            except RecourseError:
                continue  # as while running: what cannot be worked out is not known
            around = Around(tx.now, share, self._backlog, climbed.get(dispute.id, 0))
            found[dispute.id] = round(probability(model, features_of(dispute, around, self._proposed.rates)), 2)
        return found


def _has_marks(looked: Looked) -> bool:
    watched = any(clock.promise.watch is not None for clock in looked.clocks.values())
    return watched or phase_of(looked.dispute) > 0
