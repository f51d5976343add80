"""Checks shared by the senders: constant time, and total over any text a header can hold."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

TOLERANCE: Final = timedelta(minutes=5)
"""How far a signed time may lie from ours (Slack's and Standard Webhooks' own figure)."""
_HEADER_LENGTH_MAX: Final = 4096


def as_bytes(text: str) -> bytes:
    """The bytes a header's text came as; what cannot have been a header gives bytes that match nothing."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def matches_any(given: bytes, expected: Iterable[bytes]) -> bool:
    """Whether the bytes equal one of those expected; every one is compared, each in constant time."""
    found = False
    for each in expected:
        found |= hmac.compare_digest(given, each)
    return found


def digest(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def is_recent(timestamp: str, now: datetime) -> bool:
    """Whether a text of plain digits is a Unix time within the tolerance of `now`."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE.total_seconds()


def credentials(header: str | None, scheme: str) -> bytes | None:
    """What stands after the scheme in an Authorization header; for `basic` decoded to `user:password`."""
    given, _, rest = (header or "").partition(" ")
    if given.lower() != scheme or len(rest) > _HEADER_LENGTH_MAX:
        return None
    raw = as_bytes(rest.strip())
    if scheme != "basic":
        return raw
    try:
        return base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return None


def short_key(kind: str, *parts: str) -> str:
    """A key for de-duplication: the kind and a hash over the parts, so that its length is bounded."""
    seal = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        seal.update(len(raw).to_bytes(8, "big") + raw)
    return f"{kind}:{seal.hexdigest()}"


def body_key(body: bytes) -> str:
    """The key of a delivery that has no name of its own."""
    return f"body:{hashlib.sha256(body).hexdigest()}"
