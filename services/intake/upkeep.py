"""What intake clears away: old replies to idempotency keys, corrections and raw deliveries, and disputes noted for erasure."""

from datetime import timedelta
from typing import Final

from services.intake.commands.erase import erase_due
from services.intake.settings import IntakeSettings
from shared.db import corrections, idempotency, inbound
from shared.db.engine import Database
from shared.db.faults import RAISED_BY_DATABASE
from shared.runtime.logs import logger
from shared.runtime.loops import Pace, every
from shared.runtime.stop import Stop

log = logger(__name__)

PRUNED_AT_ONCE: Final = 5000
DELIVERIES_AT_ONCE: Final = 500
ERASED_AT_ONCE: Final = 50
_PACE: Final = Pace(seconds=300)


class Upkeep:
    """Forgets what is old, a bounded number at a time, and erases what is due, every five minutes."""

    def __init__(self, database: Database, settings: IntakeSettings) -> None:
        """The settings say for how many days what is kept."""
        self._database = database
        self._corrections_kept = timedelta(days=settings.correction_days)
        self._inbound_kept = timedelta(days=settings.inbound_days)
        self._quarantine_kept = timedelta(days=settings.quarantine_days)

    async def run(self, stop: Stop) -> None:
        """Prunes until the stop; a database that is away is tried again."""
        await every(self.prune, stop, pace=_PACE, name="intake_upkeep", retry_on=RAISED_BY_DATABASE)

    async def prune(self) -> bool:
        """One round; whether there may be more."""
        async with self._database.transaction() as tx:
            replies = await idempotency.prune(tx, PRUNED_AT_ONCE)
        async with self._database.transaction() as tx:
            taught = await corrections.prune(tx, kept=self._corrections_kept, limit=PRUNED_AT_ONCE)
        ignored = await self._deliveries("ignored", self._inbound_kept)
        unseen = await self._deliveries("quarantined", self._quarantine_kept)
        async with self._database.transaction() as tx:
            erased = await erase_due(tx, ERASED_AT_ONCE)
        return PRUNED_AT_ONCE in (replies, taught) or ignored or unseen or erased == ERASED_AT_ONCE

    async def _deliveries(self, state: inbound.State, kept: timedelta) -> bool:
        """Forgets raw deliveries in this state; whether there may be more."""
        async with self._database.transaction() as tx:
            pruned = await inbound.prune(tx, state, kept=kept, limit=DELIVERIES_AT_ONCE)
        if pruned.deliveries:
            log.info("inbound_pruned", state=state, deliveries=pruned.deliveries, older_than_days=kept.days)
        return pruned.more
