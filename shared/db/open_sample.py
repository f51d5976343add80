"""Open disputes read in pages for a look at all of them, or at an even share: by index, never holding a lock.

The share is drawn by a hash of the id, so that every dispute is as likely as any other and two looks see the same ones.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.db import clocks, disputes
from shared.db.engine import Database, Tx
from shared.domain.clock_record import Clocks
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import ACTIVE, SETTLED

OPEN: Final = sorted(status.value for status in ACTIVE | SETTLED)
PAGE: Final = 500
_WHOLE: Final = 1 << 20
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)
_COUNT: Final = "select count(*) from dispute where status = any($1::text[])"
# Only columns of the index (status, received_at, id), so that a thin share of many rows need not visit the table.
_PAGE: Final = (
    "select received_at, id from dispute where status = $1 and (received_at, id) > ($2, $3) "
    f"and (uuid_hash(id) & {_WHOLE - 1}) < $4 order by received_at, id limit $5"
)


class Looked(NamedTuple):
    """An open dispute with the newest generation of each of its clocks."""

    dispute: Dispute
    clocks: Clocks


class Page(NamedTuple):
    """Some of the disputes, read at `now`."""

    now: datetime
    disputes: Sequence[Looked]


async def count_open(tx: Tx) -> int:
    """How many disputes are open: unresolved, or resolved and not yet closed."""
    return int(await tx.raw.fetchval(_COUNT, OPEN))


async def pages(database: Database, *, limit: int, of: int) -> AsyncGenerator[Page, None]:
    """The open disputes, all when `limit` is not below `of`, else about `limit` drawn evenly; each page in a transaction.

    Disputes that open or close meanwhile may be seen or not.
    """
    share = _WHOLE if limit >= of else max(1, limit * _WHOLE // of)
    for status in OPEN:
        place = (_LONG_AGO, UUID(int=0))
        while True:
            async with database.transaction() as tx:
                found = await tx.raw.fetch(_PAGE, status, *place, share, PAGE)
                looked = await _read(tx, [row["id"] for row in found])
                now = tx.now
            if looked:
                yield Page(now, looked)
            if len(found) < PAGE:
                break
            place = (found[-1]["received_at"], found[-1]["id"])


async def _read(tx: Tx, ids: Sequence[UUID]) -> list[Looked]:
    found = await disputes.get_many(tx, ids)
    known = await clocks.newest(tx, found)
    return [Looked(dispute, known[dispute_id]) for dispute_id, dispute in found.items()]
