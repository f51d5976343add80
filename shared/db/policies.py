"""Policies in versions: every version is kept, because running cases rest on the one that made their promises."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.engine import Tx
from shared.db.tables import policy
from shared.domain.errors import NotFound, StaleVersion
from shared.domain.matrix import Matrix
from shared.policy import regime_policy
from shared.policy.matrix import NAME, default_body, parse_matrix

VERSIONS_SHOWN_MAX: Final = 200
_PARSED_MAX: Final = 200
_WITH_AGES: Final = (
    "select version from policy where name = $1 and jsonb_path_exists(body::jsonb, "
    """'$.thresholds[*].when ? (@.type() == "string" && @ like_regex "age")') order by version desc limit $2"""
)


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a policy: who made it, why, and what it says."""

    name: str
    version: int
    body: Mapping[str, Any]
    author: str
    reason: str
    created_at: datetime


async def current(tx: Tx, name: str = NAME) -> Policy:
    """The newest version.

    Raises:
        NotFound: there is no such policy.
    """
    return _found(name, (await tx.conn.execute(_newest_first(name).limit(1))).one_or_none())


async def get(tx: Tx, name: str, version: int) -> Policy:
    """One version.

    Raises:
        NotFound: there is no such version.
    """
    query = select(policy).where(policy.c.name == name, policy.c.version == version)
    return _found(f"{name} version {version}", (await tx.conn.execute(query)).one_or_none())


async def current_version(tx: Tx, name: str = NAME) -> int:
    """The number of the newest version, 0 when there is no such policy."""
    return int(await tx.raw.fetchval("select coalesce(max(version), 0) from policy where name = $1", name))


async def versions(tx: Tx, name: str, limit: int = VERSIONS_SHOWN_MAX) -> list[Policy]:
    """The versions, newest first, at most `limit`."""
    return [_policy(row) for row in await tx.conn.execute(_newest_first(name).limit(limit))]


async def versions_with_ages(tx: Tx, name: str = NAME, limit: int = VERSIONS_SHOWN_MAX) -> list[int]:
    """The versions with a threshold in words that may look at an age, newest first, at most `limit`."""
    return [row["version"] for row in await tx.raw.fetch(_WITH_AGES, name, limit)]


async def put(
    tx: Tx, name: str, body: Mapping[str, Any], *, author: str, reason: str, expected: int | None = None
) -> Policy:
    """Stores the next version of a policy that the caller has validated.

    Raises:
        StaleVersion: the newest version is not `expected`, or somebody stored one at the same moment.
    """
    before = await current_version(tx, name)
    if expected is not None and expected != before:
        raise StaleVersion(expected, before)
    row: dict[str, Any] = {"name": name, "version": before + 1, "body": dict(body), "author": author, "reason": reason}
    query = insert(policy).values(**row, created_at=tx.now).on_conflict_do_nothing().returning(policy.c.version)
    if (await tx.conn.execute(query)).one_or_none() is None:
        raise StaleVersion(before, await current_version(tx, name))
    return Policy(**row, created_at=tx.now)


async def ensure_default(tx: Tx) -> None:
    """Stores what the product ships with as version 1 of each policy of which there is none."""
    shipped = {NAME: default_body(), regime_policy.NAME: regime_policy.default_body()}
    rows = [{"name": name, "version": 1, "body": dict(body), "created_at": tx.now} for name, body in shipped.items()]
    said = {"author": "system:escalation", "reason": "shipped with the product"}
    await tx.conn.execute(insert(policy).values([row | said for row in rows]).on_conflict_do_nothing())


class Matrices:
    """Escalation matrices as parsed values; each version is read and parsed once per process."""

    def __init__(self, calendars: Collection[str] | None = None) -> None:
        """`calendars` are the names a matrix may use; None leaves them unchecked."""
        self._calendars = calendars
        self._parsed: dict[int, Matrix] = {}
        self._staffed: dict[tuple[int, int], Matrix] = {}

    async def current(self, tx: Tx) -> Matrix:
        """The newest matrix.

        Raises:
            NotFound: none is stored; `ensure_default` stores one.
            PolicyFault: it does not hold, for example because a calendar of its own is gone.
        """
        return await self.version(tx, await current_version(tx))

    async def version(self, tx: Tx, version: int) -> Matrix:
        """One version; raises what `current` raises."""
        matrix = self._parsed.get(version)
        if matrix is None:
            stored = await get(tx, NAME, version)
            matrix = parse_matrix(stored.body, version=version, calendars=self._calendars)
            _make_room(self._parsed)
            self._parsed[version] = matrix
        return matrix

    async def for_case(self, tx: Tx, version: int | None, newest: Matrix) -> Matrix:
        """What a case rests on: the promises of the version that made them, and the people of the newest."""
        if version is None or version == newest.version:
            return newest
        key = (version, newest.version)
        if key not in self._staffed:
            pinned = await self.version(tx, version)
            _make_room(self._staffed)
            self._staffed[key] = pinned.staffed_by(newest)
        return self._staffed[key]


def _make_room(cache: dict[Any, Matrix]) -> None:
    if len(cache) >= _PARSED_MAX:
        cache.clear()


def _newest_first(name: str) -> Select[Any]:
    return select(policy).where(policy.c.name == name).order_by(policy.c.version.desc())


def _found(name: str, row: Row[Any] | None) -> Policy:
    if row is None:
        raise NotFound("policy", name)
    return _policy(row)


def _policy(row: Row[Any]) -> Policy:
    return Policy(**row._asdict())


__all__ = [
    "Matrices",
    "Policy",
    "current",
    "current_version",
    "ensure_default",
    "get",
    "put",
    "versions",
    "versions_with_ages",
]
