"""The helpdesk, its agents and its customers, as the product's API sees them."""

import asyncio
import base64
import hashlib
import hmac
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx

from services.launch.demo.scenario import Case

PEOPLE: Final = ("agent", "lead", "manager", "executive")
"""The role that acts for each tier, the front line first."""
PATIENCE_SECONDS: Final = 15.0
POLL_SECONDS: Final = 0.1
_LINK: Final = re.compile(r"https?://[^/\s]+(/portal/follow-up/[^\s?]+)")

T = TypeVar("T")


class DemoBroken(Exception):
    """The product did not do what the scenario waits for; says what."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a sender of webhooks delivers, and its secret."""

    path: str
    secret: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An action that the product refused, by the code of its problem."""

    code: str
    detail: str


class Desk:
    """Everything the demo asks of the product, by HTTP. Made by `open_desk`."""

    def __init__(self, http: httpx.AsyncClient, mail: Path, keys: Mapping[str, str]) -> None:
        self._http = http
        self._mail = mail
        self._keys = keys
        self.endpoints: dict[str, Endpoint] = {}

    async def get(self, path: str, *, by: str = "screen", **query: Any) -> dict[str, Any]:
        """What a GET answers; raises httpx.HTTPStatusError."""
        reply = await self._http.get(path, params=query, headers=self._as(by))
        reply.raise_for_status()
        found: dict[str, Any] = reply.json()
        return found

    async def act(self, dispute_id: str, verb: str, *, by: str, **body: Any) -> Refused | None:
        """An action on a dispute; None when done. Raises httpx.HTTPStatusError for what no scenario expects."""
        reply = await self._http.post(f"/v1/disputes/{dispute_id}/{verb}", json=body, headers=self._as(by))
        if reply.status_code in (403, 409):
            problem = reply.json()
            return Refused(problem["code"], problem["detail"])
        reply.raise_for_status()
        return None

    async def file(self, case: Case) -> str:
        """Files a case through its door; returns the dispute's id."""
        if case.door == "api":
            headers = {**self._as("helpdesk"), "idempotency-key": f"case-{case.number}"}
            reply = await self._http.post("/v1/disputes", json=case.body(), headers=headers)
            reply.raise_for_status()
            return str(reply.json()["id"])
        delivery = await (self._signed(case) if case.door == "generic" else self._raw_mail(case))
        return await until(lambda: self._became(delivery), f"the {case.door} delivery becomes a dispute")

    async def answer_in_portal(self, case: Case, *, solved: bool) -> None:
        """The customer opens the link in the follow-up letter and presses the button."""
        link = await until(lambda: asyncio.to_thread(self._link_to, case.email), "a follow-up letter arrives")
        answer = {"answer": "solved", "rating": "5"} if solved else {"answer": "not_solved", "rating": "2"}
        reply = await self._http.post(link, data=answer)
        reply.raise_for_status()

    async def open_endpoint(self, sender: str) -> None:
        """Makes the address to which a sender of webhooks delivers."""
        body = {"sender": sender, "name": f"Demo {sender}"}
        reply = await self._http.post("/v1/inbound-endpoints", json=body, headers=self._as("admin"))
        reply.raise_for_status()
        self.endpoints[sender] = Endpoint(reply.json()["path"], reply.json()["secret"])

    async def put_policy(self, matrix: Mapping[str, Any]) -> None:
        """Replaces the escalation matrix."""
        present = await self._http.get("/v1/policies/escalation", headers=self._as("admin"))
        present.raise_for_status()
        headers = {**self._as("admin"), "if-match": present.headers["etag"]}
        body = {"policy": matrix, "reason": "The demo's day lasts a minute."}
        reply = await self._http.put("/v1/policies/escalation", json=body, headers=headers)
        reply.raise_for_status()

    def _as(self, who: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self._keys[who]}"}

    async def _signed(self, case: Case) -> str:
        """A delivery signed by the Standard Webhooks specification."""
        endpoint = self.endpoints["generic"]
        body = httpx.Request("POST", "http://x", json=_generic(case)).content
        name, at = f"msg_demo_{case.number}", str(int(_now().timestamp()))
        key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
        seal = base64.b64encode(hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
        headers = {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": f"v1,{seal}"}
        return await self._delivered(endpoint.path, body, {**headers, "content-type": "application/json"})

    async def _raw_mail(self, case: Case) -> str:
        endpoint = self.endpoints["mime"]
        headers = {"authorization": f"Bearer {endpoint.secret}", "content-type": "message/rfc822"}
        return await self._delivered(endpoint.path, _mail(case), headers)

    async def _delivered(self, path: str, body: bytes, headers: Mapping[str, str]) -> str:
        reply = await self._http.post(path, content=body, headers=headers)
        reply.raise_for_status()
        return str(reply.json()["id"])

    async def _became(self, delivery_id: str) -> str | None:
        found = await self.get(f"/v1/inbound-deliveries/{delivery_id}", by="admin")
        dispute_id: str | None = found["dispute_id"]
        return dispute_id

    def _link_to(self, address: str) -> str | None:
        for path in self._mail.glob("*.eml"):
            letter = message_from_bytes(path.read_bytes(), policy=policy.default)
            part = letter.get_body(("plain",)) if isinstance(letter, EmailMessage) else None
            if part is None or address not in str(letter["to"]):
                continue
            if link := _LINK.search(part.get_content()):
                return link[1]
        return None


async def open_desk(http: httpx.AsyncClient, mail: Path, admin_key: str) -> Desk:
    """A desk with a key for everybody: the helpdesk, a screen that only reads, and one person for each tier."""
    keys = {"admin": admin_key}
    admin = {"authorization": f"Bearer {admin_key}"}
    reads, works = ["disputes:read"], ["disputes:read", "disputes:write", "cases:work"]
    wanted: list[tuple[str, str, int | None, list[str]]] = [
        ("helpdesk", "integration", None, works[:2]),
        ("screen", "observer", None, reads),
        *((role, role, tier, works) for tier, role in enumerate(PEOPLE, 1)),
    ]
    for name, role, tier, scopes in wanted:
        person = {"name": f"Demo {name}", "role": role, "tier": tier}
        principal = await http.post("/v1/principals", json=person, headers=admin)
        principal.raise_for_status()
        asked = {"principal_id": principal.json()["id"], "name": "demo", "scopes": scopes}
        key = await http.post("/v1/keys", json=asked, headers=admin)
        key.raise_for_status()
        keys[name] = key.json()["key"]
    desk = Desk(http, mail, keys)
    for sender in ("generic", "mime"):
        await desk.open_endpoint(sender)
    return desk


async def until(look: Callable[[], Awaitable[T | None]], wanted: str) -> T:
    """The first answer that is not None; raises DemoBroken when there is none for too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(POLL_SECONDS)
    raise DemoBroken(f"Waited {PATIENCE_SECONDS:g} s in vain until {wanted}.")


def _generic(case: Case) -> dict[str, Any]:
    sender = {"name": case.name, "email": case.email}
    return {
        "sender": sender,
        "channel": case.channel,
        "thread": str(case.number),
        "subject": case.subject,
        "text": case.text,
    }


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
