"""API keys of principals. Of a key only the SHA-256 is kept; the text is shown once, when it is made."""

import hashlib
import hmac
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.db import principals
from shared.db.engine import Tx
from shared.db.tables import api_key, principal
from shared.domain.errors import Conflict, InvalidValue, NotFound
from shared.runtime.ids import new_id

SCOPES: Final = (
    "disputes:read",
    "disputes:write",
    "disputes:own",
    "cases:work",
    "policies:write",
    "ops:read",
    "admin",
)
"""`admin` implies all but `disputes:own`, which narrows a key to the disputes that its principal filed."""

KEYS_PER_PRINCIPAL_MAX: Final = 50
USED_EVERY: Final = timedelta(minutes=1)
"""`last_used_at` is written at most this often."""

_ALPHABET: Final = string.digits + string.ascii_letters
_ADMIN_NAME: Final = "admin"
_ADMIN_KEY_NAME: Final = "environment"
_ADMIN_PREFIX: Final = ""
"""No part of a text that we did not make is shown."""
_FIND: Final = (
    "select k.id, k.hash, k.scopes, k.expires_at, k.last_used_at, p.id as principal_id, p.name, p.role, p.tier "
    "from api_key k join principal p on p.id = k.principal_id "
    "where k.hash = $1 and p.active and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)"
)
_HOLD: Final = "select from principal where id = $1 for no key update"
_LIVE: Final = (
    "select count(*) from api_key where principal_id = $1 and revoked_at is null "
    "and (expires_at is null or expires_at > $2)"
)
# A key whose row somebody holds is being noted or changed already; nobody waits for that at the door.
_USED: Final = "update api_key set last_used_at = $2 where id = (select id from api_key where id = $1 for no key update skip locked)"


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it may be shown: never its text."""

    id: UUID
    principal_id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    successor_id: UUID | None

    def live(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, and what their key allows."""

    principal_id: UUID
    key_id: UUID
    name: str
    role: str
    tier: int | None
    scopes: frozenset[str]
    expires_at: datetime | None = None

    @property
    def actor(self) -> str:
        """How the history names this caller."""
        return f"principal:{self.principal_id}"

    @property
    def only_own(self) -> bool:
        """Whether the key sees only the disputes that its principal filed."""
        return "disputes:own" in self.scopes

    def may(self, scope: str) -> bool:
        """Whether the key has the scope, directly or as administrator."""
        return scope in self.scopes or "admin" in self.scopes


def make_text() -> tuple[str, str]:
    """A new key's text, `rk_<prefix>_<secret>` with 43 random letters and digits (256 bits), and its prefix."""
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(43))
    return f"rk_{prefix}_{secret}", prefix


def digest(text: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


async def find_caller(tx: Tx, text: str) -> Caller | None:
    """Whom a key's text names, if it is known, active, not revoked and not expired; notes that it was used."""
    wanted = digest(text)
    row = await tx.raw.fetchrow(_FIND, wanted, tx.now)
    if row is None or not hmac.compare_digest(row["hash"], wanted):
        return None
    if row["last_used_at"] is None or row["last_used_at"] <= tx.now - USED_EVERY:
        await tx.raw.execute(_USED, row["id"], tx.now)
    return Caller(
        principal_id=row["principal_id"],
        key_id=row["id"],
        name=row["name"],
        role=row["role"],
        tier=row["tier"],
        scopes=frozenset(row["scopes"]),
        expires_at=row["expires_at"],
    )


async def create_key(
    tx: Tx, principal_id: UUID, *, name: str, scopes: Sequence[str], expires_at: datetime | None = None
) -> tuple[Key, str]:
    """A new key of a principal, and its text, which is nowhere kept.

    Raises:
        NotFound: no such principal.
        InvalidValue: an unknown scope, or an expiry that is past.
        Conflict: the principal has as many live keys as one may have.
    """
    await principals.get(tx, principal_id)
    _check_scopes(scopes)
    if expires_at is not None and expires_at <= tx.now:
        raise InvalidValue("/expires_at", "Lies in the past.")
    if await _live(tx, principal_id) >= KEYS_PER_PRINCIPAL_MAX:
        raise Conflict(f"A principal may have {KEYS_PER_PRINCIPAL_MAX} live keys; revoke one first.")
    text, prefix = make_text()
    return await _insert_key(
        tx, principal_id, text, name=name, prefix=prefix, scopes=scopes, expires_at=expires_at
    ), text


async def get_key(tx: Tx, key_id: UUID) -> Key:
    """The key; raises NotFound."""
    row = (await tx.conn.execute(_KEY.where(api_key.c.id == key_id))).mappings().first()
    if row is None:
        raise NotFound("key", key_id)
    return _key(row)


async def list_keys(
    tx: Tx, *, principal_id: UUID | None = None, after: UUID | None = None, limit: int = 1000
) -> list[Key]:
    """Keys in the order they were made, of one principal or of all, at most `limit`."""
    query = _KEY.order_by(api_key.c.id).limit(limit)
    if principal_id is not None:
        query = query.where(api_key.c.principal_id == principal_id)
    if after is not None:
        query = query.where(api_key.c.id > after)
    return [_key(row) for row in (await tx.conn.execute(query)).mappings()]


async def revoke_key(tx: Tx, key_id: UUID) -> Key:
    """Ends a key now; a key that is revoked already stays as it is. Raises NotFound."""
    ended = update(api_key).where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None)).values(revoked_at=tx.now)
    await tx.conn.execute(ended)
    return await get_key(tx, key_id)


