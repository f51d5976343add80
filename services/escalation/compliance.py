"""Decisions of outside bodies watched: one that was not carried out in time is told once, and the dispute climbs."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from services.escalation.apart import SetAside, together_or_apart
from services.escalation.deciding import ACTOR
from services.escalation.handlers import Handlers
from services.escalation.telling import text
from shared.db import disputes, referrals
from shared.db.disputes import Change
from shared.db.engine import Database, Tx
from shared.db.referrals import Referral
from shared.domain.escalation import Asked, climbs
from shared.domain.frozen import altered
from shared.domain.referral import ReferralState
from shared.messages.referral_events import ComplianceMissed
from shared.runtime.logs import logger

log = logger(__name__)

BATCH_MAX: Final = 100
BECAUSE: Final = "the decision of the outside body was not carried out in time"


class Compliance:
    """Takes the decisions whose time has passed. Any number may run at once; each skips what another holds."""

    def __init__(self, database: Database, handlers: Handlers, *, batch: int = BATCH_MAX) -> None:
        self._database = database
        self._handlers = handlers
        self._batch = batch
        self._aside = SetAside()

    async def round(self) -> bool:
        """One batch in one transaction; True when there may be more. Nothing due is one look at an index."""
        async with self._database.transaction() as tx:
            most = len(self._aside.due(tx.now)) if self._aside.full else self._batch
            due = await referrals.take_due(tx, most, passing_over=self._aside.resting(tx.now))
            await together_or_apart(due, partial(self._deal_with, tx), partial(self._failed, tx))
        return len(due) == self._batch

    async def _deal_with(self, tx: Tx, due: Sequence[Referral]) -> None:
        async with tx.conn.begin_nested():
            for each in due:
                await self._decide(tx, each)
        self._aside.forget([each.id for each in due])

    async def _failed(self, tx: Tx, referral: Referral, error: Exception) -> None:
        log.error("compliance_not_judged", referral_id=str(referral.id), reason=type(error).__name__, exc_info=error)
        self._aside.add(referral.id, tx.now)

    async def _decide(self, tx: Tx, referral: Referral) -> None:
        dispute = await disputes.lock(tx, referral.dispute_id)
        if not dispute.active:
            done = dispute.resolved_at or dispute.closed_at or tx.now
            await referrals.keep(tx, altered(referral, state=ReferralState.COMPLIED, ended_at=done))
            return
        assert referral.comply_by is not None
        await referrals.keep(tx, altered(referral, state=ReferralState.BREACHED, ended_at=tx.now))
        missed = ComplianceMissed(referral_id=str(referral.id), due_at=text(referral.comply_by), fired_at=text(tx.now))
        await disputes.save(tx, Change(dispute, dispute, (missed,), ACTOR))
        if dispute.tier and climbs(dispute):
            wish = {dispute.id: (Asked(dispute.tier + 1, BECAUSE),)}
            await self._handlers.attend(tx, {dispute.id: None}, wish)
