"""Corrected categories as training data: a masked copy of the text, kept for a time, gone with an erasure."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from shared.db.engine import Database, Tx
from shared.runtime.ids import new_id

PAGE: Final = 500
_FIRST: Final = UUID(int=0)

# The lock holds off an erasure until the correction is there to lose its text; one that came first is seen by `erased_at`.
_KEEP: Final = (
    "insert into category_correction as c (id, dispute_id, subject, description, read_as, read_confidence, "
    "read_needs_person, category, corrected_at) "
    "select $1, $2, case when p.erased_at is null then $3 end, case when p.erased_at is null then $4 end, "
    "$5, $6, $7, $8, $9 from (select erased_at from dispute_private where dispute_id = $2 for share) as p "
    "on conflict (dispute_id) do update set subject = excluded.subject, description = excluded.description, "
    "category = excluded.category, corrected_at = excluded.corrected_at"
)
_READ: Final = (
    "select id, coalesce(subject, '') as subject, description, read_as, category, corrected_at "
    "from category_correction where id > $1 and description is not null order by id limit $2"
)
_PRUNE: Final = (
    "delete from category_correction where ctid in "
    "(select ctid from category_correction where corrected_at <= $1 order by corrected_at limit $2 for update skip locked)"
)


class Correction(NamedTuple):
    """What was read in a dispute's text and what a person says is right; the texts are masked, or not kept."""

    dispute_id: UUID
    subject: str | None
    description: str | None
    read_as: str
    read_confidence: float
    read_needs_person: bool
    category: str


class Taught(NamedTuple):
    """A text to learn from: its own id, the masked words, what was read and what is right. Nothing leads to a person."""

    id: UUID
    subject: str
    description: str
    read_as: str
    category: str
    corrected_at: datetime


async def keep(tx: Tx, made: Correction) -> None:
    """Keeps a correction; a later one of the same dispute changes what is right, not what was read.

    Of an erased dispute only the categories are kept.
    """
    texts = (made.subject, made.description)
    read = (made.read_as, made.read_confidence, made.read_needs_person)
    await tx.raw.execute(_KEEP, new_id(), made.dispute_id, *texts, *read, made.category, tx.now)


async def pages(database: Database, *, limit: int) -> AsyncIterator[list[Taught]]:
    """The corrections that still have a text, in the order of their ids, at most `limit`; each page its own transaction."""
    after, left = _FIRST, limit
    while left > 0:
        async with database.transaction() as tx:
            rows = await tx.raw.fetch(_READ, after, min(PAGE, left))
        if not rows:
            return
        yield [Taught(**row) for row in rows]
        after, left = rows[-1]["id"], left - len(rows)


async def prune(tx: Tx, *, kept: timedelta, limit: int) -> int:
    """Forgets corrections older than are kept; returns how many, at most `limit`."""
    return int((await tx.raw.execute(_PRUNE, tx.now - kept, limit)).rpartition(" ")[2])
