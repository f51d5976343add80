"""A mail's bytes as a value: its headers, its words, its files, and what it reports. Total: any bytes are a mail."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Final

from services.intake.inbound.charsets import decoded, one_line, storable
from services.intake.inbound.html_text import text_of
from services.intake.inbound.mail_headers import Headers, words_decoded
from services.intake.inbound.ports import Attachment, Bounce

PARTS_MAX: Final = 500
LINES_MAX: Final = 500_000
BOUNDARIES_MAX: Final = 10_000
"""Far above any mail of 25 MiB that a program sends; a mail built to be slow stays below a few seconds."""
ATTACHMENTS_MAX: Final = 100
TEXT_LENGTH_MAX: Final = 400_000
SUMMARY_LENGTH_MAX: Final = 500
_OURS: Final = re.compile(rb"[0-9a-fA-F]{32}\.[0-9a-fA-F]{32}\.[a-zA-Z2-7]{16}@[^<>\s\"']{1,190}")
_RAISED: Final = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What the standard library's mail package is known to raise on mails of strangers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that was taken apart. `kind` is its whole content type, `report` the type of report, if it is one."""

    headers: Headers
    kind: str
    report: str
    text: str
    attachments: tuple[Attachment, ...]
    bounce: Bounce | None


class NotTakenApart(ValueError):
    """The mail is nested, or cut up, beyond what can be followed."""


def read_mail(raw: bytes) -> Mail:
    """Takes a mail apart.

    Raises:
        NotTakenApart: nothing else, whatever the bytes.
    """
    if raw.count(b"\n") > LINES_MAX or raw.count(b"\n--") > BOUNDARIES_MAX:
        raise NotTakenApart("too many lines or parts")
    try:
        root: Message = message_from_bytes(raw, policy=policy.compat32)
    except _RAISED as error:
        raise NotTakenApart(type(error).__name__) from error
    parts = _Parts()
    for part in _walk(root):
        parts.take(part)
    kind = _kind(root)
    report = (
        one_line(_parameter(root, "report-type", "content-type"), 100).lower() if kind == "multipart/report" else ""
    )
    return Mail(
        headers=_headers(root),
        kind=kind,
        report=report,
        text=parts.text(),
        attachments=tuple(parts.attachments),
        bounce=_bounce(parts, raw) if report == "delivery-status" or parts.statuses else None,
    )


def named_as_ours(raw: bytes) -> tuple[str, ...]:
    """What looks like a Message-ID of ours anywhere in a bounce that follows no standard."""
    return tuple(dict.fromkeys(found.decode("latin-1") for found in _OURS.findall(raw[:200_000])))[:10]


class _Parts:
    """Gathers what the leaves of a mail hold."""

    def __init__(self) -> None:
        self.attachments: list[Attachment] = []
        self.statuses: list[Headers] = []
        self.originals: list[Headers] = []
        self._plain: list[str] = []
        self._html: list[str] = []
        self._nested: list[str] = []
        self._inside: set[int] = set()

    def take(self, part: Message) -> None:
        kind = _kind(part)
        if kind == "message/delivery-status":
            self.statuses += [_headers(block) for block in _children(part)]
        elif kind == "text/rfc822-headers":
            self.originals.append(_headers_in(_content(part)))
        elif kind.startswith("message/") and _children(part):
            self._take_nested(part, kind)
        elif not _children(part):
            self._take_leaf(part, kind)

    def text(self) -> str:
        """The words: the plain ones, unless HTML says far more; else those of a mail sent along."""
        plain = storable("\n".join(self._plain))
        html = storable("\n".join(text_of(each) for each in self._html)) if self._html else ""
        words = html if len(plain) * 4 < len(html) else plain
        return words or storable("\n".join(self._nested))

    def _take_nested(self, part: Message, kind: str) -> None:
        for inner in _children(part):
            self.originals.append(_headers(inner))
            self._inside.update(id(each) for each in _walk(inner))
            name = self.originals[-1].text("subject", 100) or "message"
            self._attach(f"{name}.eml", kind, _whole(inner))

    def _take_leaf(self, part: Message, kind: str) -> None:
        content, nested = _content(part), id(part) in self._inside
        name = _filename(part)
        attached = _disposition(part) == "attachment" or bool(name)
        if kind.startswith("multipart/"):
            kind = "text/plain"  # its boundary is missing: what people would see is its raw text
        if kind in ("text/plain", "text/html") and not attached:
            text = decoded(content, _parameter(part, "charset", "content-type"))[:TEXT_LENGTH_MAX]
            if nested:
                self._nested.append(text if kind == "text/plain" else text_of(text))
            else:
                (self._plain if kind == "text/plain" else self._html).append(text)
        elif not nested and (content or name):
            self._attach(name or "unnamed", kind, content)

    def _attach(self, name: str, kind: str, content: bytes) -> None:
        if len(self.attachments) < ATTACHMENTS_MAX:
            seal = hashlib.sha256(content).hexdigest()
            self.attachments.append(Attachment(one_line(name, 255) or "unnamed", kind[:100], len(content), seal))


def _walk(root: Message) -> Iterator[Message]:
    """Every part in order, at most so many, without recursion."""
    waiting, seen = [root], 0
    while waiting and seen < PARTS_MAX:
        part = waiting.pop()
        seen += 1
        yield part
        waiting.extend(reversed(_children(part)))


def _children(part: Message) -> list[Message]:
    payload: object = part._payload if hasattr(part, "_payload") else None  # noqa: SLF001 - get_payload judges by headers and raises
    return [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []


def _kind(part: Message) -> str:
    try:
        return one_line(part.get_content_type().lower(), 100)
    except _RAISED:
        return "application/octet-stream"


def _headers(part: Message) -> Headers:
    return Headers(part.raw_items())


def _headers_in(content: bytes) -> Headers:
    try:
        return _headers(message_from_bytes(content[:100_000], policy=policy.compat32))
    except _RAISED:
        return Headers([])


def _content(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except _RAISED:
        content = None
    if isinstance(content, bytes):
        return content
    payload: object = getattr(part, "_payload", None)
    return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def _whole(part: Message) -> bytes:
    try:
        return part.as_bytes()
    except (*_RAISED, OSError):
        return b""


def _disposition(part: Message) -> str:
    try:
        return (part.get_content_disposition() or "").lower()
    except _RAISED:
        return ""


def _parameter(part: Message, name: str, header: str) -> str:
    """A parameter's value, whatever RFC 2231 or a careless program made of it; empty when there is none."""
    try:
        value = part.get_param(name, None, header)
        if isinstance(value, tuple):
            charset, _, text = value
            return decoded(text.encode("latin-1", "replace"), charset)
        return "" if value is None else words_decoded(collapse_rfc2231_value(value))
    except _RAISED:
        return ""


def _filename(part: Message) -> str:
    name = _parameter(part, "filename", "content-disposition") or _parameter(part, "name", "content-type")
    return one_line(re.split(r"[\\/]", name)[-1], 255)


def _bounce(parts: _Parts, raw: bytes) -> Bounce:
    said = [
        value
        for block in parts.statuses
        for name in ("action", "status", "final-recipient", "diagnostic-code")
        if (value := block.text(name, 200))
    ]
    named = [each for original in parts.originals for each in original.message_ids("message-id")]
    summary = one_line("; ".join(dict.fromkeys(said)), SUMMARY_LENGTH_MAX)
    return Bounce(summary, tuple(dict.fromkeys([*named, *named_as_ours(raw)])))
