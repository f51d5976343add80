"""What intake clears away: replies kept for idempotency keys that nobody will send again."""

from typing import Final

from shared.db import idempotency
from shared.db.engine import Database
from shared.db.faults import RAISED_BY_DATABASE
from shared.runtime.loops import Pace, every
from shared.runtime.stop import Stop

PRUNED_AT_ONCE: Final = 5000
_PACE: Final = Pace(seconds=300)


class Upkeep:
    """Forgets old replies a few thousand at a time, every five minutes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, stop: Stop) -> None:
        """Prunes until the stop; a database that is away is tried again."""
        await every(self.prune, stop, pace=_PACE, name="intake_upkeep", retry_on=RAISED_BY_DATABASE)

    async def prune(self) -> bool:
        """One round; whether there may be more."""
        async with self._database.transaction() as tx:
            return await idempotency.prune(tx, PRUNED_AT_ONCE) == PRUNED_AT_ONCE
