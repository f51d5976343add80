"""What ties outside conversations to disputes, and who takes part in one."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from shared.db.engine import Tx

Key = tuple[str, str]
"""Kind and name: `mail` with a Message-ID, `slack` with team, channel and time, `generic` with endpoint and thread."""

_FIND: Final = (
    "select t.kind, t.key, t.dispute_id from thread t "
    "join unnest($1::text[], $2::text[]) as wanted(kind, key) on wanted.kind = t.kind and wanted.key = t.key"
)
_TIE: Final = (
    "insert into thread (kind, key, dispute_id, created_at) select kind, key, $3, $4 "
    "from unnest($1::text[], $2::text[]) as t(kind, key) on conflict do nothing"
)
_PARTICIPANTS: Final = (
    "select d.id, d.reference, p.email, p.customer_reference, p.parties from dispute d "
    "join dispute_private p on p.dispute_id = d.id where p.erased_at is null "
    "and (d.id = any($1::uuid[]) or d.reference = any($2::text[]))"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A dispute and those who are known to take part in it."""

    dispute_id: UUID
    reference: str
    emails: frozenset[str]
    customer_reference: str | None


async def hold(tx: Tx, keys: Sequence[Key]) -> None:
    """Lets nobody else look at these names until this transaction ends, in one order, so that two do not deadlock."""
    for number in sorted({_number(key) for key in keys}):
        await tx.raw.execute("select pg_advisory_xact_lock($1)", number)


async def find(tx: Tx, keys: Sequence[Key]) -> dict[Key, UUID]:
    """The disputes that those of the names belong to which are known."""
    rows = await tx.raw.fetch(_FIND, [kind for kind, _ in keys], [name for _, name in keys])
    return {(row["kind"], row["key"]): row["dispute_id"] for row in rows}


async def tie(tx: Tx, keys: Sequence[Key], dispute_id: UUID) -> None:
    """Ties names to a dispute; one that is tied already stays where it is."""
    await tx.raw.execute(_TIE, [kind for kind, _ in keys], [name for _, name in keys], dispute_id, tx.now)


async def cases(tx: Tx, ids: Sequence[UUID], references: Sequence[str] = ()) -> list[Case]:
    """The disputes of these ids or references that exist and were not erased, with their participants."""
    rows = await tx.raw.fetch(_PARTICIPANTS, list(ids), list(references))
    return [Case(row["id"], row["reference"], _emails(row), row["customer_reference"]) for row in rows]


def _emails(row: Mapping[str, Any]) -> frozenset[str]:
    told = [row["email"], *(party.get("email") for party in row["parties"])]
    return frozenset(each.lower() for each in told if each)


def _number(key: Key) -> int:
    seal = hashlib.blake2b(f"thread|{key[0]}|{key[1]}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(seal.digest(), "big", signed=True)
