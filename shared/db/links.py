"""What people said of two disputes: rows that are ended, never deleted, so that who said what, and undid it, stays known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.db.engine import Tx
from shared.domain.errors import Conflict, NotFound
from shared.domain.relating import LinkKind
from shared.runtime.ids import new_id

LINKS_MAX: Final = 100
"""Of one dispute to others; listed are as many of either direction."""
_LOCK: Final = 7_265_636_705
"""Any number: pairs are linked one after the other, so that two people never make each dispute a duplicate of the other."""

_NAMES: Final = "id, dispute_id, other_id, kind, author, reason, created_at, ended_at, ended_by, end_reason"
_LIVING: Final = (
    f"(select {_NAMES} from dispute_link where dispute_id = $1 and ended_at is null order by created_at desc limit {LINKS_MAX}) "
    f"union all (select {_NAMES} from dispute_link where other_id = $1 and ended_at is null order by created_at desc "
    f"limit {LINKS_MAX})"
)
_PAIR: Final = (
    "select exists(select from dispute_link where dispute_id = $1 and other_id = $2 and ended_at is null) "
    "or exists(select from dispute_link where dispute_id = $2 and other_id = $1 and ended_at is null) as linked, "
    f"(select count(*) from (select from dispute_link where dispute_id = $1 and ended_at is null limit {LINKS_MAX}) as l) as links, "
    "exists(select from dispute_link where dispute_id = $1 and kind = 'duplicate' and ended_at is null) as is_duplicate, "
    "exists(select from dispute_link where other_id = $1 and kind = 'duplicate' and ended_at is null) as has_duplicates, "
    "(select other_id from dispute_link where dispute_id = $2 and kind = 'duplicate' and ended_at is null) as original"
)
_INSERT: Final = "insert into dispute_link (id, dispute_id, other_id, kind, author, reason, created_at) values ($1, $2, $3, $4, $5, $6, $7)"
_END: Final = (
    "update dispute_link set ended_at = $3, ended_by = $4, end_reason = $5 "
    f"where dispute_id = $1 and other_id = $2 and ended_at is null returning {_NAMES}"
)


class Duplicated(Conflict):
    """The dispute that another is to be linked to is itself a duplicate, of `original`."""

    def __init__(self, original: UUID) -> None:
        super().__init__(f"That dispute is itself a duplicate; link to its original, {original}.")
        self.original = original


class Link(NamedTuple):
    """What was said of a dispute and another; ended when somebody undid it."""

    id: UUID
    dispute_id: UUID
    other_id: UUID
    kind: str
    author: str
    reason: str
    created_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    end_reason: str | None = None

    def across(self, dispute_id: UUID) -> UUID:
        """The dispute on the other side."""
        return self.other_id if self.dispute_id == dispute_id else self.dispute_id


async def living(tx: Tx, dispute_id: UUID) -> list[Link]:
    """What is said of a dispute, from either side; at most a hundred links of each."""
    return [Link(*row) for row in await tx.raw.fetch(_LIVING, dispute_id)]


async def add(tx: Tx, dispute_id: UUID, other_id: UUID, kind: LinkKind, *, author: str, reason: str) -> Link:
    """Links a dispute to another, which exists.

    Raises:
        Duplicated: the other is a duplicate itself.
        Conflict: something is said of the pair already; the dispute is a duplicate already, or has duplicates, so that they
            would hang in a chain; or it has as many links as any case can have.
    """
    await tx.raw.execute("select pg_advisory_xact_lock($1)", _LOCK)
    row = await tx.raw.fetchrow(_PAIR, dispute_id, other_id)
    assert row is not None
    if row["linked"]:
        raise Conflict("These two disputes are linked already; unlink them first.")
    if row["links"] >= LINKS_MAX:
        raise Conflict(f"This dispute already has {LINKS_MAX} links.")
    if kind is LinkKind.DUPLICATE:
        _refuse_chains(row)
    made = Link(new_id(), dispute_id, other_id, kind.value, author, reason, tx.now)
    await tx.raw.execute(_INSERT, *made[:7])
    return made


def _refuse_chains(row: Mapping[str, Any]) -> None:
    if row["is_duplicate"]:
        raise Conflict("This dispute is a duplicate of another one already; unlink it first.")
    if row["has_duplicates"]:
        raise Conflict("Other disputes are duplicates of this one; link them to the original first.")
    if row["original"] is not None:
        raise Duplicated(row["original"])


async def end(tx: Tx, dispute_id: UUID, other_id: UUID, *, author: str, reason: str) -> Link:
    """Undoes what was said of a dispute and another, from this side.

    Raises:
        NotFound: nothing is said of them from this side.
    """
    row = await tx.raw.fetchrow(_END, dispute_id, other_id, tx.now, author, reason)
    if row is None:
        raise NotFound("link to dispute", other_id)
    return Link(*row)
