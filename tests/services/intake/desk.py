"""A desk for tests of casework: the application on a real database, callers with keys, and disputes at any point."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
from fastapi import APIRouter

from services.intake.categorise import Categoriser
from services.intake.main import create_app, door
from services.intake.parts import IntakeParts
from services.intake.settings import IntakeSettings
from shared.db import disputes, history, keys, policies, principals
from shared.db.engine import Database
from shared.domain.dispute import Dispute
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer
from tests.builders import SECRET_KEY, a_dispute, a_filing

ALL_SCOPES = ("disputes:read", "disputes:write", "cases:work")


@dataclass
class Desk:
    """The client, the database beneath it, and the parts between."""

    db: Database
    parts: IntakeParts
    client: httpx.AsyncClient
    callers: dict[str, principals.Principal] = field(default_factory=dict)

    async def key(
        self, role: str = "agent", *, tier: int | None = 1, scopes: Sequence[str] = ALL_SCOPES, name: str | None = None
    ) -> dict[str, str]:
        """The Authorization header of a new principal."""
        async with self.db.transaction() as tx:
            made = await principals.create(tx, name=name or f"{role} {uuid4()}", role=role, tier=tier)
            _, text = await keys.create_key(tx, made.id, name="test", scopes=scopes)
        self.callers[text] = made
        return {"authorization": f"Bearer {text}"}

    def who(self, header: dict[str, str]) -> principals.Principal:
        """The principal behind a header."""
        return self.callers[header["authorization"].removeprefix("Bearer ")]

    async def dispute(self, dispute: Dispute | None = None, **fields: Any) -> Dispute:
        """A stored dispute; the fields say how it stands."""
        async with self.db.transaction() as tx:
            (stored,) = await disputes.insert_many(tx, [a_filing(dispute or a_dispute(**fields))])
        return stored

    async def now(self, dispute_id: UUID) -> Dispute:
        """The dispute as it is stored now."""
        async with self.db.transaction() as tx:
            return await disputes.get(tx, dispute_id)

    async def told(self, dispute_id: UUID) -> list[Any]:
        """The events of its history after the first."""
        async with self.db.transaction() as tx:
            entries = await history.entries(tx, dispute_id, after=1)
        return [entry.envelope.event for entry in entries]

    async def post(self, dispute: Dispute, verb: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        """An action on a dispute."""
        return await self.client.post(f"/v1/disputes/{dispute.id}/{verb}", json=body, headers=headers)


@asynccontextmanager
async def a_desk(db: Database, routers: Sequence[APIRouter], **settings: Any) -> AsyncIterator[Desk]:
    """The application with these routers, and the escalation matrix the product ships with."""
    async with db.transaction() as tx:
        await policies.ensure_default(tx)
    parts = IntakeParts(
        settings=IntakeSettings(rate_limit=0, **settings),
        database=db,
        sealer=Sealer(SECRET_KEY),
        categoriser=cast(Categoriser, None),  # casework reads no new complaints
        metrics=Metrics(),
    )
    served = door(parts, create_app(parts, routers))
    transport = httpx.ASGITransport(served)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client:
        yield Desk(db, parts, client)
