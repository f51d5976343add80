"""How the matrix did, against numbers counted by hand on a real database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from services.intake.api import insight
from shared.db import disputes, history
from shared.db.disputes import Change
from shared.domain.frozen import altered
from shared.domain.lifecycle import Outcome, Trigger
from shared.messages.events import DisputeReopened, DisputeResolved, EscalationRequested
from tests.services.escalation.room import Room
from tests.services.intake.desk import Desk, a_desk

URL = "/v1/insight/matrix"


@dataclass
class House:
    """A desk on a clock that the test moves, and the engine."""

    desk: Desk
    room: Room

    async def read(self, query: str = "", scopes: tuple[str, ...] = ("ops:read",)) -> Any:
        return await self.desk.client.get(URL + query, headers=await self.desk.key(scopes=scopes))

    async def resolved(self, dispute_id: UUID, outcome: Outcome) -> None:
        async with self.room.database.transaction() as tx:
            before = await disputes.lock(tx, dispute_id)
            after = altered(before.after(Trigger.RESOLVE, tx.now), outcome=outcome, informed_at=tx.now)
            after = altered(after, responded_at=after.responded_at or tx.now)
            told = DisputeResolved(
                outcome=outcome.value, remedy=None, amount=None, currency=None, occasion=before.reopen_count
            )
            await disputes.save(tx, Change(before, after, (told,), "principal:test"))
        await self.room.hear([dispute_id])

    async def opened_again(self, dispute_id: UUID, to_tier: int) -> None:
        async with self.room.database.transaction() as tx:
            before = await disputes.lock(tx, dispute_id)
            told = DisputeReopened(because="new_facts", occasion=1)
            await disputes.save(tx, Change(before, before.after(Trigger.REOPEN, tx.now), (told,), "principal:test"))
        await self.room.hear([dispute_id])
        wish = EscalationRequested(reason_code="requested", message_id=None, to_tier=to_tier)
        async with self.room.database.transaction() as tx:
            before = await disputes.lock(tx, dispute_id)
            await disputes.save(tx, Change(before, before, (wish,), "principal:test"))
            entries = await history.entries(tx, dispute_id)
            await self.room.handlers(tx, [entries[-1].envelope])

    async def acknowledged(self, dispute_id: UUID) -> None:
        async with self.room.database.transaction() as tx:
            now = tx.now
        await self.room.change(dispute_id, acknowledged_at=now)
        await self.room.hear([dispute_id])


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    room = Room(database)
    await room.put_policy()
    async with a_desk(room.database, [insight.router]) as desk:
        yield House(desk, room)
    await room.database.dispose()


async def test_the_numbers_are_those_counted_by_hand(house: House) -> None:
    room = house.room
    # One lawyer, in the fourth tier from the first; three ordinary ones; all acknowledged at once.
    (lawyer,) = await room.taken_up(1, signals=("legal_threat",))
    ids = await room.taken_up(3)
    for each in (lawyer, *ids):
        await house.acknowledged(each)
    # After an hour one is decided. After four hours the other two ordinary ones climb, by the hour the rest answered.
    await room.pass_time(hours=1)
    await house.resolved(ids[0], Outcome.NOT_UPHELD)
    for hours in (1, 1, 1.01):
        await room.pass_time(hours=hours)
    await house.resolved(ids[1], Outcome.UPHELD)
    # The first is opened again for the second tier, which finds otherwise: overturned.
    await house.opened_again(ids[0], 2)
    await room.pass_time(hours=1)
    await house.resolved(ids[0], Outcome.UPHELD)

    told = (await house.read()).json()
    assert (told["received"], told["looked_at"], told["complete"], told["policy_version"]) == (4, 4, True, 1)
    assert {each["name"]: each["disputes"] for each in told["thresholds"]} == {
        "big": 0,
        "law": 1,
        "calls": 0,
        "again": 0,
    }
    assert told["never_fired"] == ["big", "calls", "again"]
    tiers = {each["tier"]: each for each in told["tiers"]}
    assert [(n, each["open"]) for n, each in tiers.items()] == [(1, 0), (2, 1), (3, 0), (4, 1)]
    # Visits of tier 1: three at first, and the reopened one for a moment; of tier 2: two climbed, one asked for.
    assert (tiers[1]["visits"], tiers[1]["going_on"], tiers[2]["visits"], tiers[2]["going_on"]) == (4, 0, 3, 1)
    assert tiers[1]["median_hours"] == pytest.approx((1 + 4.01) / 2, abs=0.02)
    assert tiers[1]["p90_hours"] == pytest.approx(4.01, abs=0.02)
    verdicts = {n: (each["decisions"], each["reopened"], each["overturned"]) for n, each in tiers.items()}
    assert verdicts == {1: (1, 1, 1), 2: (2, 0, 0), 3: (0, 0, 0), 4: (0, 0, 0)}
    assert (tiers[1]["overturn_rate"], tiers[3]["overturn_rate"]) == (1.0, None)

    clocks = {each["clock"]: each for each in told["clocks"]}
    assert (clocks["acknowledgement"]["kept"], clocks["acknowledgement"]["broken"]) == (4, 0)
    assert (clocks["first_response"]["kept"], clocks["first_response"]["running"]) == (2, 2)
    assert clocks["first_response"]["promise"]
    assert not clocks["tier"]["promise"]
    # Two ordinary ones were warned and then broken in the first tier.
    tier = clocks["tier"]
    assert (tier["warned"], tier["warned_then_broken"], tier["warn_to_breach_rate"]) == (2, 2, 1.0)
    assert (tier["broken"], tier["kept_rate"]) == (2, round(3 / 5, 4))
    # They were due after four hours and noticed 36 seconds later: the clock was moved by 1 + 1 + 1 + 1.01 hours.
    assert tier["lateness"]["noticed"] == 2
    assert tier["lateness"]["p50"] == pytest.approx(36, abs=10)
    assert told["lateness"]["max"] == pytest.approx(36, abs=10)


async def test_a_promise_broken_and_met_afterwards_is_told_as_both(house: House) -> None:
    (dispute_id,) = await house.room.taken_up()
    await house.room.pass_time(hours=3)
    await house.acknowledged(dispute_id)
    clocks = {each["clock"]: each for each in (await house.read()).json()["clocks"]}
    told = clocks["acknowledgement"]
    assert (told["kept"], told["broken"], told["met_late"], told["kept_rate"]) == (0, 1, 1, 0.0)


async def test_only_disputes_received_since_and_only_the_newest_so_many_are_counted(house: House) -> None:
    await house.room.taken_up(3)
    await house.room.pass_time(days=91)
    await house.room.taken_up(2)
    told = (await house.read()).json()
    assert (told["received"], told["looked_at"]) == (2, 2)
    everything = (await house.read("?since=2020-01-01T00:00:00Z&limit=4")).json()
    assert (everything["received"], everything["looked_at"], everything["complete"]) == (5, 4, False)
    visits = sum(each["visits"] for each in everything["tiers"] if each["tier"] == 1)
    assert visits == 4
    assert sum(each["open"] for each in told["tiers"]) == 5


async def test_of_nothing_there_is_nothing_to_tell(house: House) -> None:
    told = (await house.read()).json()
    assert (told["received"], told["clocks"], told["lateness"]["p50"]) == (0, [], None)
    assert [each["tier"] for each in told["tiers"]] == [1, 2, 3, 4]


async def test_it_is_for_those_who_watch_or_change_policies(house: House) -> None:
    assert (await house.read(scopes=("cases:work",))).status_code == 403
    assert (await house.read(scopes=("policies:write",))).status_code == 200
    assert (await house.read("?since=yesterday")).status_code == 422
    assert (await house.read("?limit=0")).status_code == 422
