"""Postmark's inbound webhook: a mail as JSON, with HTTP Basic credentials in the address it posts to."""

import base64
import binascii
import hashlib
import secrets as tokens
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.intake.inbound.charsets import one_line, storable
from services.intake.inbound.html_text import text_of
from services.intake.inbound.json_reading import inner, listed, number, object_in, text
from services.intake.inbound.letters import incoming
from services.intake.inbound.mail_headers import Headers
from services.intake.inbound.ports import AUTHENTIC, Arrived, Attachment, Parsed, Unreadable, Unwanted, Verdict, refused
from services.intake.inbound.signatures import as_bytes, body_key, credentials, matches_any, short_key

ATTACHMENTS_MAX: Final = 100
TEXT_LENGTH_MAX: Final = 400_000


class Postmark:
    """The secret is `user:password`. A 403 would stop Postmark's retries, so refusals are 401."""

    name = "postmark"
    body_bytes_max = 50 * 1024 * 1024  # 35 MB of mail, which is Postmark's own limit, in base 64
    signs_body = False

    def make_secret(self) -> str | None:
        return f"recourse:{tokens.token_urlsafe(32)}"

    def secret_fault(self, secret: str) -> str | None:
        user, colon, password = secret.partition(":")
        sound = user and colon and len(password) >= 16 and len(secret) <= 200
        return (
            None if sound and secret.isascii() and secret.isprintable() else "`user:password`, at least 16 characters."
        )

    def verify(self, arrived: Arrived, secrets: Sequence[str], now: datetime) -> Verdict:
        given = credentials(arrived.headers.get("authorization"), "basic")
        if given is None:
            return refused("no credentials")
        return AUTHENTIC if matches_any(given, map(as_bytes, secrets)) else refused("credentials")

    def handshake(self, arrived: Arrived) -> Mapping[str, str] | None:
        return None

    def dedup_key(self, arrived: Arrived) -> str:
        body = object_in(arrived.body) or {}
        given = text(body, "MessageID")
        if given.strip("0-") and "RecordType" not in body:  # Postmark's test button sends zeros
            return short_key("mail", given)
        return body_key(arrived.body)

    def read(self, arrived: Arrived, settings: Mapping[str, Any]) -> Parsed:
        body = object_in(arrived.body)
        if body is None:
            return Unreadable("not a JSON object")
        record = text(body, "RecordType")
        if record and record != "Inbound":
            return Unwanted(f"record: {one_line(record, 40)}")
        if not _is_mail(body):
            return Unreadable("no inbound mail")
        return incoming(
            _headers(body),
            text=text(body, "TextBody")[:TEXT_LENGTH_MAX].strip() or text_of(text(body, "HtmlBody")),
            reply=storable(text(body, "StrippedTextReply")[:TEXT_LENGTH_MAX]),
            settings=settings,
            envelope_to=_recipients(body),
            attachments=tuple(_attachment(each) for each in listed(body, "Attachments", ATTACHMENTS_MAX)),
        )


def _is_mail(body: Mapping[str, Any]) -> bool:
    return bool(text(body, "From") or inner(body, "FromFull")) and ("TextBody" in body or "HtmlBody" in body)


def _headers(body: Mapping[str, Any]) -> Headers:
    """The mail's own headers, and those that Postmark tells in fields of their own, where they are not among them."""
    pairs = [(text(each, "Name"), text(each, "Value")) for each in listed(body, "Headers", 500)]
    there = {name.lower() for name, _ in pairs}
    told = [
        ("From", _mailbox(inner(body, "FromFull")) or text(body, "From")),
        ("To", text(body, "To")),
        ("Cc", text(body, "Cc")),
        ("Subject", text(body, "Subject")),
    ]
    return Headers([*((name, value) for name, value in told if value and name.lower() not in there), *pairs])


def _mailbox(full: Mapping[str, Any]) -> str:
    email, name = text(full, "Email"), one_line(text(full, "Name"), 200)
    quoted = name.replace("\\", "").replace('"', "")
    return f'"{quoted}" <{email}>' if email and quoted else email


def _recipients(body: Mapping[str, Any]) -> list[str]:
    """The envelope's recipient, then the others; what stood behind the plus sign also on its own."""
    mailbox_hash = text(body, "MailboxHash")
    told = [
        text(body, "OriginalRecipient"),
        f"{mailbox_hash}@mailbox" if mailbox_hash else "",
        *(text(each, "Email") for name in ("ToFull", "CcFull", "BccFull") for each in listed(body, name)),
    ]
    return [each.lower()[:320] for each in told if each]


def _attachment(each: Mapping[str, Any]) -> Attachment:
    try:
        content = base64.b64decode(text(each, "Content"))
    except (binascii.Error, ValueError):
        content = b""
    kind = one_line(text(each, "ContentType"), 100) or "application/octet-stream"
    size = len(content) or number(each, "ContentLength")
    seal = hashlib.sha256(content).hexdigest() if content else ""
    return Attachment(one_line(text(each, "Name"), 255) or "unnamed", kind, size, seal)
