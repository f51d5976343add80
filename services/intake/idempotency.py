"""The Idempotency-Key header: the same request twice has one effect and one answer.

Syntax and answers follow draft-ietf-httpapi-idempotency-key-header: 409 while the first request is under way, 422 when the
key comes back with another request. Only successful replies are kept, for 24 hours; a request that failed may be sent
again with its key.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from services.intake.problems import Fault, Problem
from shared.db import idempotency as kept
from shared.db.engine import Tx
from shared.db.keys import Caller

HEADER: Final = "idempotency-key"
_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,255}")


class Replay(Exception):
    """The request was answered before; raised so that the transaction ends, and answered with the kept reply."""

    def __init__(self, response: Response) -> None:
        super().__init__("replayed")
        self.response = response


def read_key(value: str) -> str:
    """The key in a header's value, with or without quotation marks (a structured field string or a bare word).

    Raises:
        Problem: `malformed_request`.
    """
    text = value.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not _VISIBLE.fullmatch(text):
        detail = "1 to 255 visible ASCII characters, with or without quotation marks."
        raise Problem("malformed_request", f"Idempotency-Key: {detail}", (Fault(detail, parameter="Idempotency-Key"),))
    return text


def fingerprint(method: str, target: str, body: bytes) -> bytes:
    """What makes two requests the same: method, path with query, and body."""
    return hashlib.sha256(f"{method} {target}\n".encode() + body).digest()


def in_flight() -> Problem:
    """The refusal of a request whose twin is still under way."""
    detail = "A request with this Idempotency-Key is still under way; ask again in a moment."
    return Problem("request_in_flight", detail, headers={"retry-after": "1"})


def replay(before: kept.Reply, mark: bytes) -> Response:
    """The reply of the first request, byte by byte, marked as replayed.

    Raises:
        Problem: `idempotency_key_reused`, when this is another request than the first.
    """
    if before.fingerprint != mark:
        detail = "This Idempotency-Key was used with another request; make a new key for a new request."
        raise Problem("idempotency_key_reused", detail, (Fault(detail, parameter="Idempotency-Key"),))
    return Response(before.body, before.status, {**before.headers, "idempotent-replayed": "true"})


@dataclass(frozen=True, slots=True)
class Once:
    """One request that creates or acts. Answer it with `reply`, which keeps the answer where a key was sent."""

    tx: Tx
    key: kept.Key | None
    mark: bytes

    async def reply(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
        """The reply, kept with the key in this request's transaction.

        `value` is a model, dataclass or mapping, JSON as bytes, or None for an empty body.
        """
        body = value if isinstance(value, bytes) else b"" if value is None else to_json(value)
        told = dict(headers or {})
        if body:
            told["content-type"] = "application/json"
        if self.key is not None:
            await kept.keep(self.tx, {self.key: kept.Reply(self.mark, status, told, body)})
        return Response(body, status, told)


async def begin(request: Request, tx: Tx, caller: Caller, route: str) -> Once:
    """Takes the request's key, if it sent one.

    Raises:
        Replay: it was answered before.
        Problem: the key is malformed, under way, or was used with another request.
    """
    value = request.headers.get(HEADER)
    if value is None:
        return Once(tx, None, b"")
    key = kept.Key(caller.principal_id, read_key(value), f"{request.method} {route}")
    if not await kept.hold(tx, key):
        raise in_flight()
    query = f"?{request.url.query}" if request.url.query else ""
    mark = fingerprint(request.method, request.url.path + query, await request.body())
    # Asked after the lock is held, in a statement of its own: whoever held it before is visible by now.
    before = (await kept.find(tx, [key])).get(key)
    if before is not None:
        raise Replay(replay(before, mark))
    return Once(tx, key, mark)
