"""Who is calling: the API key in the Authorization header, remembered for a few seconds."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from starlette.types import Scope

from services.intake.problems import Problem
from shared.db import keys
from shared.db.engine import Database
from shared.db.keys import Caller

REMEMBERED_SECONDS: Final = 5.0
"""After this time at most, a key revoked through another process is refused here too."""
REMEMBERED_MAX: Final = 10_000
KEY_BYTES_MAX: Final = 512

CHANGED: Final = "keys"
"""The hint that a commit leaves when keys or principals changed: everybody is looked up anew."""

_CHALLENGE: Final = 'Bearer realm="recourse"'


class _Known(NamedTuple):
    caller: Caller | None
    until: float


class KeyRing:
    """Answers whom a key names, from the database and for a short time from memory; unknown keys are remembered too."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._generation = 0
        database.on_commit(CHANGED, self.forget)

    async def caller(self, header: bytes) -> Caller | None:
        """Whom the value of an Authorization header names, or None."""
        memory = hashlib.sha256(header).digest()  # the key itself is not kept, nor compared byte by byte
        known = self._known.get(memory)
        if known is not None and self._clock() < known.until:
            return known.caller
        return await self._look_up(header, memory)

    def forget(self) -> None:
        """Asks the database again about every key: something was changed here."""
        self._known.clear()
        self._generation += 1

    async def _look_up(self, header: bytes, memory: bytes) -> Caller | None:
        text = _bearer(header)
        if text is None:
            return None
        generation = self._generation
        async with self._database.transaction() as tx:
            caller = await keys.find_caller(tx, text)
            life = REMEMBERED_SECONDS
            if caller is not None and caller.expires_at is not None:
                life = min(life, (caller.expires_at - tx.now).total_seconds())
        if generation != self._generation:
            return caller  # something changed while we asked: true for this request, not to be remembered
        self._known[memory] = _Known(caller, self._clock() + life)
        self._known.move_to_end(memory)
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return caller


def _bearer(header: bytes) -> str | None:
    scheme, _, credentials = header.partition(b" ")
    credentials = credentials.strip()
    if scheme.lower() != b"bearer" or not credentials or len(credentials) > KEY_BYTES_MAX:
        return None
    return credentials.decode("utf-8", "surrogateescape")


def authorization(scope: Scope) -> bytes | None:
    """The value of the request's Authorization header."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            header: bytes = value
            return header
    return None


def unauthenticated(header: bytes | None) -> Problem:
    """The refusal of a request without a valid key (RFC 6750, section 3)."""
    if header is None:
        detail, challenge = "Send an API key: `Authorization: Bearer <key>`.", _CHALLENGE
    else:
        detail, challenge = "The API key is not known, revoked or expired.", f'{_CHALLENGE}, error="invalid_token"'
    return Problem("unauthenticated", detail, headers={"www-authenticate": challenge})


def demand(caller: Caller, scope: str) -> None:
    """Refuses a caller whose key has not this scope.

    Raises:
        Problem: `insufficient_scope`, which names the scope.
    """
    if not caller.may(scope):
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'
        detail = f"This key lacks the scope {scope}."
        raise Problem("insufficient_scope", detail, headers={"www-authenticate": challenge}, extra={"scope": scope})


__all__ = ["CHANGED", "Caller", "KeyRing", "authorization", "demand", "unauthenticated"]
