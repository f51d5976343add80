"""What was decided about many disputes, saved in one statement: disputes, history, outbox, clocks, timers.

One round trip, so that PostgreSQL has work for as long as the process decides on something else.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from shared.db import clocks, disputes, timers
from shared.db.clocks import Kept
from shared.db.disputes import Change
from shared.db.engine import Tx
from shared.db.timers import Armed
from shared.domain.clock_record import Kind


class Decisions(NamedTuple):
    """The disputes that change, the clocks that are new or changed, the timers to set, and those to take away.

    A clock's rule and start never change once stored. A timer replaces the one of its dispute and kind; to take one away that
    is not there is no fault.
    """

    changes: Sequence[Change] = ()
    clocks: Sequence[Kept] = ()
    armed: Sequence[Armed] = ()
    gone: Sequence[tuple[UUID, Kind]] = ()


@lru_cache(maxsize=256)
def _sql(columns: tuple[str, ...]) -> str:
    return f"{disputes.writing(columns)}, {clocks.writing(3, 4)}, {timers.writing(5, 6)} select count(*) from u"


async def save(tx: Tx, decided: Decisions) -> None:
    """Saves all of it; the disputes must be locked in this transaction.

    Raises:
        StaleVersion: a dispute was changed since it was read; nothing may be committed.
    """
    if not any(decided):
        return
    gathered = disputes.gather(tx.now, decided.changes)
    ended, begun = clocks.images(decided.clocks)
    armed, (ids, kinds) = timers.images(tx, decided.armed), timers.keys(decided.gone)
    sql = _sql(gathered.columns)
    written = await tx.raw.fetchval(sql, gathered.images, gathered.lines, ended, begun, armed, ids, kinds)
    disputes.check(tx, decided.changes, gathered, written)
