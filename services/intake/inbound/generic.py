"""Our own JSON for systems that can be taught it, signed by the Standard Webhooks specification."""

import base64
import binascii
import re
import secrets as tokens
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.intake.inbound.charsets import one_line, storable
from services.intake.inbound.json_reading import inner, listed, number, object_in, text
from services.intake.inbound.ports import (
    AUTHENTIC,
    Arrived,
    Attachment,
    Incoming,
    Parsed,
    Person,
    ThreadKey,
    Unreadable,
    Unwanted,
    Verdict,
    refused,
)
from services.intake.inbound.signatures import as_bytes, body_key, digest, is_recent, matches_any, short_key

KIND: Final = "generic"
PREFIX: Final = "whsec_"
CHANNELS: Final = ("email", "chat", "sms", "portal", "social_media")
SIGNATURES_MAX: Final = 20
TEXT_LENGTH_MAX: Final = 400_000
_ADDRESS: Final = re.compile(r"[^\s@<>()\",;:\\\[\]]{1,64}@[^\s@<>()\",;:\\]{1,190}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class Generic:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature`; the id is the key for de-duplication."""

    name = "generic"
    body_bytes_max = 1024 * 1024
    signs_body = True

    def make_secret(self) -> str | None:
        return PREFIX + base64.b64encode(tokens.token_bytes(32)).decode()

    def secret_fault(self, secret: str) -> str | None:
        key = _key(secret)
        return None if key is not None and 24 <= len(key) <= 64 else "`whsec_` and 24 to 64 bytes in base 64."

    def verify(self, arrived: Arrived, secrets: Sequence[str], now: datetime) -> Verdict:
        name = arrived.headers.get("webhook-id", "")
        timestamp = arrived.headers.get("webhook-timestamp", "")
        if not name or not is_recent(timestamp, now):
            return refused("timestamp")
        signed = b".".join((as_bytes(name), timestamp.encode(), arrived.body))
        keys = [key for each in secrets if (key := _key(each)) is not None]
        expected = [b"v1," + base64.b64encode(digest(key, signed)) for key in keys]
        given = arrived.headers.get("webhook-signature", "").split(" ")[:SIGNATURES_MAX]
        sound = [matches_any(as_bytes(each), expected) for each in given]
        return AUTHENTIC if any(sound) else refused("signature")

    def handshake(self, arrived: Arrived) -> Mapping[str, str] | None:
        return None

    def dedup_key(self, arrived: Arrived) -> str:
        name = arrived.headers.get("webhook-id", "")
        return short_key("id", name) if name else body_key(arrived.body)

    def read(self, arrived: Arrived, settings: Mapping[str, Any]) -> Parsed:
        body = object_in(arrived.body)
        if body is None:
            return Unreadable("not a JSON object")
        kind = text(body, "type") or "message"
        if kind != "message":
            return Unwanted(f"type: {one_line(kind, 40)}")
        fault = _fault(body)
        return Unreadable(fault) if fault else _message(body)


def _key(secret: str) -> bytes | None:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX).encode(), validate=True)
    except (binascii.Error, ValueError):
        return None


def _fault(body: Mapping[str, Any]) -> str | None:
    sender = inner(body, "sender")
    if not (text(sender, "email").strip() or text(sender, "reference").strip()):
        return "/sender: neither email nor reference"
    if text(body, "channel") not in CHANNELS:
        return f"/channel: none of {', '.join(CHANNELS)}"
    if text(body, "thread") and len(text(body, "thread")) > 200:
        return "/thread: longer than 200 characters"
    return None


def _message(body: Mapping[str, Any]) -> Incoming:
    sender, thread = inner(body, "sender"), one_line(text(body, "thread"), 200)
    key = ThreadKey(KIND, thread) if thread else None
    words = storable(text(body, "text")[:TEXT_LENGTH_MAX])
    email = text(sender, "email").strip().lower()
    return Incoming(
        channel=text(body, "channel"),
        person=Person(
            one_line(text(sender, "name"), 200) or None,
            email if _ADDRESS.fullmatch(email) else None,
            one_line(text(sender, "reference"), 100) or None,
        ),
        subject=one_line(text(body, "subject"), 300),
        text=words,
        reply=words,
        key=key,
        answers=(key,) if key else (),
        recipients=tuple(filter(None, [text(body, "to").lower()[:320]])),
        automatic="the sender says so" if body.get("automatic") is True else None,
        attachments=tuple(_attachment(each) for each in listed(body, "attachments", 100)),
        order_reference=one_line(text(body, "order_reference"), 100) or None,
        product=one_line(text(body, "product"), 200) or None,
        language=_language(text(body, "language")),
        metadata=_metadata(inner(body, "metadata")),
    )


def _language(given: str) -> str | None:
    return given if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", given) else None


def _metadata(given: Mapping[str, Any]) -> dict[str, str]:
    pairs = [(one_line(name, 64), value) for name, value in list(given.items())[:50] if isinstance(value, str)]
    return {name: one_line(value, 500) for name, value in pairs if name}


def _attachment(each: Mapping[str, Any]) -> Attachment:
    seal = text(each, "sha256").lower()
    kind = one_line(text(each, "type"), 100) or "application/octet-stream"
    name = one_line(text(each, "name"), 255) or "unnamed"
    return Attachment(name, kind, number(each, "size"), seal if _SHA256.fullmatch(seal) else "")
