"""How many deliveries wait for a person: each may be a dispute that nobody knows of yet, so operations must hear of it."""

from typing import Final

from shared.db import inbound
from shared.db.engine import Database
from shared.db.faults import RAISED_BY_DATABASE
from shared.runtime.loops import Pace, every
from shared.runtime.metrics import Metrics
from shared.runtime.stop import Stop

_PACE: Final = Pace(seconds=15)


class Quarantine:
    """Counts what is set aside, every fifteen seconds."""

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics

    async def run(self, stop: Stop) -> None:
        """Counts until the stop; a database that is away is asked again."""
        await every(self.count, stop, pace=_PACE, name="inbound_quarantine", retry_on=RAISED_BY_DATABASE)

    async def count(self) -> bool:
        """One round; there is never more to do at once."""
        async with self._database.transaction() as tx:
            self._metrics.inbound_quarantined.set(await inbound.quarantined(tx))
        return False
