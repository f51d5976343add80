"""How likely each open dispute is to break its resolution clock, worked out again and again for the thresholds that ask.

Only disputes whose matrix has such a threshold are scored: while there is none, a look is one small query. A score is
kept as a whole percent; when that changes, the dispute is judged again in the same transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from services.escalation.handlers import Handlers
from shared.db import policies, risk
from shared.db.engine import Database, Tx
from shared.db.faults import is_away, is_transient, may_be_away
from shared.db.open_disputes import FIRST
from shared.db.policies import Matrices
from shared.db.risk import Running
from shared.domain.breach_features import Around, features_of, share_used
from shared.domain.breach_risk import Model, probability
from shared.domain.calendar import Calendar
from shared.domain.errors import RecourseError
from shared.domain.matrix import Matrix
from shared.runtime.logs import logger

log = logger(__name__)

SLICE: Final = 200
"""Disputes scored in one transaction."""
ROUND_MAX: Final = 2000
"""Disputes scored in one round; the next goes on from there."""
_LAST: Final = UUID(int=(1 << 128) - 1)


class Risking:
    """Goes through the open resolution clocks in the order of their disputes' ids, and begins again at the end."""

    def __init__(
        self, database: Database, matrices: Matrices, calendars: Mapping[str, Calendar], handlers: Handlers
    ) -> None:
        self._database = database
        self._matrices = matrices
        self._calendars = calendars
        self._handlers = handlers
        self._models = risk.Models()
        self._from = FIRST
        self._newest = 0
        self._asked = False

    async def round(self) -> bool:
        """A bounded look; never asks to be called again at once, for scores may wait until the next."""
        async with self._database.transaction() as tx:
            newest = await policies.current_version(tx)
            if newest != self._newest:
                self._asked, self._newest = await risk.looked_at(tx), newest
        if self._asked:
            for _ in range(ROUND_MAX // SLICE):
                if await self._slice():
                    break
        return False

    async def _slice(self) -> bool:
        """Scores the next disputes; True when these were the last."""
        async with self._database.transaction() as tx:
            running = await risk.running_after(tx, self._from, SLICE)
        ended = len(running) < SLICE
        until = _LAST if ended else running[-1].dispute.id
        try:
            async with self._database.transaction() as tx:
                await self._score(tx, running)
                await risk.forget_others(tx, self._from, until, [each.dispute.id for each in running])
        except Exception as error:
            if is_away(error) or is_transient(error) or may_be_away(error):
                raise
            log.warning("slice_failed_one_by_one", reason=type(error).__name__)
            for each in running:
                await self._alone(each)
        self._from = FIRST if ended else until
        return ended

    async def _alone(self, running: Running) -> None:
        """The one at fault is told, keeps its old score, and is tried again the next time round."""
        try:
            async with self._database.transaction() as tx:
                await self._score(tx, [running])
        except Exception as error:
            if is_away(error) or is_transient(error) or may_be_away(error):
                raise
            log.exception("risk_not_judged", dispute_id=str(running.dispute.id), reason=type(error).__name__)

    async def _score(self, tx: Tx, running: Sequence[Running]) -> None:
        version, model = await self._models.current(tx)
        found = await self._judged(tx, running, model)
        before = await risk.scores(tx, found)
        changed = {dispute_id: now for dispute_id, now in found.items() if before.get(dispute_id) != now}
        await risk.keep(tx, changed, version)
        await self._handlers.attend(tx, dict.fromkeys(changed))

    async def _judged(self, tx: Tx, running: Collection[Running], model: Model | None) -> dict[UUID, float]:
        """The whole percent of each whose matrix asks; one that cannot be worked out is passed over."""
        newest = await self._matrices.current(tx)
        asked: list[tuple[Running, Matrix]] = []
        for each in running:
            matrix = await self._matrices.for_case(tx, each.dispute.policy_version, newest)
            if matrix.weighs_risk:
                asked.append((each, matrix))
        if not asked:
            return {}
        backlog = await risk.backlog(tx)
        found: dict[UUID, float] = {}
        for (dispute, clock, climbs), matrix in asked:
            try:
                share = share_used(clock, dispute, self._calendars, tx.now)
            except RecourseError:
                continue
            figures = features_of(dispute, Around(tx.now, share, backlog, climbs), matrix.rates)
            found[dispute.id] = round(probability(model, figures), 2)
        return found
