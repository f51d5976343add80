"""How likely each open dispute is to break its resolution clock, worked out again and again for the thresholds that ask.

Only disputes whose matrix has such a threshold are scored, and all open ones while somebody lists disputes by their risk:
else a look is a few small queries. A score is kept as a whole percent; when that changes, a dispute whose matrix asks is
judged again in the same transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from services.escalation.apart import together_or_apart
from services.escalation.handlers import Handlers
from shared.db import policies, risk
from shared.db.engine import Database, Tx
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
        self._weighed = False
        self._listed = False

    async def round(self) -> bool:
        """A bounded look; never asks to be called again at once, for scores may wait until the next."""
        async with self._database.transaction() as tx:
            newest = await policies.current_version(tx)
            if newest != self._newest:
                self._weighed, self._newest = await risk.looked_at(tx), newest
            self._listed = await risk.listed_by(tx)
            if not (self._weighed or self._listed):
                await risk.forget_some(tx, ROUND_MAX)
        if self._weighed or self._listed:
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

        async def score(some: Sequence[Running]) -> None:
            async with self._database.transaction() as tx:
                asked = await self._score(tx, some)
                if len(some) == len(running):
                    await risk.forget_others(tx, self._from, until, asked)

        await (together_or_apart(running, score, self._failed) if running else score(running))
        self._from = FIRST if ended else until
        return ended

    async def _failed(self, running: Running, error: Exception) -> None:
        """The one at fault is told, keeps its old score, and is tried again the next time round."""
        log.error("risk_not_judged", dispute_id=str(running.dispute.id), reason=type(error).__name__, exc_info=error)

    async def _score(self, tx: Tx, running: Sequence[Running]) -> list[UUID]:
        """Scores these, and names those of which anybody asks for the score."""
        version, model = await self._models.current(tx)
        asked = await self._asked(tx, running)
        found = await self._judged(tx, asked, model)
        before = await risk.scores(tx, found)
        changed = {dispute_id: now for dispute_id, now in found.items() if before.get(dispute_id) != now}
        await risk.keep(tx, changed, version)
        weighed = [each.dispute.id for each, matrix in asked if matrix.weighs_risk and each.dispute.id in changed]
        await self._handlers.attend(tx, dict.fromkeys(weighed))
        return [each.dispute.id for each, _ in asked]

    async def _asked(self, tx: Tx, running: Collection[Running]) -> list[tuple[Running, Matrix]]:
        """Those whose matrix asks, or all while somebody lists by risk, with their matrices."""
        newest = await self._matrices.current(tx)
        asked: list[tuple[Running, Matrix]] = []
        for each in running:
            matrix = await self._matrices.for_case(tx, each.dispute.policy_version, newest)
            if matrix.weighs_risk or self._listed:
                asked.append((each, matrix))
        return asked

    async def _judged(
        self, tx: Tx, asked: Collection[tuple[Running, Matrix]], model: Model | None
    ) -> dict[UUID, float]:
        """The whole percent of each; one that cannot be worked out is passed over."""
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
