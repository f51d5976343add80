"""Principals: who may call, each a person or a system with a role and, where it decides on remedies, a tier."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.engine import Tx
from shared.db.tables import principal
from shared.domain.errors import Conflict, InvalidValue, NotFound
from shared.runtime.ids import new_id

ROLES: Final = ("admin", "agent", "lead", "manager", "executive", "integration", "observer")


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody or something that may call: a person with a tier, or a system."""

    id: UUID
    name: str
    role: str
    tier: int | None
    active: bool
    created_at: datetime


async def create(tx: Tx, *, name: str, role: str, tier: int | None = None) -> Principal:
    """A new principal.

    Raises:
        InvalidValue: no such role.
        Conflict: the name is taken.
    """
    if role not in ROLES:
        raise InvalidValue("/role", f"One of {', '.join(ROLES)}.")
    made = Principal(new_id(), name, role, tier, active=True, created_at=tx.now)
    row = {"id": made.id, "name": name, "role": role, "tier": tier, "active": True, "created_at": tx.now}
    found = await tx.conn.execute(
        insert(principal).values(row).on_conflict_do_nothing(index_elements=["name"]).returning(principal.c.id)
    )
    if found.first() is None:
        raise Conflict("There is a principal of this name already.")
    return made


async def get(tx: Tx, principal_id: UUID) -> Principal:
    """The principal; raises NotFound."""
    row = (await tx.conn.execute(select(principal).where(principal.c.id == principal_id))).mappings().first()
    if row is None:
        raise NotFound("principal", principal_id)
    return Principal(**row)


async def page(tx: Tx, *, after: UUID | None = None, limit: int = 100) -> list[Principal]:
    """Principals in the order they were made, those after `after`, at most `limit`."""
    query = select(principal).order_by(principal.c.id).limit(limit)
    if after is not None:
        query = query.where(principal.c.id > after)
    return [Principal(**row) for row in (await tx.conn.execute(query)).mappings()]


async def change(tx: Tx, principal_id: UUID, **fields: Any) -> Principal:
    """Changes `role`, `tier` or `active`; an inactive principal's keys open nothing. Raises NotFound, InvalidValue."""
    if fields.get("role", "admin") not in ROLES:
        raise InvalidValue("/role", f"One of {', '.join(ROLES)}.")
    if fields:
        await tx.conn.execute(update(principal).where(principal.c.id == principal_id).values(**fields))
    return await get(tx, principal_id)
