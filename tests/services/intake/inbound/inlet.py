"""An inlet for tests: the inbound door on a real database, endpoints of every sender, and deliveries signed as they should be."""

import base64
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select

from services.intake.api import inbound, inbound_deliveries, inbound_endpoints
from services.intake.categorise import Categoriser
from services.intake.inbound.consumer import inbound_handler
from services.intake.parts import IntakeParts
from shared.broker.handling import transacted
from shared.db import outbox
from shared.db.engine import Database, Tx
from shared.db.tables import dispute_private, message
from shared.messages.envelope import decode
from tests.services.intake.desk import Desk, a_desk

ROUTERS = [inbound.router, inbound_endpoints.router, inbound_deliveries.router]
SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TYPES = {"mime": "message/rfc822"}


def signed(sender: str, secret: str, body: bytes, now: datetime, *, name: str | None = None) -> dict[str, str]:
    """The headers of an authentic delivery."""
    at = str(int(now.timestamp()))
    headers = {"content-type": TYPES.get(sender, "application/json")}
    if sender == "slack":
        seal = hmac.digest(secret.encode(), b"v0:" + at.encode() + b":" + body, "sha256").hex()
        return headers | {"x-slack-request-timestamp": at, "x-slack-signature": f"v0={seal}"}
    if sender == "generic":
        name = name or f"msg_{uuid4().hex}"
        key = base64.b64decode(secret.removeprefix("whsec_"))
        seal = base64.b64encode(hmac.digest(key, f"{name}.{at}.".encode() + body, "sha256")).decode()
        return headers | {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": f"v1,{seal}"}
    if sender == "postmark":
        return headers | {"authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
    return headers | {"authorization": f"Bearer {secret}"}


@cache
def categoriser() -> Categoriser:
    """The one that the product ships with."""
    return Categoriser.load()


def parts_with_categoriser(parts: IntakeParts) -> IntakeParts:
    return replace(parts, categoriser=categoriser())


@dataclass(frozen=True)
class Mouth:
    """One endpoint."""

    id: str
    sender: str
    path: str
    secret: str


@dataclass
class Inlet:
    """The door, an administrator, and the handler behind the outbox."""

    desk: Desk
    admin: dict[str, str]

    @property
    def client(self) -> httpx.AsyncClient:
        return self.desk.client

    @property
    def db(self) -> Database:
        return self.desk.db

    async def open(self, sender: str, **settings: Any) -> Mouth:
        """A new endpoint."""
        body: dict[str, Any] = {"sender": sender, "name": f"our {sender}", "settings": settings}
        if sender == "slack":
            body["secret"] = SLACK_SECRET
        reply = await self.client.post("/v1/inbound-endpoints", json=body, headers=self.admin)
        assert reply.status_code == 201, reply.text
        told = reply.json()
        return Mouth(told["id"], sender, told["path"], told["secret"])

    async def now(self) -> datetime:
        async with self.db.transaction() as tx:
            return tx.now

    async def send(self, mouth: Mouth, body: bytes, *, late: timedelta = timedelta(), **more: str) -> httpx.Response:
        """An authentic delivery; `more` are further headers, with `_` for `-`."""
        headers = signed(mouth.sender, mouth.secret, body, await self.now() - late)
        extra = {name.replace("_", "-"): value for name, value in more.items()}
        return await self.client.post(mouth.path, content=body, headers=headers | extra)

    async def deliver(self, mouth: Mouth, body: bytes, **more: Any) -> dict[str, Any]:
        """Sends, settles, and tells what became of it."""
        reply = await self.send(mouth, body, **more)
        assert reply.status_code == 200, reply.text
        await self.settle()
        return await self.became(reply.json()["id"])

    async def settle(self) -> None:
        """What the consumer does with everything that waits, in one batch."""
        handle = inbound_handler(parts_with_categoriser(self.desk.parts))

        async def work(tx: Tx) -> None:
            rows = await outbox.take(tx)
            await handle(tx, [decode(row.message.body) for row in rows if row.message.topic == "inbound.received"])
            await outbox.confirm(tx, [row.id for row in rows])

        await transacted(self.db, work)

    async def became(self, delivery_id: str) -> dict[str, Any]:
        reply = await self.client.get(f"/v1/inbound-deliveries/{delivery_id}", headers=self.admin)
        assert reply.status_code == 200, reply.text
        told: dict[str, Any] = reply.json()
        return told

    async def private(self, dispute_id: str | UUID) -> Mapping[str, Any]:
        """The personal side of a dispute."""
        query = select(dispute_private).where(dispute_private.c.dispute_id == UUID(str(dispute_id)))
        async with self.db.transaction() as tx:
            return dict((await tx.conn.execute(query)).mappings().one())

    async def said(self, dispute_id: str | UUID) -> list[Mapping[str, Any]]:
        """The conversation of a dispute, notes included."""
        query = select(message).where(message.c.dispute_id == UUID(str(dispute_id))).order_by(message.c.id)
        async with self.db.transaction() as tx:
            return [dict(row) for row in (await tx.conn.execute(query)).mappings()]


@asynccontextmanager
async def an_inlet(db: Database) -> AsyncIterator[Inlet]:
    """The inbound door of a fresh database."""
    async with a_desk(db, ROUTERS) as desk:
        yield Inlet(desk, await desk.key("admin", tier=None, scopes=["admin"]))
