"""From a mail's headers and words to an incoming message; the same for raw mail and for mail that came as JSON."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from services.intake.inbound.automatic import why_automatic
from services.intake.inbound.charsets import storable
from services.intake.inbound.mail_headers import Address, Headers
from services.intake.inbound.ports import Attachment, Bounce, Incoming, Person, ThreadKey
from services.intake.inbound.quoting import reply_of

KIND: Final = "mail"
KEY_LENGTH_MAX: Final = 250
SUBJECT_LENGTH_MAX: Final = 300
_TO_US: Final = ("x-envelope-to", "envelope-to", "x-original-to", "delivered-to", "to", "cc", "bcc")
_REPLIES: Final = ("re:", "aw:", "sv:", "antw:", "rv:", "ref:", "odp:")


def incoming(  # noqa: PLR0913 - what a mail consists of
    headers: Headers,
    *,
    text: str,
    settings: Mapping[str, Any],
    envelope_to: Iterable[str] = (),
    null_sender: bool = False,
    attachments: tuple[Attachment, ...] = (),
    bounce: Bounce | None = None,
    report: str = "",
    reply: str | None = None,
) -> Incoming:
    """The message that a mail is. `settings` are the endpoint's: its own `addresses` and `lists`."""
    author = _author(headers)
    subject = headers.text("subject", SUBJECT_LENGTH_MAX)
    ids = headers.message_ids("message-id")
    written = storable(text)
    read = Incoming(
        channel="email",
        person=Person(author.name, author.email) if author else Person(),
        subject=subject,
        text=written,
        reply=written,
        key=mail_key(ids[0]) if ids else None,
        answers=tuple(mail_key(each) for each in _answers(headers)),
        recipients=tuple(dict.fromkeys([*envelope_to, *(each.email for each in headers.addresses(*_TO_US))])),
        automatic=_reason(headers, settings, author, report, null_sender=null_sender),
        bounce=bounce,
        attachments=attachments,
        language=_language(headers),
    )
    if read.answers or subject.lower().startswith(_REPLIES):
        read = replace(read, reply=storable(reply) if reply and reply.strip() else reply_of(written))
    return read


def mail_key(message_id: str) -> ThreadKey:
    """The key of a Message-ID without brackets; one of absurd length is kept as its hash."""
    if len(message_id) <= KEY_LENGTH_MAX:
        return ThreadKey(KIND, message_id)
    return ThreadKey(KIND, f"sha256:{hashlib.sha256(message_id.encode('utf-8', 'surrogatepass')).hexdigest()}")


def _author(headers: Headers) -> Address | None:
    return next(iter(headers.addresses("from") or headers.addresses("sender", "reply-to")), None)


def _answers(headers: Headers) -> list[str]:
    """In-Reply-To, then References from the newest back."""
    named = [*headers.message_ids("in-reply-to"), *reversed(headers.message_ids("references"))]
    return list(dict.fromkeys(named))


def _reason(
    headers: Headers, settings: Mapping[str, Any], author: Address | None, report: str, *, null_sender: bool
) -> str | None:
    if report:
        return f"report: {report}"
    if author is not None and author.email in _words(settings, "addresses"):
        return "our own address"
    return why_automatic(headers, lists=_words(settings, "lists"), null_sender=null_sender)


def _words(settings: Mapping[str, Any], name: str) -> frozenset[str]:
    listed = settings.get(name)
    return frozenset(str(each).lower() for each in listed) if isinstance(listed, list) else frozenset()


def _language(headers: Headers) -> str | None:
    word = headers.text("content-language", 35).split(",")[0].strip()
    return word if 2 <= len(word) <= 3 and word.isascii() and word.isalpha() else None