async def rotate_key(tx: Tx, key_id: UUID, *, overlap: timedelta) -> tuple[Key, str]:
    """A successor with the same name, scopes and lifetime; the old key stays valid for the overlap.

    A principal with as many live keys as one may have gets one more for the overlap, and no second beside it.

    Raises:
        NotFound: no such key.
        Conflict: it is rotated, revoked or expired already, comes from the environment, or would be one too many.
    """
    await tx.raw.execute(_HOLD, (await get_key(tx, key_id)).principal_id)
    old = await get_key(tx, key_id)  # as it is now that nobody else rotates it
    if old.successor_id is not None:
        raise Conflict(f"This key was rotated already; rotate its successor {old.successor_id}.")
    if not old.live(tx.now):
        raise Conflict("A key that is revoked or expired cannot be rotated; make a new one.")
    if old.prefix == _ADMIN_PREFIX:
        raise Conflict("This key comes from RECOURSE_ADMIN_KEY; change it there.")
    beside = 1 if overlap else 0
    if await _live(tx, old.principal_id) + beside > KEYS_PER_PRINCIPAL_MAX + 1:
        raise Conflict("A key rotated before is still running out; revoke it first, or rotate without overlap.")
    end = tx.now + overlap
    last = end if old.expires_at is None else min(end, old.expires_at)
    renewed = None if old.expires_at is None else tx.now + (old.expires_at - old.created_at)
    text, prefix = make_text()
    key = await _insert_key(
        tx, old.principal_id, text, name=old.name, prefix=prefix, scopes=old.scopes, expires_at=renewed
    )
    replaced = update(api_key).where(api_key.c.id == key_id).values(expires_at=last, successor_id=key.id)
    await tx.conn.execute(replaced)
    return key, text


async def ensure_admin(tx: Tx, key_text: str) -> Key:
    """Makes this text a valid administrator's key, and revokes the one that an earlier start made so.

    Any text of at least 16 characters will do; several processes may start at once.
    """
    if len(key_text) < 16:
        raise InvalidValue("/key", "At least 16 characters.")
    await tx.raw.execute("select pg_advisory_xact_lock(hashtext('recourse/ensure_admin'))")
    owner = await _admin(tx)
    wanted = digest(key_text)
    others = (api_key.c.principal_id == owner, api_key.c.name == _ADMIN_KEY_NAME, api_key.c.hash != wanted)
    await tx.conn.execute(update(api_key).where(*others, api_key.c.revoked_at.is_(None)).values(revoked_at=tx.now))
    revived = update(api_key).where(api_key.c.hash == wanted).values(revoked_at=None, expires_at=None)
    row = (await tx.conn.execute(revived.returning(api_key.c.id))).first()
    if row is not None:
        return await get_key(tx, row.id)
    return await _insert_key(
        tx, owner, key_text, name=_ADMIN_KEY_NAME, prefix=_ADMIN_PREFIX, scopes=["admin"], expires_at=None
    )


async def _admin(tx: Tx) -> UUID:
    """The administrator, active: whoever sets the environment can always get in."""
    row = {"id": new_id(), "name": _ADMIN_NAME, "role": "admin", "active": True, "created_at": tx.now}
    made = upsert(principal).values(row).on_conflict_do_update(index_elements=["name"], set_={"active": True})
    found: UUID = (await tx.conn.execute(made.returning(principal.c.id))).scalar_one()
    return found


async def _live(tx: Tx, principal_id: UUID) -> int:
    """How many keys of a principal are valid; nobody else adds one before this transaction ends."""
    await tx.raw.execute(_HOLD, principal_id)
    return int(await tx.raw.fetchval(_LIVE, principal_id, tx.now))


def _check_scopes(scopes: Sequence[str]) -> None:
    if not scopes:
        raise InvalidValue("/scopes", "At least one.")
    for n, scope in enumerate(scopes):
        if scope not in SCOPES:
            raise InvalidValue(f"/scopes/{n}", f"One of {', '.join(SCOPES)}.")


async def _insert_key(
    tx: Tx,
    principal_id: UUID,
    text: str,
    *,
    name: str,
    prefix: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
) -> Key:
    row = {
        "id": new_id(),
        "principal_id": principal_id,
        "name": name,
        "prefix": prefix,
        "hash": digest(text),
        "scopes": sorted(set(scopes)),
        "created_at": tx.now,
        "expires_at": expires_at,
    }
    await tx.conn.execute(insert(api_key).values(row))
    return _key({**row, "revoked_at": None, "last_used_at": None, "successor_id": None})


_KEY: Final = select(*(column for column in api_key.c if column.name != "hash"))


def _key(row: Any) -> Key:
    fields = {name: row[name] for name in Key.__dataclass_fields__ if name != "scopes"}
    return Key(scopes=tuple(row["scopes"]), **fields)
