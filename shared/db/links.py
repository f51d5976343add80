"""What people said of two disputes: rows that are ended, never deleted, so that who said what, and undid it, stays known."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.db.engine import Tx
from shared.domain.errors import Conflict, NotFound
from shared.domain.relating import LinkKind
from shared.runtime.ids import new_id

LINKS_MAX: Final = 100
"""Of one dispute to others; listed are as many of either direction."""
_LOCK: Final = 7_265_636_702
"""Any number: pairs are linked one after the other, so that two people never make each dispute a duplicate of the other."""

_NAMES: Final = "id, dispute_id, other_id, kind, author, reason, created_at, ended_at, ended_by, end_reason"
_LIVING: Final = (
    f"(select {_NAMES} from dispute_link where dispute_id = $1 and ended_at is null order by created_at desc limit {LINKS_MAX}) "
    f"union all (select {_NAMES} from dispute_link where other_id = $1 and ended_at is null order by created_at desc "
    f"limit {LINKS_MAX})"
)
_INSERT: Final = "insert into dispute_link (id, dispute_id, other_id, kind, author, reason, created_at) values ($1, $2, $3, $4, $5, $6, $7)"
_END: Final = (
    "update dispute_link set ended_at = $3, ended_by = $4, end_reason = $5 "
    f"where dispute_id = $1 and other_id = $2 and ended_at is null returning {_NAMES}"
)


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
        Conflict: something is said of the pair already; the dispute is a duplicate already; the other is one itself, or
            this one has duplicates, so that they would hang in a chain; or it has as many links as any case can have.
    """
    await tx.raw.execute("select pg_advisory_xact_lock($1)", _LOCK)
    of_this = await living(tx, dispute_id)
    if any(each.across(dispute_id) == other_id for each in of_this):
        raise Conflict("These two disputes are linked already; unlink them first.")
    if sum(each.dispute_id == dispute_id for each in of_this) >= LINKS_MAX:
        raise Conflict(f"This dispute already has {LINKS_MAX} links.")
    if kind is LinkKind.DUPLICATE:
        _refuse_chains(dispute_id, of_this, other_id, await living(tx, other_id))
    made = Link(new_id(), dispute_id, other_id, kind.value, author, reason, tx.now)
    await tx.raw.execute(_INSERT, *made[:7])
    return made


def _refuse_chains(dispute_id: UUID, of_this: Sequence[Link], other_id: UUID, of_other: Sequence[Link]) -> None:
    duplicates = [each for each in of_this if each.kind == LinkKind.DUPLICATE]
    if any(each.dispute_id == dispute_id for each in duplicates):
        raise Conflict("This dispute is a duplicate of another one already; unlink it first.")
    if duplicates:
        raise Conflict("Other disputes are duplicates of this one; link them to the original first.")
    original = next((e for e in of_other if e.kind == LinkKind.DUPLICATE and e.dispute_id == other_id), None)
    if original is not None:
        raise Conflict(f"That dispute is itself a duplicate; link to its original, {original.other_id}.")


async def end(tx: Tx, dispute_id: UUID, other_id: UUID, *, author: str, reason: str) -> Link:
    """Undoes what was said of a dispute and another, from this side.

    Raises:
        NotFound: nothing is said of them from this side.
    """
    row = await tx.raw.fetchrow(_END, dispute_id, other_id, tx.now, author, reason)
    if row is None:
        raise NotFound("link to dispute", other_id)
    return Link(*row)
