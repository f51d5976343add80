"""A counter where disputes are filed: the whole application on a real database, and callers with keys."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

import httpx

from services.intake.categorise import Categoriser
from services.intake.main import create_app, door
from services.intake.parts import IntakeParts
from services.intake.settings import IntakeSettings
from shared.db import keys, principals
from shared.db.engine import Database
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer
from tests.builders import SECRET_KEY

FILED: dict[str, Any] = {
    "customer": {"name": "Ada Jones", "email": "ada@example.org", "jurisdiction": "GB"},
    "subject": "Charged twice",
    "description": "You took 49.90 twice on 3 May and nobody answers my calls.",
    "amount": {"value": "49.90", "currency": "EUR"},
}


def a_complaint(**fields: Any) -> dict[str, Any]:
    """A body that can be filed; a field given as None is left out."""
    return {name: value for name, value in {**FILED, **fields}.items() if value is not None}


@cache
def categoriser() -> Categoriser:
    """The shipped model, read once."""
    return Categoriser.load()


@dataclass
class Counter:
    """The client (an administrator, unless a request says otherwise), and what is beneath it."""

    db: Database
    parts: IntakeParts
    client: httpx.AsyncClient

    async def key(self, *scopes: str, role: str = "integration") -> dict[str, str]:
        """The Authorization header of a new principal with these scopes."""
        async with self.db.transaction() as tx:
            made = await principals.create(tx, name=f"{role} {uuid4()}", role=role)
            _, text = await keys.create_key(tx, made.id, name="test", scopes=scopes)
        return {"authorization": f"Bearer {text}"}

    async def file(self, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        """Files a complaint with these fields."""
        return await self.client.post("/v1/disputes", json=a_complaint(**fields), headers=headers)

    async def count(self, table: str = "dispute") -> int:
        """How many rows a table holds."""
        async with self.db.transaction() as tx:
            return int(await tx.raw.fetchval(f"select count(*) from {table}"))

    async def ids(self, query: str = "") -> Sequence[str]:
        """The references that a list names, in its order."""
        reply = await self.client.get(f"/v1/disputes{query}")
        assert reply.status_code == 200, reply.text
        return [item["reference"] for item in reply.json()["items"]]


@asynccontextmanager
async def a_counter(db: Database, **settings: Any) -> AsyncIterator[Counter]:
    """The application on this database. The limit on the rate of requests is off unless it is set."""
    async with db.transaction() as tx:
        await keys.ensure_admin(tx, "the administrator of the tests")
    parts = IntakeParts(
        settings=IntakeSettings(**{"rate_limit": 0, **settings}),
        database=db,
        sealer=Sealer(SECRET_KEY),
        categoriser=categoriser(),
        metrics=Metrics(),
    )
    transport = httpx.ASGITransport(door(parts, create_app(parts)), raise_app_exceptions=False)
    headers = {"authorization": "Bearer the administrator of the tests"}
    async with httpx.AsyncClient(transport=transport, base_url="http://counter.test", headers=headers) as client:
        yield Counter(db, parts, client)
