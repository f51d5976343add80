"""One sweep in a process of its own: `python -m tests.services.escalation.sweep_process URL SECONDS_AHEAD BATCH`.

It says `ready`, waits for a line, fires until nothing is due, and says how many timers it fired.
"""

import asyncio
import sys
from datetime import timedelta

from services.escalation.figures import Figures
from services.escalation.sweep import Sweep
from shared.db.engine import Database, make_engine
from shared.db.policies import Matrices
from shared.runtime.metrics import Metrics
from tests.domain.matrices import CALENDARS


async def main(url: str, ahead: timedelta, batch: int) -> None:
    """Fires everything that is due and that no rival takes first."""
    database = Database(make_engine(url, pool_size=2), offset=lambda: ahead)
    sweep = Sweep(database, Matrices(CALENDARS), CALENDARS, Figures(Metrics()), batch=batch)
    async with database.transaction() as tx:
        await tx.raw.fetchval("select 1")
    _say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    fired = 0
    while True:
        done = await sweep.fire_batch(batch)
        fired += done.fired
        if not done.taken:
            if done.next_due_in is None or done.next_due_in > timedelta():
                break
            await asyncio.sleep(0.01)  # a rival holds what is left, and may yet give it up
    _say(str(fired))
    await database.dispose()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], timedelta(seconds=float(sys.argv[2])), int(sys.argv[3])))
