"""Anybody who works on a case may ask for more time; what the clock's rule does not allow is refused with what it does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.intake.api import extensions
from shared.db import clocks, decisions
from shared.db.clocks import Kept
from shared.db.decisions import Decisions
from shared.db.engine import Database
from shared.domain.clock_record import Clock, ClockState, Kind, OnBreach, Promise
from shared.domain.clock_spec import ClockSpec
from shared.domain.clock_terms import MayExtend, Watch
from shared.domain.dispute import Dispute
from shared.domain.duration import Duration, Unit, parse_term
from shared.messages.events import ExtensionRequested
from tests.services.intake.desk import Desk, a_desk

MILESTONE = Kind("regime:us.reg_e.1005_11/investigation")
RULE = MayExtend(times=1, by=Duration(5, Unit.HOUR))
WISH = {"by": "5 hours", "reason": "an expert is asked"}


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [extensions.router]) as opened:
        yield opened


async def with_clock(desk: Desk, kind: Kind = Kind.RESOLUTION, rule: MayExtend | None = RULE, **more: Any) -> Dispute:
    """A dispute with one clock, due in an hour."""
    dispute = await desk.dispute()
    watch = Watch("Investigation", duty=True, met_by=("resolved",)) if kind is MILESTONE else None
    async with desk.db.transaction() as tx:
        spec = ClockSpec(kind.value, parse_term("1 hour"), "always")
        given: dict[str, Any] = {
            "kind": kind,
            "generation": 1,
            "phase": 0,
            "state": ClockState.RUNNING,
            "tier": None,
            "promise": Promise(spec, OnBreach.TELL, extension=rule, watch=watch),
            "policy_version": 1,
            "started_at": tx.now,
            "opened_at": tx.now,
            "due_at": tx.now + timedelta(hours=1),
        }
        await decisions.save(tx, Decisions(clocks=[Kept(dispute.id, Clock(**(given | more)), new=True)]))
    return dispute


@pytest.mark.parametrize("kind", [Kind.RESOLUTION, MILESTONE])
async def test_a_wish_within_the_rule_is_recorded_and_moves_nothing_yet(desk: Desk, kind: Kind) -> None:
    dispute = await with_clock(desk, kind)
    reply = await desk.post(dispute, f"clocks/{kind}/extend", WISH, await desk.key())
    assert reply.status_code == 202
    assert reply.headers["location"] == f"/v1/disputes/{dispute.id}/clocks/{kind}/explain"
    (asked,) = await desk.told(dispute.id)
    assert isinstance(asked, ExtensionRequested)
    assert (asked.clock, asked.generation, asked.by, asked.until) == (kind.value, 1, "5 hours", None)
    async with desk.db.transaction() as tx:
        assert (await clocks.newest(tx, [dispute.id]))[dispute.id][kind].extensions == ()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (WISH | {"by": "6 hours"}, 422, "at most 5 hours"),
        (WISH | {"by": "1 fortnight"}, 422, "not a unit of time"),
        (WISH | {"by": "1 hour or 2 hours, whichever first"}, 422, "One term"),
        (WISH | {"until": "2030-01-01T00:00:00Z"}, 422, "either by or until"),
        ({"reason": "no length"}, 422, "either by or until"),
        ({"by": "1 hour"}, 422, "required"),
        ({"until": "2020-01-01T00:00:00Z", "reason": "earlier"}, 422, "ends later"),
    ],
)
async def test_what_the_rule_does_not_allow_is_refused_with_what_it_does(
    desk: Desk, body: dict[str, str], status: int, said: str
) -> None:
    dispute = await with_clock(desk)
    reply = await desk.post(dispute, "clocks/resolution/extend", body, await desk.key())
    assert reply.status_code == status
    assert said in reply.text
    assert await desk.told(dispute.id) == []


async def test_a_clock_without_extension_or_already_over_is_not_extended(desk: Desk) -> None:
    without = await with_clock(desk, rule=None)
    reply = await desk.post(without, "clocks/resolution/extend", WISH, await desk.key())
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    over = await with_clock(desk, state=ClockState.STOPPED)
    assert (await desk.post(over, "clocks/resolution/extend", WISH, await desk.key())).status_code == 409


@pytest.mark.parametrize("kind", ["first_response", "regime:xx/none", "nonsense", "a/b/c"])
async def test_a_clock_that_is_not_there_is_not_extended(desk: Desk, kind: str) -> None:
    dispute = await with_clock(desk)
    assert (await desk.post(dispute, f"clocks/{kind}/extend", WISH, await desk.key())).status_code == 404
