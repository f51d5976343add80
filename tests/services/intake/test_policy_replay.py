"""A replay of what really ran through the engine climbs where it really climbed, and says what would have been otherwise."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.intake.api import policies, policy_trials
from services.launch.policy.whole import Order, replay_whole
from shared.db import disputes, stories
from shared.db.disputes import Change
from shared.db.engine import Database
from shared.domain.dispute import Dispute
from shared.domain.frozen import altered
from shared.domain.lifecycle import Trigger
from shared.domain.replay import for_replay, replay
from shared.domain.story import Story
from shared.messages.events import (
    CustomerNotified,
    DisputeClosed,
    DisputeCorrected,
    DisputeEscalated,
    DisputeReopened,
    DisputeResolved,
    EscalationRequested,
    Event,
    MessageAdded,
    StatusChanged,
)
from shared.policy.calendars import DEFAULT_CALENDARS
from tests.domain.matrices import CALENDARS, a_body, a_matrix
from tests.services.escalation.room import Room
from tests.services.intake.desk import Desk, a_desk

URL = "/v1/policies/escalation/replay"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class House:
    """A desk, the engine, and what people do at other doors."""

    desk: Desk
    room: Room

    async def do(self, dispute_id: UUID, *events: Event, trigger: Trigger | None = None, **facts: Any) -> None:
        """Somebody does something, and escalation hears of it."""
        async with self.room.database.transaction() as tx:
            before = await disputes.lock(tx, dispute_id)
            after: Dispute = before if trigger is None else before.after(trigger, tx.now)
            given = {name: tx.now if fact == "now" else fact for name, fact in facts.items()}
            await disputes.save(tx, Change(before, altered(after, **given), events, "principal:test"))
        await self.room.hear([dispute_id])

    async def acknowledged(self, dispute_id: UUID) -> None:
        told = CustomerNotified(
            kind="acknowledgement", channel="email", outcome="sent", delivery_id="x", occasion="once"
        )
        await self.do(dispute_id, told, acknowledged_at="now", informed_at="now")

    async def waits(self, dispute_id: UUID, hours: float) -> None:
        asked = StatusChanged(before="received", after="awaiting_customer", trigger="wait_for_customer")
        await self.do(dispute_id, asked, trigger=Trigger.WAIT_FOR_CUSTOMER)
        await self.room.pass_time(hours=hours)
        wrote = MessageAdded(message_id="m", direction="in", channel="email", author="customer", internal=False)
        came = StatusChanged(before="awaiting_customer", after="investigating", trigger="resume")
        contacts = (await self.room.read(dispute_id)).contact_count + 1
        await self.do(dispute_id, wrote, came, trigger=Trigger.RESUME, contact_count=contacts)

    async def resolved(self, dispute_id: UUID, occasion: int = 0) -> None:
        told = DisputeResolved(outcome="upheld", remedy=None, amount=None, currency=None, occasion=occasion)
        await self.do(dispute_id, told, trigger=Trigger.RESOLVE, responded_at="now", informed_at="now")

    async def closed(self, dispute_id: UUID) -> None:
        await self.do(dispute_id, DisputeClosed(because="decided"), trigger=Trigger.CLOSE)

    async def climbed(self, dispute_id: UUID) -> list[tuple[int | None, int, tuple[str, ...]]]:
        events = await self.room.events(dispute_id)
        return [(e.from_tier, e.to_tier, e.because) for e in events if isinstance(e, DisputeEscalated)]

    async def told(self, dispute_id: UUID) -> Story:
        async with self.room.database.transaction() as tx:
            (story,) = await stories.read(tx, [dispute_id])
        return story


@pytest.fixture
async def house(db: Database, database: str) -> AsyncIterator[House]:
    room = Room(database)
    async with a_desk(db, [policies.router, policy_trials.router]) as desk:
        await room.put_policy()
        yield House(desk, room)
    await room.database.dispose()


async def a_life(house: House) -> UUID:
    """Warned, climbed twice, waited, asked for, reopened, resolved: a dispute with a past."""
    (dispute_id,) = await house.room.taken_up()
    await house.acknowledged(dispute_id)
    for hours in (2, 1, 1.5):
        await house.room.pass_time(hours=hours)
    await house.waits(dispute_id, 10)
    for hours in (3, 4, 2):
        await house.room.pass_time(hours=hours)
    await house.resolved(dispute_id)
    await house.room.pass_time(hours=1)
    reopened = DisputeReopened(because="new_facts", occasion=1)
    await house.do(dispute_id, reopened, trigger=Trigger.REOPEN)
    await house.room.pass_time(hours=1)
    wish = EscalationRequested(reason_code="requested", message_id=None, to_tier=4)
    await house.do(dispute_id, wish)
    async with house.room.database.transaction() as tx:
        await house.room.handlers(tx, [])
    await house.room.pass_time(hours=1)
    await house.resolved(dispute_id, 1)
    await house.closed(dispute_id)
    return dispute_id


async def test_a_dispute_that_really_ran_climbs_in_the_replay_where_it_really_climbed(house: House) -> None:
    dispute_id = await a_life(house)
    really = await house.climbed(dispute_id)
    assert [(of, to) for of, to, _ in really] == [(1, 2), (2, 3)]
    outcome = replay(await house.told(dispute_id), for_replay(a_matrix()), CALENDARS)
    assert outcome.unlike == 0
    # The wish for tier 4 was only recorded here: in this room nobody hands escalation its events.
    replayed = [(each.from_tier, each.to_tier, each.because) for each in outcome.climbs]
    assert replayed == [*really, (3, 4, ("a higher tier was asked for",))]
    events = [each for each in await house.room.events(dispute_id) if isinstance(each, DisputeEscalated)]
    for event, climb in zip(events, outcome.climbs, strict=False):
        assert event.due_at is not None
        assert abs(datetime.fromisoformat(event.due_at) - climb.at) < timedelta(seconds=30)


async def test_the_answer_compares_the_proposal_with_the_present_policy(house: House) -> None:
    await a_life(house)
    (quick,) = await house.room.taken_up()
    await house.acknowledged(quick)
    await house.room.pass_time(hours=3)
    await house.resolved(quick)
    await house.closed(quick)
    await house.room.taken_up()
    body = a_body()
    body["tiers"][0]["deadline"] = "2 hours"
    editor = await house.desk.key(scopes=("policies:write",))
    reply = await house.desk.client.post(URL, json={"policy": body}, headers=editor)
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert (told["over"], told["disputes"], told["differ"], told["newly_climbing"], told["sooner"]) == (2, 2, 2, 1, 1)
    assert (told["present"]["highest"], told["proposed"]["highest"]) == ({"1": 1, "4": 1}, {"2": 1, "4": 1})
    assert told["proposed"]["climbs_because"]["the deadline of a tier passed"] == 3
    assert told["higher"] == 1
    assert (await house.room.read(quick)).reference in {each["reference"] for each in told["examples"]}
    same = (await house.desk.client.post(URL, json={"version": 2}, headers=editor)).json()
    assert (same["disputes"], same["differ"], same["present"]) == (2, 0, same["proposed"])
    none = await house.desk.client.post(URL, json={"version": 2, "since": "2100-01-01T00:00:00Z"}, headers=editor)
    assert (none.json()["over"], none.json()["disputes"]) == (0, 0)


async def test_what_was_corrected_counts_from_then_on(house: House) -> None:
    (dispute_id,) = await house.room.taken_up()
    await house.acknowledged(dispute_id)
    await house.room.pass_time(hours=1)
    changes = {"amount": ("49.90 EUR", "900.00 EUR"), "category": ("billing_error", "warranty"), "product": (None, "x")}
    await house.do(dispute_id, DisputeCorrected(changes=changes))
    await house.resolved(dispute_id)
    outcome = replay(await house.told(dispute_id), for_replay(a_matrix()), CALENDARS)
    assert [(each.to_tier, each.because) for each in outcome.climbs] == [(3, ("a large amount",))]


async def test_several_processes_find_the_same_as_one(house: House, database: str, tmp_path: Path) -> None:
    for _ in range(3):
        await a_life(house)
    proposed = a_body()
    proposed["tiers"][0]["deadline"] = "2 hours"
    order = Order(database, a_body(), proposed, DEFAULT_CALENDARS, range(2025, 2030))
    whole = await replay_whole(house.room.database, order, since=LONG_AGO, limit=100, processes=2)
    editor = await house.desk.key(scopes=("policies:write",))
    told = (await house.desk.client.post(URL, json={"policy": proposed}, headers=editor)).json()
    assert (whole.over, whole.comparison.disputes, whole.comparison.differ) == (3, 3, told["differ"])
    assert dict(whole.comparison.proposed.highest) == told["proposed"]["highest"]
    assert [each.reference for each in whole.comparison.examples] == [each["reference"] for each in told["examples"]]
    some = await replay_whole(house.room.database, order, since=LONG_AGO, limit=2, processes=1)
    assert some.comparison.disputes == 2
