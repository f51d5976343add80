"""Raw mail over HTTP: `message/rfc822` from a mail server's pipe or a cloud function, with a bearer secret."""

import re
import secrets as tokens
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any, Final

from services.intake.inbound.letters import incoming
from services.intake.inbound.mail import NotTakenApart, named_as_ours, read_mail
from services.intake.inbound.mail_headers import Headers
from services.intake.inbound.ports import AUTHENTIC, Arrived, Bounce, Parsed, Unreadable, Verdict, refused
from services.intake.inbound.signatures import as_bytes, body_key, credentials, matches_any, short_key

MEBIBYTE: Final = 1024 * 1024
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_ADDRESS: Final = re.compile(r"[^\s<>,;]{1,250}@[^\s<>,;]{1,250}")


class Mime:
    """`Authorization: Bearer <secret>`; the envelope may be told in `X-Envelope-From` and `X-Envelope-To`."""

    name = "mime"
    body_bytes_max = 25 * MEBIBYTE
    signs_body = False

    def make_secret(self) -> str | None:
        return tokens.token_urlsafe(32)

    def secret_fault(self, secret: str) -> str | None:
        sound = 24 <= len(secret) <= 200 and secret.isascii() and secret.isprintable() and " " not in secret
        return None if sound else "24 to 200 visible ASCII characters."

    def verify(self, arrived: Arrived, secrets: Sequence[str], now: datetime) -> Verdict:
        given = credentials(arrived.headers.get("authorization"), "bearer")
        if given is None:
            return refused("no bearer secret")
        return AUTHENTIC if matches_any(given, map(as_bytes, secrets)) else refused("secret")

    def handshake(self, arrived: Arrived) -> Mapping[str, str] | None:
        return None

    def dedup_key(self, arrived: Arrived) -> str:
        """Message-ID and body: the same mail to two mailboxes is one, two mails under one Message-ID are two."""
        found = _HEAD_END.search(arrived.body)
        if found is None:
            return body_key(arrived.body)
        ids = _head(arrived.body[: found.start()]).message_ids("message-id")
        if not ids:
            return body_key(arrived.body)
        return short_key("mail", ids[0], body_key(arrived.body[found.end() :]))

    def read(self, arrived: Arrived, settings: Mapping[str, Any]) -> Parsed:
        try:
            mail = read_mail(arrived.body)
        except NotTakenApart as error:
            return Unreadable(f"the mail cannot be taken apart: {error}")
        read = incoming(
            mail.headers,
            text=mail.text,
            settings=settings,
            envelope_to=_ADDRESS.findall(arrived.headers.get("x-envelope-to", "")[:4000].lower()),
            null_sender=arrived.headers.get("x-envelope-from", "?").strip() in ("", "<>"),
            attachments=mail.attachments,
            bounce=mail.bounce,
            report=mail.report,
        )
        if read.bounce is None and read.automatic in ("null return path", "mail server"):
            named = named_as_ours(arrived.body)
            return replace(read, bounce=Bounce(read.subject, named)) if named else read
        return read


def _head(raw: bytes) -> Headers:
    """The headers alone. The standard library parses these without failing; what it may raise hides no Message-ID."""
    try:
        return Headers(message_from_bytes(raw[: MEBIBYTE // 4], policy=policy.compat32).raw_items())
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError):
        return Headers([])
