"""A dry run says what a proposed matrix would do to the open disputes, how many it looked at, and changes nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from services.intake.api import policies, policy_trials
from services.intake.problems import Problem
from services.intake.trials import Trials
from shared.db import open_sample
from shared.db.dry_run import Bounds, DryRun, Proposal, dry_run
from shared.db.engine import Database
from shared.domain.lifecycle import Trigger
from tests.domain.matrices import CALENDARS, a_body, a_matrix, clocks
from tests.services.escalation.room import Room
from tests.services.intake.desk import Desk, a_desk

URL = "/v1/policies/escalation/dry-run"
KEPT = "select md5(string_agg(t::text, '' order by t::text)) from {table} t"


@dataclass
class House:
    """A desk, and the engine that gave its disputes their clocks."""

    desk: Desk
    room: Room

    async def try_(self, headers: dict[str, str] | None = None, **body: Any) -> Any:
        editor = headers or await self.desk.key(scopes=("policies:write",))
        return await self.desk.client.post(URL, json=body, headers=editor)


@pytest.fixture
async def house(db: Database, database: str) -> AsyncIterator[House]:
    room = Room(database)
    async with a_desk(db, [policies.router, policy_trials.router]) as desk:
        await room.put_policy()
        yield House(desk, room)
    await room.database.dispose()


def faster() -> dict[str, Any]:
    body = a_body(
        clocks=clocks(
            acknowledgement={"duration": "9 hours", "calendar": "always", "on_breach": "escalate"},
            next_update={"duration": "1 hours", "calendar": "always", "on_breach": "tell"},
        )
    )
    body["tiers"][0]["deadline"] = "1 hour"
    body["thresholds"][0]["when"] = {"amount_over": "300"}
    return body


async def test_it_counts_what_would_move_break_and_climb(house: House) -> None:
    await house.room.taken_up(3)
    await house.room.taken_up(1, amount=None, signals=("angry",), contact_count=2)
    proposed = faster()
    proposed["thresholds"][2]["when"] = {"contact_count_at_least": 2}
    reply = await house.try_(policy=proposed)
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert (told["open_disputes"], told["looked_at"], told["complete"]) == (4, 4, True)
    assert (told["moved"], told["affected"], told["escalated"], told["held"]) == (7, 4, 1, 4)
    assert told["earlier"]["bands"]["up to 4 hours"] == 3
    assert told["earlier"]["deadlines"] == 7
    assert [(each["name"], each["moved"]) for each in told["by_clock"]] == [
        ("acknowledgement", 0),
        ("next_update", 4),
        ("tier", 3),
    ]
    assert told["by_tier"] == [
        {"name": "1", "disputes": 4, "moved": 7, "earlier": 7, "later": 0, "held": 4, "overdue": 0, "escalated": 1}
    ]
    assert told["by_holder"][0]["name"] == "Agent Ann"
    climbs = told["examples"][0]
    assert (climbs["tier"], climbs["because"]) == ([1, 2], ["third contact"])
    assert told["without_migration"] == {"deadlines_moved": 0, "handlers_gone": 0}
    assert told["summary"][0] == "Looked at 4 of 4 open disputes."


async def test_promises_to_customers_move_later_only_in_a_trial_that_says_so(house: House) -> None:
    await house.room.taken_up()
    slower = a_body(clocks=clocks(acknowledgement={"duration": "9 hours", "calendar": "always", "on_breach": "tell"}))
    assert (await house.try_(policy=slower)).json()["later"]["deadlines"] == 0
    told = (await house.try_(policy=slower, allow_later=True)).json()
    assert (told["later"]["deadlines"], told["held"], told["later"]["median_seconds"]) == (1, 0, 7 * 3600)


async def test_it_changes_nothing(house: House, db: Database) -> None:
    await house.room.taken_up(2)
    tables = ("dispute", "clock", "timer", "event", "outbox", "policy")

    async def state() -> list[str]:
        async with db.transaction() as tx:
            return [await tx.raw.fetchval(KEPT.format(table=table)) for table in tables]

    editor = await house.desk.key(scopes=("policies:write",))
    before = await state()
    assert (await house.try_(editor, policy=faster())).json()["affected"] == 2
    assert await state() == before


async def test_a_stored_version_can_be_tried_too(house: House) -> None:
    await house.room.taken_up()
    await house.room.put_policy(clocks=clocks(acknowledgement=None))
    assert (await house.try_(version=3)).json()["held"] == 1
    assert (await house.try_(version=2)).json()["affected"] == 0
    assert (await house.try_(version=99)).status_code == 404


async def test_disputes_that_are_over_or_not_taken_up_are_not_counted_as_affected(house: House) -> None:
    over, waits = await house.room.taken_up(2)
    await house.room.move(over, Trigger.WITHDRAW)
    await house.room.filed()
    await house.room.move(waits, Trigger.WAIT_FOR_CUSTOMER)
    await house.room.hear([waits])
    told = (await house.try_(policy=faster())).json()
    assert (told["open_disputes"], told["looked_at"], told["not_taken_up"], told["affected"]) == (2, 1, 1, 1)
    tier = next(each for each in told["examples"][0]["deadlines"] if each["clock"] == "tier")
    assert (tier["before"], tier["after"], tier["by_seconds"]) == (None, None, -3 * 3600)


async def test_one_dispute_that_cannot_be_decided_is_counted_with_its_reason(house: House) -> None:
    bad, _ = await house.room.taken_up(2)
    await house.room.change(bad, policy_version=99)
    told = (await house.try_(policy=faster())).json()
    assert (told["looked_at"], told["failed"]) == (1, {"version 99 cannot be read": 1})


async def a_look(house: House, limit: int, seconds: float = 60) -> DryRun:
    return await dry_run(
        house.room.database, house.room.matrices, CALENDARS, Proposal(a_matrix(9)), Bounds(limit, seconds)
    )


async def test_a_share_of_many_is_drawn_evenly_and_the_answer_says_so(house: House) -> None:
    await house.room.taken_up(1200)
    seen = await a_look(house, 300)
    assert (seen.open_disputes, seen.complete, seen.in_time) == (1200, False, True)
    assert 220 <= seen.foresight.looked_at <= 380
    assert seen.foresight.looked_at == (await a_look(house, 300)).foresight.looked_at
    assert "drawn evenly" in next(seen.sentences())
    assert (await a_look(house, 1200)).foresight.looked_at == 1200


async def test_when_the_time_is_over_the_answer_says_how_far_it_came(house: House) -> None:
    await house.room.taken_up(open_sample.PAGE + 1)
    seen = await a_look(house, 5000, seconds=0)
    assert (seen.foresight.looked_at, seen.in_time, seen.complete) == (open_sample.PAGE, False, False)
    assert "until the time was over" in next(seen.sentences())


async def test_pages_go_on_where_the_one_before_ended_and_miss_nobody(house: House, db: Database) -> None:
    ids = {each.id for each in await house.room.filed(open_sample.PAGE * 2 + 7)}
    seen = [looked.dispute.id async for page in open_sample.pages(db, limit=9999, of=1) for looked in page.disputes]
    assert len(seen) == len(ids)
    assert set(seen) == ids


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_value"),
        ({"policy": {}, "version": 1}, 422, "invalid_value"),
        ({"policy": {}}, 422, "policy_fault"),
        ({"version": 1, "limit": 0}, 422, "invalid_value"),
        ({"version": 1, "limit": 20_001}, 422, "invalid_value"),
        ({"version": "1"}, 422, "invalid_value"),
    ],
)
async def test_what_cannot_be_tried_is_refused_with_the_place(house: House, body: Any, status: int, code: str) -> None:
    reply = await house.try_(**body)
    assert (reply.status_code, reply.json()["code"]) == (status, code)


async def test_only_those_who_change_or_watch_policies_try_them(house: House) -> None:
    assert (await house.try_(await house.desk.key(), version=1)).status_code == 403
    assert (await house.try_(await house.desk.key(scopes=("ops:read",)), version=1)).status_code == 200
    other = await house.desk.client.post(
        "/v1/policies/warranty/dry-run", json={"version": 1}, headers=await house.desk.key(scopes=("ops:read",))
    )
    assert other.status_code == 404


async def test_one_trial_at_a_time_and_the_gate_opens_again() -> None:
    gate = Trials()
    async with gate.alone():
        with pytest.raises(Problem) as refused:
            async with gate.alone():
                raise AssertionError
        assert (refused.value.status, "retry-after" in refused.value.headers) == (503, True)
    async with gate.alone():
        pass
