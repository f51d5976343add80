"""A message arrived: each event is a nudge to look at its dispute and do what is owed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.escalation.deciding import ACTOR, Decided, save
from services.escalation.figures import Figures
from shared.db import clocks, disputes
from shared.db.engine import Tx
from shared.db.policies import Matrices
from shared.domain.calendar import Calendar
from shared.domain.escalation import Asked
from shared.domain.matrix import Matrix
from shared.domain.reconcile import reconcile
from shared.messages.envelope import Envelope
from shared.messages.events import EscalationRequested


class Handlers:
    """Brings the disputes of a batch of events in line with what they are owed."""

    def __init__(self, matrices: Matrices, calendars: Mapping[str, Calendar], figures: Figures) -> None:
        self._matrices = matrices
        self._calendars = calendars
        self._figures = figures

    async def __call__(self, tx: Tx, envelopes: Sequence[Envelope]) -> None:
        """Handles a batch in this transaction, with few statements whatever its size."""
        # What escalation itself told has been acted on already.
        heard = [each for each in envelopes if each.actor != ACTOR]
        asked = _asked(heard)
        traces = {each.subject: each.traceparent for each in heard}
        await self.attend(tx, traces, asked)

    async def attend(
        self,
        tx: Tx,
        traces: Mapping[UUID, str | None],
        asked: Mapping[UUID, Sequence[Asked]] | None = None,
        *,
        rearm: bool = False,
    ) -> list[Decided]:
        """Reconciles these disputes; each is named with the trace its changes belong to."""
        if not traces:
            return []
        locked = await disputes.lock_many(tx, traces)
        known = await clocks.newest(tx, locked)
        newest = await self._matrices.current(tx)
        decided: list[Decided] = []
        for dispute_id, dispute in locked.items():
            each = Decided(dispute, known[dispute_id], traces[dispute_id])
            matrix = await self._matrices.for_case(tx, dispute.policy_version, newest)
            self._decide(tx, each, matrix, (asked or {}).get(dispute_id, ()), rearm=rearm)
            decided.append(each)
        await save(tx, decided)
        # Counted just before the commit: should that fail, the batch is handled and counted once more.
        for each in decided:
            for clock in each.changed.values():
                self._figures.ended(clock)
        return decided

    def _decide(self, tx: Tx, each: Decided, matrix: Matrix, asked: Sequence[Asked], *, rearm: bool) -> None:
        for wish in asked or (None,):
            plan = reconcile(each.dispute, each.clocks, matrix, self._calendars, tx.now, asked=wish, rearm=rearm)
            each.add(plan, tx.now)


def _asked(envelopes: Sequence[Envelope]) -> dict[UUID, list[Asked]]:
    asked: dict[UUID, list[Asked]] = {}
    for each in envelopes:
        if isinstance(each.event, EscalationRequested):
            asked.setdefault(each.subject, []).append(Asked(each.event.to_tier))
    return asked
