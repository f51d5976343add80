"""Decisions of outside bodies watched: one that was not carried out in time is told once, and the dispute climbs."""

from collections.abc import Sequence
from typing import Final

from services.escalation.deciding import ACTOR
from services.escalation.handlers import Handlers
from services.escalation.telling import text
from shared.db import disputes, referrals
from shared.db.disputes import Change
from shared.db.engine import Database, Tx
from shared.db.faults import is_away, is_transient, may_be_away
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

    async def round(self) -> bool:
        """One batch in one transaction; True when there may be more. Nothing due is one look at an index."""
        async with self._database.transaction() as tx:
            due = await referrals.take_due(tx, self._batch)
            failed = await self._deal_with(tx, due)
        return len(due) == self._batch and not failed

    async def _deal_with(self, tx: Tx, due: Sequence[Referral]) -> int:
        """All together, or each alone when one fails; the one at fault is told, and tried again at the next round."""
        if not due:
            return 0
        try:
            async with tx.conn.begin_nested():
                for each in due:
                    await self._decide(tx, each)
        except Exception as error:
            if is_away(error) or is_transient(error) or may_be_away(error):
                raise
            if len(due) == 1:
                log.exception("compliance_not_judged", referral_id=str(due[0].id), reason=type(error).__name__)
                return 1
        else:
            return 0
        return sum([await self._deal_with(tx, [each]) for each in due])

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
