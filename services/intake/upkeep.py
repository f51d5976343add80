"""What intake clears away: old replies to idempotency keys, old corrections, and disputes noted to be erased once over."""

from datetime import timedelta
from typing import Final

from services.intake.commands.erase import erase_due
from shared.db import corrections, idempotency
from shared.db.engine import Database
from shared.db.faults import RAISED_BY_DATABASE
from shared.runtime.loops import Pace, every
from shared.runtime.stop import Stop

PRUNED_AT_ONCE: Final = 5000
ERASED_AT_ONCE: Final = 50
_PACE: Final = Pace(seconds=300)


class Upkeep:
    """Forgets old replies and corrections a few thousand at a time, and erases what is due, every five minutes."""

    def __init__(self, database: Database, *, correction_days: int) -> None:
        """Corrected categories are kept as training data for so many days."""
        self._database = database
        self._corrections_kept = timedelta(days=correction_days)

    async def run(self, stop: Stop) -> None:
        """Prunes until the stop; a database that is away is tried again."""
        await every(self.prune, stop, pace=_PACE, name="intake_upkeep", retry_on=RAISED_BY_DATABASE)

    async def prune(self) -> bool:
        """One round; whether there may be more."""
        async with self._database.transaction() as tx:
            replies = await idempotency.prune(tx, PRUNED_AT_ONCE)
        async with self._database.transaction() as tx:
            taught = await corrections.prune(tx, kept=self._corrections_kept, limit=PRUNED_AT_ONCE)
        async with self._database.transaction() as tx:
            erased = await erase_due(tx, ERASED_AT_ONCE)
        return PRUNED_AT_ONCE in (replies, taught) or erased == ERASED_AT_ONCE
