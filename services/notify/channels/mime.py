"""A letter as the bytes of a mail (RFC 5322, MIME), the same for the mail server and for the folder.

The standard library's headers fold and encode what is not plain; plain headers and the bodies are written directly,
which is many times as fast. No value can start a header of its own: control characters never pass.
"""

import binascii
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import Final

from services.notify.channels.ports import Letter, Parcel
from shared.messages.links import message_id, reply_address
from shared.runtime.sealing import Sealer

LINE_LENGTH_MAX: Final = 76
SUBJECT_LENGTH_MAX: Final = 200
REFERENCES_MAX: Final = 12
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9 ]{0,60}")
_ATOM: Final = r"[^\s\x00-\x20()<>\[\]:;@\\,.\"\x7f-\x9f]+"
_ADDRESS: Final = re.compile(rf"(?=.{{1,320}}$){_ATOM}(\.{_ATOM})*@{_ATOM}(\.{_ATOM})*")
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}>")


@dataclass(frozen=True, slots=True)
class House:
    """How we sign: what every mail of this installation has in common."""

    sealer: Sealer
    sender: Address
    domain: str
    mailbox: str = "reply"
    separator: str = "+"
    envelope_sender: str | None = None

    def reply_to(self, parcel: Parcel) -> str:
        """The signed address that leads back to the dispute."""
        return reply_address(self.sealer, parcel.dispute_id, self.mailbox, self.domain, self.separator)

    def message_id(self, parcel: Parcel) -> str:
        """The same at every attempt."""
        return message_id(self.sealer, parcel.dispute_id, parcel.delivery_id, self.domain)

    def bounces_to(self, parcel: Parcel, letter: Letter) -> str:
        """The envelope's sender; empty for none."""
        if self.envelope_sender is None:
            return self.sender.addr_spec if letter.internal else self.reply_to(parcel)
        return "" if self.envelope_sender == "<>" else self.envelope_sender


def compose(parcel: Parcel, letter: Letter, house: House) -> bytes:
    """The whole mail.

    Raises:
        ValueError: the address is none that a header can carry.
    """
    boundary = f"=_{parcel.delivery_id.hex}"
    lines = [_line(name, value) for name, value in _headers(parcel, letter, house)]
    lines += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative; boundary="{boundary}"', ""]
    head = "\r\n".join(lines).encode("utf-8")
    parts = b"".join(
        b"\r\n--%b\r\nContent-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n%b"
        % (boundary.encode(), kind, _body(text))
        for kind, text in ((b"plain", letter.text), (b"html", letter.html))
    )
    return b"%b%b\r\n--%b--\r\n" % (head, parts, boundary.encode())


def _headers(parcel: Parcel, letter: Letter, house: House) -> list[tuple[str, str]]:
    in_reply_to = letter.in_reply_to if letter.in_reply_to and is_message_id(letter.in_reply_to) else None
    references = [each for each in letter.references if is_message_id(each)][-REFERENCES_MAX:]
    headers = [
        ("From", _mailbox(house.sender.display_name, house.sender.addr_spec)),
        ("To", _mailbox(one_line(letter.to_name or ""), on_the_wire(parcel.address))),
        ("Subject", one_line(letter.subject)[:SUBJECT_LENGTH_MAX]),
        ("Date", format_datetime(parcel.at)),
        ("Message-ID", house.message_id(parcel)),
        ("Content-Language", letter.language),
    ]
    if not letter.internal:
        headers.append(("Reply-To", house.reply_to(parcel)))
    if letter.automatic:
        headers.append(("Auto-Submitted", "auto-replied" if in_reply_to else "auto-generated"))
        headers.append(("X-Auto-Response-Suppress", "All"))
    if letter.urgent:
        headers.append(("Importance", "high"))
    if in_reply_to:
        headers.append(("In-Reply-To", in_reply_to))
    if references:
        headers.append(("References", "\r\n ".join(references)))
    return headers


def _mailbox(name: str, address: str) -> str:
    """Name and address as a header has them; the library quotes and encodes whatever is not plain words."""
    if _PLAIN_NAME.fullmatch(name):
        return f"{name} <{address}>" if name else address
    mailbox, _, domain = address.rpartition("@")
    return str(Address(name, mailbox, domain))


def one_line(text: str) -> str:
    """The text without anything that could end a header's line."""
    return _CONTROL.sub(" ", text).strip()


def on_the_wire(address: str) -> str:
    """The address as headers and SMTP take it: its domain as DNS knows it, its mailbox as it is.

    Raises:
        ValueError: it is none.
    """
    mailbox, _, domain = address.rpartition("@")
    if not _ADDRESS.fullmatch(address):
        raise ValueError("This is no address that a header can carry.")
    return f"{mailbox}@{domain.encode('idna').decode()}"


def _line(name: str, value: str) -> str:
    """One header. Names and Message-IDs of ours stand as they are: they must never be folded inside, nor encoded."""
    short = value.isascii() and len(name) + 2 + len(value) <= LINE_LENGTH_MAX and "=?" not in value
    if short or name in ("Message-ID", "Reply-To", "In-Reply-To", "References"):
        return f"{name}: {value}"
    policy = SMTP if name != "To" or value.rpartition("<")[2].isascii() else SMTPUTF8
    folded: str = policy.fold(name, policy.header_factory(name, value))
    return folded.removesuffix("\r\n")


def is_message_id(text: str) -> bool:
    """Whether this is a Message-ID, with its brackets, that a header can name."""
    return _MESSAGE_ID.fullmatch(text) is not None


def _body(text: str) -> bytes:
    """Quoted-printable with CRLF, whatever ended the lines before."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    # Its soft breaks follow the text's first line break; where there is none, they would be bare line feeds.
    return binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True).replace(b"=\n", b"=\r\n")
