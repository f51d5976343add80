"""What the tests of notify are made from: a stored dispute, an assignment, a sender on chosen channels."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.notify.channels import open_channels
from services.notify.channels.ports import Channel
from services.notify.handlers import Planner
from services.notify.main import packer
from services.notify.sender import Sender
from services.notify.settings import NotifySettings
from shared.db import disputes, history
from shared.db.disputes import Change
from shared.db.engine import Database, Tx, make_engine
from shared.domain.dispute import Dispute
from shared.domain.matrix import Matrix
from shared.messages.envelope import Envelope
from shared.messages.events import DisputeAssigned, Event
from shared.policy.matrix import parse_matrix
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer
from shared.runtime.stop import Stop
from tests.builders import SECRET_KEY, a_dispute, a_filing

SEALER = Sealer(SECRET_KEY)
HANDLER = "Maya Lind"
NEWS_BY = "2026-05-06T16:00:00Z"
SETTLED_BY = "2026-06-29T16:00:00Z"


def a_matrix() -> Matrix:
    """The shipped matrix with people of the tests' own."""
    from importlib.resources import files

    text = files("shared.policy").joinpath("escalation.toml").read_text(encoding="utf-8")
    matrix = parse_matrix(text, version=1)
    front, lead, *others = matrix.tiers
    holder = front.holders[0]
    front = replace(front, holders=(replace(holder, name=HANDLER, email="maya@house.test"),))
    lead = replace(
        lead,
        holders=(replace(holder, name="Tom Reed", email="tom@house.test"),),
        deputies=(replace(holder, name="Ida Falk", email="ida@house.test"),),
    )
    return replace(matrix, tiers=(front, lead, *others))


def assigned(**fields: Any) -> DisputeAssigned:
    """The event that makes an acknowledgement owed."""
    given: dict[str, Any] = {
        "tier": 1,
        "handler": HANDLER,
        "because": ("nothing asks for more",),
        "policy_version": 1,
        "clocks": {"next_update": NEWS_BY, "resolution": SETTLED_BY},
        "first": True,
    }
    return DisputeAssigned(**(given | fields))


def settings_for(**values: Any) -> NotifySettings:
    """Settings that touch nothing outside the test."""
    given: dict[str, Any] = {
        "mail_from": "Kettle House <care@kettle.test>",
        "public_url": "https://disputes.kettle.test",
        "webhook_allow_private": True,
    }
    return NotifySettings(**(given | values))


@dataclass
class World:
    """One database and its clock, and everything of notify that stands on it."""

    database: Database
    settings: NotifySettings
    matrix: Matrix = field(default_factory=a_matrix)
    metrics: Metrics = field(default_factory=Metrics)
    later: timedelta = timedelta()

    async def current(self, tx: Tx) -> Matrix:
        return self.matrix

    def planner(self) -> Planner:
        return Planner(self.current, self.settings.limits, self.metrics)

    def sender(self, channels: Mapping[str, Channel] | None = None) -> Sender:
        chosen = open_channels(self.settings, SEALER) if channels is None else channels
        return Sender(
            self.database, chosen, packer=packer(self.settings, SEALER), matrix=self.current, metrics=self.metrics
        )

    async def file(self, *, private: Mapping[str, Any] | None = None, **fields: Any) -> Dispute:
        """A dispute that tier 1 has taken up, as far as notify can see."""
        given = {"tier": 1, "handler": HANDLER} | fields
        async with self.database.transaction() as tx:
            made = a_dispute(received_at=tx.now, **given)
            (dispute,) = await disputes.insert_many(tx, [a_filing(made, **(private or {}))])
        return dispute

    async def happen(self, dispute: Dispute, *events: Event, **fields: Any) -> list[Envelope]:
        """Records the events, with the facts they change, and plans what they make owed."""
        async with self.database.transaction() as tx:
            before = await disputes.lock(tx, dispute.id)
            after = before.changed(tx.now, **fields) if fields else before
            await disputes.save(tx, Change(before, after, events, "system:test"))
            entries = await history.entries(tx, dispute.id, after=before.sequence)
            envelopes = [entry.envelope for entry in entries]
        await self.plan(envelopes)
        return envelopes

    async def plan(self, envelopes: Sequence[Envelope]) -> None:
        async with self.database.transaction() as tx:
            await self.planner()(tx, envelopes)

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        async with self.database.transaction() as tx:
            return [dict(row) for row in await tx.raw.fetch(query, *arguments)]

    async def deliveries(self, dispute: Dispute | None = None, /, **where: str) -> list[dict[str, Any]]:
        found = await self.rows("select * from delivery order by created_at, id")
        wanted = {**where, **({"dispute_id": dispute.id} if dispute else {})}
        return [row for row in found if all(row[name] == value for name, value in wanted.items())]

    async def attempts(self, delivery_id: UUID) -> list[dict[str, Any]]:
        return await self.rows("select * from delivery_attempt where delivery_id = $1 order by number", delivery_id)

    async def read(self, dispute: Dispute) -> Dispute:
        async with self.database.transaction() as tx:
            return await disputes.get(tx, dispute.id)

    async def told(self, dispute: Dispute) -> list[Event]:
        """The history's events, oldest first."""
        async with self.database.transaction() as tx:
            found = await history.entries(tx, dispute.id)
            assert history.first_break(found) is None
            return [entry.envelope.event for entry in found]

    @contextlib.asynccontextmanager
    async def sending(self, channels: Mapping[str, Channel] | None = None) -> AsyncIterator[Sender]:
        """The sender, running."""
        stop = Stop(grace_seconds=3.0)
        sender = self.sender(channels)
        task = asyncio.create_task(sender.run(stop))
        try:
            yield sender
        finally:
            stop.request("the test is over")
            await task


@contextlib.asynccontextmanager
async def a_world(url: str, **values: Any) -> AsyncIterator[World]:
    """A world on a database; its clock stands where `later` says."""
    world: World
    database = Database(make_engine(url, pool_size=6), offset=lambda: world.later)
    with tempfile.TemporaryDirectory(prefix="rcs-mail-") as folder:
        world = World(database, settings_for(**({"state_dir": folder} | values)))
        try:
            yield world
        finally:
            await database.dispose()
