"""The whole product in one event loop: three services, a real database, a real broker, and a clock the test moves."""

import asyncio
import contextlib
import email
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from services.escalation import main as escalation
from services.escalation.settings import EscalationSettings
from services.intake import main as intake
from services.intake.settings import IntakeSettings
from services.notify import main as notify
from services.notify.settings import NotifySettings
from shared.broker.drivers import broker_for
from shared.broker.relay import Relay
from shared.db import keys
from shared.db.engine import Database, make_engine
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer
from shared.runtime.service import Service
from shared.runtime.stop import Stop
from tests.builders import SECRET_KEY
from tests.waiting import eventually

A_MONDAY = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
"""When every journey begins: the desk in London has just opened, and no holiday is near."""

ADMIN_KEY = "an admin key of the tests"


@dataclass
class Clock:
    """How far the clock of the house is ahead of the real one."""

    offset: timedelta = timedelta()

    def __call__(self) -> timedelta:
        return self.offset

    def advance(self, **by: float) -> None:
        """Lets time pass: `advance(days=7)`."""
        self.offset += timedelta(**by)

    def reach(self, instant: datetime, real: datetime) -> None:
        """Sets the clock of the house; `real` is what the database says without us."""
        self.offset = instant - real


@dataclass
class House:
    """What a customer, an agent and an operator see of the product."""

    http: httpx.AsyncClient
    clock: Clock
    folder: Path
    database: Database
    read: set[Path] = field(default_factory=set)

    async def file(self, **changes: Any) -> dict[str, Any]:
        """Files a dispute and waits until somebody has it."""
        body = {
            "customer": {"name": "Ada Jones", "email": "ada@example.org"},
            "subject": "Charged twice",
            "description": "You charged my card twice for one order.",
            "amount": {"value": "49.90", "currency": "EUR"},
        }
        reply = await self.http.post("/v1/disputes", json=body | changes)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        await self.until(made["id"], lambda seen: seen["tier"] is not None and seen["acknowledged_at"] is not None)
        return made

    async def get(self, dispute_id: str, part: str = "") -> dict[str, Any]:
        reply = await self.http.get(f"/v1/disputes/{dispute_id}{part}")
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    async def act(self, dispute_id: str, verb: str, /, **body: Any) -> dict[str, Any]:
        reply = await self.http.post(f"/v1/disputes/{dispute_id}/{verb}", json=body)
        assert reply.is_success, reply.text
        found: dict[str, Any] = reply.json()
        return found

    async def until(self, dispute_id: str, holds: Any) -> dict[str, Any]:
        """The dispute once something about it holds."""

        async def seen() -> dict[str, Any] | None:
            found = await self.get(dispute_id)
            return found if holds(found) else None

        return (await eventually(seen, within=20)) or {}

    async def history(self, dispute_id: str, type_: str) -> list[dict[str, Any]]:
        """The facts of the events of one type, in order."""
        entries = (await self.get(dispute_id, "/history?verify=true"))["items"]
        return [entry["data"] for entry in entries if entry["type"] == type_]

    async def happened(self, dispute_id: str, type_: str, times: int = 1) -> list[dict[str, Any]]:
        """Waits until an event of this type has happened so often."""

        async def seen() -> list[dict[str, Any]]:
            found = await self.history(dispute_id, type_)
            return found if len(found) >= times else []

        return list(await eventually(seen, within=20))

    async def clocks(self, dispute_id: str, **states: str) -> dict[str, dict[str, Any]]:
        """The newest clock of each kind, once those named are in these states."""

        async def seen() -> dict[str, dict[str, Any]] | None:
            found = {clock["kind"]: clock for clock in (await self.get(dispute_id, "/clocks"))["items"]}
            return found if all(found[kind]["state"] == state for kind, state in states.items()) else None

        return (await eventually(seen, within=20)) or {}

    async def mail(self, *, to: str, about: str) -> EmailMessage:
        """The next mail to somebody whose subject or text holds these words; each mail is read once."""

        def arrived() -> EmailMessage | None:
            for path in sorted(self.folder.glob("mail/*.eml"), key=lambda p: p.stat().st_mtime_ns):
                if path in self.read:
                    continue
                letter = email.message_from_bytes(path.read_bytes(), policy=default)
                assert isinstance(letter, EmailMessage)
                if to in letter["to"] and re.search(about, f"{letter['subject']}\n{text_of(letter)}"):
                    self.read.add(path)
                    return letter
            return None

        return (await eventually(arrived, within=20)) or EmailMessage()


def text_of(letter: EmailMessage) -> str:
    """The plain text of a mail."""
    part = letter.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


@contextlib.asynccontextmanager
async def opened(database_url: str, broker_url: str, folder: Path) -> AsyncIterator[House]:
    """The product on this database and broker, its mail in `folder`/mail, its clock movable."""
    clock = Clock()
    database = Database(make_engine(database_url, pool_size=12), offset=clock)
    broker = broker_for(broker_url)
    await broker.start()
    stop = Stop(grace_seconds=5)
    try:
        services = _built(database, broker, folder)
        relay = Relay(database, broker, metrics=Metrics())
        async with database.transaction() as tx:
            clock.reach(A_MONDAY, tx.now)
            await keys.ensure_admin(tx, ADMIN_KEY)
        async with asyncio.TaskGroup() as group:
            for task in [relay.run, *(task for service in services for task in service.tasks)]:
                group.create_task(_until_stopped(task, stop))
            transport = httpx.ASGITransport(next(s.app for s in services if s.app is not None))
            headers = {"authorization": f"Bearer {ADMIN_KEY}"}
            async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as http:
                yield House(http, clock, folder, database)
            stop.request("the test is over")
    finally:
        await broker.close()
        await database.dispose()


async def _until_stopped(task: Any, stop: Stop) -> None:
    await task(stop)


def _built(database: Database, broker: Any, folder: Path) -> list[Service]:
    given: dict[str, Any] = {
        "database": database,
        "broker": broker,
        "metrics": Metrics(),
        "sealer": Sealer(SECRET_KEY),
    }
    common: dict[str, Any] = {"state_dir": folder, "secret_key": SecretStr(SECRET_KEY)}
    return [
        # A clock that jumps makes what is on its way look old.
        intake.build(IntakeSettings(**common, rate_limit=0, outbox_age_seconds_max=0), **given),
        escalation.build(EscalationSettings(**common), **given),
        notify.build(NotifySettings(**common), **given),
    ]
