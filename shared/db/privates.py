"""The private side of a dispute, read: personal data, free text, and the customer's words that led to its category."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.db.engine import Tx
from shared.domain.errors import NotFound

_GET: Final = (
    "select name, email, phone, customer_reference, subject, description, parties, reasons, evidence, resolution, "
    "erased_at from dispute_private where dispute_id = $1"
)


@dataclass(frozen=True, slots=True)
class PrivateSide:
    """What is kept apart from the history, so that it can be erased; after that `erased_at` is set and little is left."""

    name: str | None
    email: str | None
    phone: str | None
    customer_reference: str | None
    subject: str
    description: str
    parties: Sequence[Mapping[str, Any]]
    reasons: Sequence[str]
    evidence: Sequence[Mapping[str, Any]]
    resolution: str | None
    erased_at: datetime | None


async def get(tx: Tx, dispute_id: UUID) -> PrivateSide:
    """The private side of a dispute; raises NotFound."""
    row = await tx.raw.fetchrow(_GET, dispute_id)
    if row is None:
        raise NotFound("dispute", dispute_id)
    return PrivateSide(**row)
