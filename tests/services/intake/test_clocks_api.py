"""Every promise of time can be read, and every deadline says why it is when it is."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.intake.api import clocks as api
from shared.db import decisions
from shared.db.clocks import Kept
from shared.db.decisions import Decisions
from shared.db.engine import Database
from shared.domain.clock_record import Clock, ClockState, Kind, OnBreach, Promise
from shared.domain.clock_spec import ClockSpec
from shared.domain.dispute import Dispute, Wait
from shared.domain.duration import parse_term
from shared.domain.lifecycle import Status
from tests.services.intake.desk import Desk, a_desk

MAUNDY_THURSDAY = datetime(2026, 4, 2, 14, 0, tzinfo=UTC)
DUE = datetime(2026, 4, 7, 10, 30, tzinfo=UTC)


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [api.router]) as opened:
        yield opened


def a_clock(term: str = "5 business hours", **fields: Any) -> Clock:
    kind = fields.pop("kind", Kind.FIRST_RESPONSE)
    spec = ClockSpec(
        kind.value,
        parse_term(term),
        fields.pop("calendar", "desk"),
        pausable=fields.pop("pausable", True),
        warn_at=(0.5, 0.75),
    )
    given: dict[str, Any] = {
        "kind": kind,
        "generation": 1,
        "phase": 0,
        "state": ClockState.RUNNING,
        "tier": None,
        "promise": Promise(spec, OnBreach.TELL),
        "policy_version": 1,
        "started_at": MAUNDY_THURSDAY,
        "opened_at": MAUNDY_THURSDAY,
        "due_at": DUE,
    }
    return Clock(**(given | fields))


async def store(desk: Desk, dispute: Dispute, *made: Clock) -> None:
    async with desk.db.transaction() as tx:
        await decisions.save(tx, Decisions(clocks=[Kept(dispute.id, clock, new=True) for clock in made]))


async def test_a_missed_clock_tells_how_late_we_noticed(desk: Desk) -> None:
    dispute = await desk.dispute()
    fired = DUE + timedelta(seconds=0.25)
    await store(desk, dispute, a_clock(state=ClockState.MISSED, missed_at=DUE, fired_at=fired, warned=(50, 75)))
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/clocks", headers=await desk.key())
    (clock,) = reply.json()["items"]
    assert clock["lateness_seconds"] == 0.25
    assert (clock["state"], clock["promise"], clock["warned"]) == ("missed", True, [50, 75])
    assert (clock["due_at"], clock["fired_at"]) == ("2026-04-07T10:30:00Z", "2026-04-07T10:30:00.250000Z")
    assert clock["remaining_seconds"] is None


async def test_an_open_clock_tells_what_is_left_in_its_own_counting(desk: Desk) -> None:
    dispute = await desk.dispute()
    async with desk.db.transaction() as tx:
        now = tx.now
    clock = a_clock("24 hours", calendar="always", started_at=now, due_at=now + timedelta(hours=24))
    await store(desk, dispute, clock)
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/clocks", headers=await desk.key())
    (shown,) = reply.json()["items"]
    assert 86_400 - 60 < shown["remaining_seconds"] <= 86_400
    assert shown["lateness_seconds"] is None


async def test_the_newest_of_each_clock_is_listed_and_the_earlier_ones_when_asked(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute()
    await store(
        desk,
        dispute,
        a_clock(kind=Kind.NEXT_UPDATE, state=ClockState.MET, met_at=DUE),
        a_clock(kind=Kind.NEXT_UPDATE, generation=2, started_at=DUE, due_at=DUE + timedelta(days=2)),
        a_clock(kind=Kind.TIER, tier=2),
    )
    url = f"/v1/disputes/{dispute.id}/clocks"
    newest = (await desk.client.get(url, headers=agent)).json()["items"]
    assert sorted((c["kind"], c["generation"], c["tier"]) for c in newest) == [("next_update", 2, None), ("tier", 1, 2)]
    assert len((await desk.client.get(f"{url}?generations=all", headers=agent)).json()["items"]) == 3


async def test_a_deadline_over_easter_says_which_days_did_not_count(desk: Desk) -> None:
    dispute = await desk.dispute()
    await store(desk, dispute, a_clock())
    agent = await desk.key()
    shown = (await desk.client.get(f"/v1/disputes/{dispute.id}/clocks", headers=agent)).json()["items"][0]
    reply = await desk.client.get(shown["explanation"], headers=agent)
    assert reply.status_code == 200
    told = reply.json()
    account = told["account"]
    assert {day["date"] for day in account["holidays"]} == {"2026-04-03", "2026-04-06"}
    assert sum(span["seconds"] for span in account["spans"]) == account["budget_seconds"] == 5 * 3600
    assert datetime.fromisoformat(account["due_at"]) == DUE
    assert any("Not counted, as a holiday" in line for line in told["lines"])
    assert not any("promised then" in line for line in told["lines"])
    assert (told["policy_version"], told["kind"], told["generation"]) == (1, "first_response", 1)


async def test_a_wait_for_the_customer_is_told_as_a_pause(desk: Desk) -> None:
    waits = (Wait(MAUNDY_THURSDAY, MAUNDY_THURSDAY + timedelta(hours=1), "customer"),)
    dispute = await desk.dispute(status=Status.INVESTIGATING, waits=waits)
    await store(desk, dispute, a_clock())
    url = f"/v1/disputes/{dispute.id}/clocks/first_response/explain"
    (pause,) = (await desk.client.get(url, headers=await desk.key())).json()["account"]["pauses"]
    assert (pause["reason"], pause["seconds"]) == ("waiting for the customer", 3600)


async def test_a_clock_that_was_met_is_told_as_it_stood_then(desk: Desk) -> None:
    dispute = await desk.dispute()
    met = MAUNDY_THURSDAY + timedelta(hours=1)
    await store(desk, dispute, a_clock(state=ClockState.MET, met_at=met))
    url = f"/v1/disputes/{dispute.id}/clocks/first_response/explain"
    told = (await desk.client.get(url, headers=await desk.key())).json()
    assert told["account"]["now"] == met.isoformat()
    assert not any("overdue" in line for line in told["lines"])


async def test_what_came_after_a_clock_was_met_moved_nothing_of_it(desk: Desk) -> None:
    met = MAUNDY_THURSDAY + timedelta(hours=1)
    dispute = await desk.dispute(
        status=Status.AWAITING_CUSTOMER, waits=(Wait(met + timedelta(minutes=5), None, "customer"),)
    )
    await store(desk, dispute, a_clock(state=ClockState.MET, met_at=met))
    url = f"/v1/disputes/{dispute.id}/clocks/first_response/explain"
    told = (await desk.client.get(url, headers=await desk.key())).json()
    assert told["account"]["pauses"] == []
    assert datetime.fromisoformat(told["account"]["due_at"]) == DUE
    assert not any("promised then" in line for line in told["lines"])


async def test_a_promise_that_another_calendar_would_move_stands_and_says_so(desk: Desk) -> None:
    dispute = await desk.dispute()
    promised = DUE - timedelta(hours=2)
    await store(desk, dispute, a_clock(due_at=promised))
    url = f"/v1/disputes/{dispute.id}/clocks/first_response/explain"
    told = (await desk.client.get(url, headers=await desk.key())).json()
    assert told["due_at"] == "2026-04-07T08:30:00Z"
    assert told["lines"][-1].endswith("the deadline promised then, 09:30 on Tuesday 7 April 2026, stands.")


async def test_a_wait_that_escalation_has_not_heard_of_yet_is_no_other_calendar(desk: Desk) -> None:
    waits = (Wait(MAUNDY_THURSDAY, None, "customer"),)
    dispute = await desk.dispute(status=Status.AWAITING_CUSTOMER, waits=waits)
    await store(desk, dispute, a_clock())
    url = f"/v1/disputes/{dispute.id}/clocks/first_response/explain"
    lines = (await desk.client.get(url, headers=await desk.key())).json()["lines"]
    assert "It is paused, so the deadline is not known until it starts again." in lines
    assert not any("calendar was changed" in line for line in lines)


async def test_a_clock_whose_calendar_is_gone_is_listed_but_cannot_be_explained(desk: Desk) -> None:
    agent = await desk.key()
    dispute = await desk.dispute()
    await store(desk, dispute, a_clock(calendar="abolished"))
    (shown,) = (await desk.client.get(f"/v1/disputes/{dispute.id}/clocks", headers=agent)).json()["items"]
    assert shown["remaining_seconds"] is None
    reply = await desk.client.get(shown["explanation"], headers=agent)
    assert (reply.status_code, reply.json()["code"]) == (422, "policy_fault")


@pytest.mark.parametrize(
    ("tail", "status"), [("tier/explain", 404), ("x/explain", 404), ("tier/explain?generation=0", 422)]
)
async def test_a_clock_that_is_none_is_not_explained(desk: Desk, tail: str, status: int) -> None:
    dispute = await desk.dispute()
    reply = await desk.client.get(f"/v1/disputes/{dispute.id}/clocks/{tail}", headers=await desk.key())
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("tail", ["clocks", "clocks/tier/explain"])
async def test_clocks_are_read_by_those_who_may_read_the_dispute(desk: Desk, tail: str) -> None:
    dispute = await desk.dispute(filed_by=uuid4())
    await store(desk, dispute, a_clock(kind=Kind.TIER))
    url = f"/v1/disputes/{dispute.id}/{tail}"
    assert (await desk.client.get(url)).status_code == 401
    assert (await desk.client.get(url, headers=await desk.key(scopes=("cases:work",)))).status_code == 403
    own = await desk.key("integration", scopes=("disputes:read", "disputes:own"))
    assert (await desk.client.get(url, headers=own)).status_code == 404
    assert (await desk.client.get(url, headers=await desk.key())).status_code == 200
