"""Whose disputes are erased: those of a customer that are over, and those noted to be erased once they are."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from shared.db.engine import Tx
from shared.db.erasure import NOT_ERASED
from shared.db.tables.schema import one_of
from shared.domain.lifecycle import ENDED, Status

_IS_OVER: Final = one_of("d.status", sorted(ENDED))
_OVER: Final = (
    f"select d.id from dispute d where d.customer_id = $1 and {_IS_OVER} and {NOT_ERASED} "
    "order by d.received_at, d.id limit $2"
)
_GOING_ON: Final = (
    "select d.id, d.reference, d.status, u.dispute_id is not null as noted, count(*) over () as total "
    "from dispute d left join erasure_due u on u.dispute_id = d.id "
    f"where d.customer_id = $1 and not {_IS_OVER} "
    "order by {order}d.received_at, d.id limit $2"
)
_KNOWN: Final = "select exists (select from dispute where customer_id = $1)"
_NOTE: Final = (
    "insert into erasure_due (dispute_id, because, asked_by, asked_at) select unnest($1::uuid[]), $2, $3, $4 "
    "on conflict do nothing returning dispute_id"
)
_TAKE_BACK: Final = "delete from erasure_due where dispute_id = any($1::uuid[]) returning dispute_id"
_ALONE: Final = "select pg_try_advisory_xact_lock(7265636704)"
_DUE: Final = (
    "select u.dispute_id from erasure_due u join dispute d on d.id = u.dispute_id "
    f"where {_IS_OVER} and d.closed_at <= $1 order by u.asked_at, u.dispute_id limit $2"
)
_ASKED: Final = "select dispute_id, because, asked_by from erasure_due where dispute_id = any($1::uuid[])"


class GoingOn(NamedTuple):
    """A dispute of a customer that is not over; `noted` says that it is erased once it is."""

    id: UUID
    reference: str
    status: Status
    noted: bool


class Asked(NamedTuple):
    """Why a dispute is erased, and who asked for it as an actor of the history."""

    because: str
    actor: str


async def over(tx: Tx, customer_id: UUID, limit: int) -> list[UUID]:
    """A customer's disputes that are over and not erased since anything was last said of them, the oldest first."""
    return [row["id"] for row in await tx.raw.fetch(_OVER, customer_id, limit)]


async def known(tx: Tx, customer_id: UUID) -> bool:
    """Whether a customer has any dispute."""
    found: bool = await tx.raw.fetchval(_KNOWN, customer_id)
    return found


async def going_on(tx: Tx, customer_id: UUID, limit: int, *, first: bool | None = None) -> tuple[list[GoingOn], int]:
    """A customer's disputes that are not over, the oldest first, and how many there are.

    `first` has those come before the others that are noted to be erased, or, when False, that are not.
    """
    order = "" if first is None else f"(u.dispute_id is not null) {'desc' if first else 'asc'}, "
    rows = await tx.raw.fetch(_GOING_ON.format(order=order), customer_id, limit)
    found = [GoingOn(row["id"], row["reference"], Status(row["status"]), row["noted"]) for row in rows]
    return found, rows[0]["total"] if rows else 0


async def note(tx: Tx, ids: Collection[UUID], asked: Asked) -> set[UUID]:
    """Notes that these disputes are erased once they are over; returns those that were not noted before."""
    rows = await tx.raw.fetch(_NOTE, list(ids), asked.because, asked.actor, tx.now)
    return {row["dispute_id"] for row in rows}


async def take_back(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Has these disputes not be erased by themselves; returns those that would have been."""
    return {row["dispute_id"] for row in await tx.raw.fetch(_TAKE_BACK, list(ids))}


async def due(tx: Tx, *, rest: timedelta, limit: int) -> list[UUID]:
    """Noted disputes that have been over for so long; none while another process is at it."""
    if not await tx.raw.fetchval(_ALONE):
        return []
    return [row["dispute_id"] for row in await tx.raw.fetch(_DUE, tx.now - rest, limit)]


async def asked(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Asked]:
    """What is noted of these disputes; read under their locks, for it may have been taken back."""
    return {row["dispute_id"]: Asked(row["because"], row["asked_by"]) for row in await tx.raw.fetch(_ASKED, list(ids))}
