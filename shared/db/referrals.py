"""Referrals to outside bodies: rows, one open at a time. The dispute is locked by whoever writes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from shared.db.engine import Tx
from shared.domain.referral import Expected, ExternalOutcome, ReferralState

LISTED_MAX: Final = 100

_NAMES: Final = (
    "id",
    "dispute_id",
    "body",
    "reference",
    "state",
    "referred_at",
    "referred_by",
    "expected_at",
    "decided_at",
    "outcome",
    "remedy",
    "remedy_amount",
    "remedy_currency",
    "comply_by",
    "ended_at",
)
_CHANGING: Final = (
    "state",
    "expected_at",
    "decided_at",
    "outcome",
    "remedy",
    "remedy_amount",
    "remedy_currency",
    "comply_by",
    "ended_at",
)
_SELECT: Final = f"select {', '.join(_NAMES)} from referral"
_INSERT: Final = (
    f"insert into referral ({', '.join(_NAMES)}) values ({', '.join(f'${n}' for n in range(1, len(_NAMES) + 1))})"
)
_KEEP: Final = f"update referral set {', '.join(f'{name} = ${n}' for n, name in enumerate(_CHANGING, 2))} where id = $1"
_EXPECTED: Final = (
    "select distinct on (dispute_id) dispute_id, referred_at, expected_at from referral "
    "where dispute_id = any($1::uuid[]) and state = 'referred' order by dispute_id, referred_at desc, id desc"
)
# The dispute is locked first, as everywhere; who holds it is not waited for.
_TAKE: Final = (
    f"with due as materialized (select {', '.join(f'r.{name}' for name in _NAMES)} from referral r "
    "join dispute d on d.id = r.dispute_id where r.state = 'decided' and r.comply_by <= $1 and r.id <> all($3::uuid[]) "
    "order by r.comply_by limit $2 "
    "for no key update of d skip locked for update of r skip locked) select * from due"
)


class Referral(Struct, frozen=True, kw_only=True):
    """One referral. `ended_at` is when it was complied with, found breached, or closed."""

    id: UUID
    dispute_id: UUID
    body: str | None
    reference: str | None
    state: ReferralState
    referred_at: datetime
    referred_by: str
    expected_at: datetime | None = None
    decided_at: datetime | None = None
    outcome: ExternalOutcome | None = None
    remedy: str | None = None
    remedy_amount: Decimal | None = None
    remedy_currency: str | None = None
    comply_by: datetime | None = None
    ended_at: datetime | None = None


async def add(tx: Tx, referral: Referral) -> None:
    """Stores a referral."""
    await tx.raw.execute(_INSERT, *(getattr(referral, name) for name in _NAMES))


async def keep(tx: Tx, referral: Referral) -> None:
    """Stores what became of it."""
    await tx.raw.execute(_KEEP, referral.id, *(getattr(referral, name) for name in _CHANGING))


async def newest(tx: Tx, dispute_id: UUID) -> Referral | None:
    """The latest referral of a dispute, or None."""
    found = await listed(tx, dispute_id, 1)
    return found[0] if found else None


async def listed(tx: Tx, dispute_id: UUID, limit: int = LISTED_MAX) -> list[Referral]:
    """The referrals of a dispute, newest first, at most `limit`."""
    query = f"{_SELECT} where dispute_id = $1 order by referred_at desc, id desc limit $2"
    return [_referral(row) for row in await tx.raw.fetch(query, dispute_id, limit)]


async def expected(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Expected]:
    """When the outside body is to answer, for those of these disputes that lie with one which said so."""
    rows = await tx.raw.fetch(_EXPECTED, list(ids))
    return {row["dispute_id"]: Expected(row["referred_at"], row["expected_at"]) for row in rows if row["expected_at"]}


async def take_due(tx: Tx, limit: int, *, passing_over: Collection[UUID] = ()) -> list[Referral]:
    """Decisions whose time to comply has passed and that nobody holds, with their disputes locked; the longest first."""
    return [_referral(row) for row in await tx.raw.fetch(_TAKE, tx.now, limit, list(passing_over))]


def _referral(row: Sequence[Any]) -> Referral:
    facts: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    outcome = facts["outcome"]
    return Referral(
        **{**facts, "state": ReferralState(facts["state"]), "outcome": ExternalOutcome(outcome) if outcome else None}
    )
