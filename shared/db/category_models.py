"""Models of categorisation as they are kept: versions that never change, and which of them answers.

What is in a model's file is its reader's affair; here it is bytes with a digest.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson

from shared.db.engine import Look, Tx
from shared.domain.errors import Conflict, NotFound, RecourseError

SHOWN_MAX: Final = 100
BYTES_MAX: Final = 5_000_000
"""What a model file may weigh."""
KIND: Final = "model of categorisation"

_ADD: Final = (
    "insert into category_model (version, body, digest, report, author, created_at) "
    "select coalesce(max(version), 0) + 1, $1, $2, $3::json, $4, $5 from category_model returning version"
)
_PUBLISH: Final = (
    "insert into category_publication (version, restores, author, reason, published_at) "
    "values ($1::int, $2::bigint, $3, $4, $5)"
)
_NEWEST: Final = "select id, version, restores from category_publication order by id desc limit 1"
_CURRENT: Final = "select version from category_publication order by id desc limit 1"
_BEFORE: Final = "select id, version, restores from category_publication where id < $1 order by id desc limit 1"
_BODY: Final = "select body, digest from category_model where version = $1"
_COLUMNS: Final = (
    "m.version, octet_length(m.body) as size, m.digest, m.author, m.created_at, m.report::text as report, "
    "(select max(p.published_at) from category_publication p where p.version = m.version) as published_at"
)
_LIST: Final = f"select {_COLUMNS} from category_model m order by m.version desc limit $1"
_ONE: Final = f"select {_COLUMNS} from category_model m where m.version = $1"
_TOLD: Final = (
    "select version, restores is not null as rollback, author, reason, published_at "
    "from category_publication order by id desc limit $1"
)


class DamagedModel(RecourseError):
    """A stored model that is not as it was written, or that this version of the product cannot read."""

    code = "damaged_model"


class Listed(NamedTuple):
    """A stored model as a list shows it; `published_at` is when it was last made the one that answers."""

    version: int
    size: int
    digest: bytes
    author: str
    created_at: datetime
    report: Mapping[str, Any]
    published_at: datetime | None


class Publication(NamedTuple):
    """Who made which version the one that answers (None: the shipped one), when and why."""

    version: int | None
    rollback: bool
    author: str
    reason: str
    published_at: datetime


async def add(tx: Tx, body: bytes, report: Mapping[str, Any], *, author: str) -> int:
    """Stores a model file as a candidate, which the caller has read and found sound; returns its version.

    Raises:
        Conflict: it is larger than a model may be.
    """
    if len(body) > BYTES_MAX:
        raise Conflict(f"The model has {len(body):,} bytes; {BYTES_MAX:,} are the most.")
    await tx.raw.execute("lock table category_model in share row exclusive mode")  # two who learn at once take turns
    text = orjson.dumps(dict(report)).decode()
    return int(await tx.raw.fetchval(_ADD, body, sha256(body).digest(), text, author, tx.now))


async def publish(tx: Tx, version: int | None, *, author: str, reason: str) -> None:
    """Makes this model the one that answers, or the shipped one when there is no version.

    Raises:
        NotFound: there is no such model.
        DamagedModel: it is not as it was written.
        Conflict: it answers already.
    """
    newest = await _locked(tx)
    if version is not None:
        await get(tx, version)
    if version == (newest["version"] if newest else None):
        raise Conflict(f"{named(version).capitalize()} answers already.")
    await tx.raw.execute(_PUBLISH, version, None, author, reason, tx.now)


async def rollback(tx: Tx, *, author: str, reason: str) -> int | None:
    """Goes back to what answered before the present one was published, step by step down to the shipped one.

    Returns the version that answers now, None for the shipped one.

    Raises:
        Conflict: nothing was ever published, or everything was taken back.
        DamagedModel: the one before is not as it was written.
    """
    newest = await _locked(tx)
    place = 0 if newest is None else newest["id"] if newest["restores"] is None else newest["restores"]
    if not place:
        raise Conflict("There is nothing to go back to: the shipped model answers.")
    before = await tx.raw.fetchrow(_BEFORE, place)
    version: int | None = None
    restored = 0
    if before is not None:
        version = before["version"]
        restored = before["id"] if before["restores"] is None else before["restores"]
    if version is not None:
        await get(tx, version)
    await tx.raw.execute(_PUBLISH, version, restored, author, reason, tx.now)
    return version


async def current_version(where: Tx | Look) -> int | None:
    """The version that answers, None while the shipped model does; a look by primary key."""
    found: int | None = await where.raw.fetchval(_CURRENT)
    return found


async def get(where: Tx | Look, version: int) -> bytes:
    """A stored model's file.

    Raises:
        NotFound: there is no such model.
        DamagedModel: it is not as it was written.
    """
    row = await where.raw.fetchrow(_BODY, version)
    if row is None:
        raise NotFound(KIND, version)
    body: bytes = row["body"]
    if sha256(body).digest() != row["digest"]:
        raise DamagedModel(f"{named(version).capitalize()} is damaged: it is not as it was written.")
    return body


async def listed(tx: Tx, limit: int = SHOWN_MAX) -> list[Listed]:
    """The stored models, newest first."""
    return [_listed(row) for row in await tx.raw.fetch(_LIST, limit)]


async def shown(tx: Tx, version: int) -> Listed:
    """One stored model without its file; raises NotFound."""
    row = await tx.raw.fetchrow(_ONE, version)
    if row is None:
        raise NotFound(KIND, version)
    return _listed(row)


async def publications(tx: Tx, limit: int = SHOWN_MAX) -> list[Publication]:
    """Who published what, newest first."""
    return [Publication(**row) for row in await tx.raw.fetch(_TOLD, limit)]


def named(version: int | None) -> str:
    """A model in words."""
    return "the shipped model" if version is None else f"model {version}"


async def _locked(tx: Tx) -> Any:
    """The newest publication, none of which is added by others until this transaction ends."""
    await tx.raw.execute("lock table category_publication in share row exclusive mode")
    return await tx.raw.fetchrow(_NEWEST)


def _listed(row: Mapping[str, Any]) -> Listed:
    return Listed(**{**row, "report": orjson.loads(row["report"])})
