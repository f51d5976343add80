"""What strangers deliver: a signed webhook, a raw mail. And what a customer finds in the mailbox."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Final, NamedTuple

from services.launch.demo.scenario import Case

_LINK: Final = re.compile(r"https?://[^/\s]+(/portal/follow-up/[^\s?]+)")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a sender of webhooks delivers, and its secret."""

    path: str
    secret: str


class Delivery(NamedTuple):
    """A body and the headers that prove its sender."""

    body: bytes
    headers: Mapping[str, str]


def delivery(case: Case, endpoint: Endpoint) -> Delivery:
    """The case as its door takes it: `generic` or `mime`."""
    if case.door == "generic":
        return _signed(case, endpoint)
    proof = {"authorization": f"Bearer {endpoint.secret}", "content-type": "message/rfc822"}
    return Delivery(_mail(case), proof)


def link_to(address: str, letters: Path) -> str | None:
    """The path of the follow-up page in a letter to this address, if there is one."""
    for path in letters.glob("*.eml"):
        letter = message_from_bytes(path.read_bytes(), policy=policy.default)
        part = letter.get_body(("plain",)) if isinstance(letter, EmailMessage) else None
        if part is None or address not in str(letter["to"]):
            continue
        if link := _LINK.search(part.get_content()):
            return link[1]
    return None


def _signed(case: Case, endpoint: Endpoint) -> Delivery:
    """Signed by the Standard Webhooks specification."""
    told = {
        "sender": {"name": case.name, "email": case.email},
        "channel": case.channel,
        "thread": str(case.number),
        "subject": case.subject,
        "text": case.text,
    }
    body = json.dumps(told).encode()
    name, at = f"msg_demo_{case.number}", str(int(_now().timestamp()))
    key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
    seal = base64.b64encode(hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
    proof = {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": f"v1,{seal}"}
    return Delivery(body, {**proof, "content-type": "application/json"})


def _mail(case: Case) -> bytes:
    mail = EmailMessage()
    mail["From"] = f"{case.name} <{case.email}>"
    mail["To"] = "Customer Relations <disputes@recourse.localhost>"
    mail["Subject"] = case.subject
    mail["Date"] = format_datetime(_now())
    mail["Message-ID"] = f"<case-{case.number}@example.org>"
    mail.set_content(case.text)
    return mail.as_bytes()


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a stranger's clock, as mail and webhooks bring it; not the product's
