"""How late timers are that come due one after the other, fired by the sweeps of one service at the service's pace."""

import asyncio
import statistics
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from services.escalation.figures import Figures
from services.escalation.settings import EscalationSettings
from services.escalation.sweep import ASSIST_AFTER, Sweep
from shared.db.engine import Database, make_engine
from shared.db.faults import RAISED_BY_DATABASE
from shared.db.policies import Matrices
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.runtime.loops import Pace, every
from shared.runtime.metrics import Metrics
from shared.runtime.stop import Stop

FIELDS: Final = EscalationSettings.model_fields
SECONDS: Final = 10
SECONDS_MAX: Final = 120

_COME_DUE: Final = """
with picked as materialized (select id, now() + interval '2 seconds' + random() * $2 * interval '1 second' as at
    from dispute where tier = 1 order by id limit $1),
  c as (update clock set due_at = at from picked where dispute_id = id and kind = 'tier' and state = 'running')
update timer set due_at = at from picked where dispute_id = id
"""


class Noted(Figures):
    """The engine's figures; notes how late each timer was, by the database's clock, until there are so many."""

    def __init__(self, count: int) -> None:
        super().__init__(Metrics())
        self.late: list[float] = []
        self.whole = asyncio.Event()
        self._count = count

    def fired(self, kinds: Iterable[str], lateness: Iterable[timedelta]) -> None:
        every_one = list(lateness)
        super().fired(kinds, every_one)
        self.late += [each.total_seconds() for each in every_one]
        if len(self.late) >= self._count:
            self.whole.set()


async def come_due(url: str, rate: float) -> list[float]:
    """Has so many timers a second come due; how late each fired, in seconds, the punctual first."""
    database = Database(make_engine(url, pool_size=4))
    calendars = load_calendars(DEFAULT_CALENDARS, range(2024, 2032))
    figures = Noted(int(rate * SECONDS))
    async with database.transaction() as tx:
        await tx.raw.execute(_COME_DUE, int(rate * SECONDS), SECONDS)
    stop, pace, matrices = Stop(), Pace(FIELDS["sweep_seconds"].default), Matrices(calendars)
    async with asyncio.timeout(SECONDS_MAX), asyncio.TaskGroup() as group:
        for number in range(FIELDS["sweepers"].default):
            patience = ASSIST_AFTER if number else timedelta()
            sweep = Sweep(database, matrices, calendars, figures, patience=patience)
            group.create_task(every(sweep.round, stop, pace=pace, name="sweep", retry_on=RAISED_BY_DATABASE))
        await figures.whole.wait()
        stop.request("measured")
    await database.dispose()
    return sorted(figures.late)


async def told(url: str, rate: float) -> int:
    """Prints it; returns how many timers fired."""
    late = [each * 1000 for each in await come_due(url, rate)]
    p50, p99 = statistics.median(late), statistics.quantiles(late, n=100)[98]
    print(f"{rate:,.0f} a second come due: late by median {p50:.0f} ms, p99 {p99:.0f} ms, max {late[-1]:.0f} ms")
    return len(late)
