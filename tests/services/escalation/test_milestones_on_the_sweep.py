"""Regulatory milestones on a real database: begun by the policy `regimes`, met by marks, fired by the sweep."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.commands.extend import ask_for_time
from services.intake.commands.letters import record_letter
from services.intake.commands.mark import mark
from services.intake.commands.move import step
from services.notify import material
from services.notify.wording import Milestone
from shared.db import disputes, history, policies
from shared.db.disputes import Change
from shared.db.keys import Caller
from shared.domain.clock_record import Kind
from shared.domain.lifecycle import Trigger
from shared.messages.events import CustomerNotified, DeadlineMissed, MilestoneMarked
from shared.policy.regime_policy import regimes_body
from tests.domain.matrices import CALENDARS, clocks
from tests.services.escalation.room import AUTHOR, Room

CREDIT, NOTICE, INVESTIGATION = (
    f"regime:us.reg_e.1005_11/{name}" for name in ("provisional_credit", "provisional_credit_notice", "investigation")
)
A_DISPUTE: dict[str, Any] = {"jurisdiction": "US", "metadata": {"product_line": "debit_card"}}
PAYMENT: dict[str, Any] = {"jurisdiction": "GB", "metadata": {"product_line": "payment_service"}}
REPLY = "regime:uk.fca.disp.payments/final_response"
HOURS: dict[str, Any] = {"calendar": "always", "reason": "short for a test"}
OVERRIDES: list[dict[str, Any]] = [
    {"regime": "us.reg_e.1005_11", "milestone": name, "calendar": "always", "term": term, "reason": "short for a test"}
    for name, term in (
        ("provisional_credit", "10 hours"),
        ("provisional_credit_notice", "2 hours"),
        ("investigation", "30 hours"),
    )
] + [
    {"regime": "uk.fca.disp.payments", "milestone": "final_response", "term": "10 hours", **HOURS},
    {
        "regime": "uk.fca.disp.payments",
        "milestone": "final_response",
        "extension_max_total": "40 hours",
        "reason": "short for a test",
    },
    {"regime": "uk.fca.disp.early", "enabled": False, "reason": "not looked at here"},
]


@pytest.fixture
async def regulated(room: Room) -> Room:
    """The room of a business that is under Regulation E, with figures in plain hours."""
    await room.put_policy(clocks=clocks(acknowledgement=None, first_response=None, next_update=None, resolution=None))
    async with room.database.transaction() as tx:
        body = regimes_body(
            {"overrides": [{"regime": "us.reg_e.1005_11", "calendar": "always", "reason": "a test"}, *OVERRIDES]}
        )
        await policies.put(tx, "regimes", body, **AUTHOR)
    return room


async def marked(room: Room, dispute_id: UUID, name: str) -> None:
    """Somebody reports a fact, and escalation hears of it."""
    async with room.database.transaction() as tx:
        dispute = await disputes.lock(tx, dispute_id)
        await mark(tx, dispute, name, at=None, note=None, actor="principal:test")
    await room.hear([dispute_id])


async def test_whoever_writes_a_memo_finds_the_title_of_a_milestone_and_what_has_to_be_sent(regulated: Room) -> None:
    (dispute_id,) = await regulated.taken_up(**A_DISPUTE)
    await marked(regulated, dispute_id, "provisional_credit_given")
    async with regulated.database.transaction() as tx:
        milestones = (await material.read_private(tx, [dispute_id]))[dispute_id].milestones
    assert milestones[CREDIT].title.startswith("Provisional credit")
    assert milestones[NOTICE] == Milestone("Notice of the provisional credit", ("notice of the provisional credit",))


async def missed(room: Room, dispute_id: UUID) -> list[str]:
    return [event.clock for event in await room.events(dispute_id) if isinstance(event, DeadlineMissed)]


async def test_a_dispute_under_a_regime_has_its_milestones_beside_the_house_clocks(regulated: Room) -> None:
    (dispute_id,) = await regulated.taken_up(**A_DISPUTE)
    assert {CREDIT, INVESTIGATION, "tier"} <= set(await regulated.clocks(dispute_id))
    assert {CREDIT, INVESTIGATION, "tier"} <= await regulated.timers(dispute_id)


async def test_a_dispute_under_no_regime_has_none(regulated: Room) -> None:
    (dispute_id,) = await regulated.taken_up(jurisdiction="FR")
    assert set(await regulated.clocks(dispute_id)) == {"tier"}


async def test_a_mark_meets_one_and_starts_the_next_which_the_sweep_fires_once(regulated: Room) -> None:
    (dispute_id,) = await regulated.taken_up(**A_DISPUTE)
    await regulated.pass_time(hours=1)
    await marked(regulated, dispute_id, "provisional_credit_given")
    await marked(regulated, dispute_id, "provisional_credit_given")
    found = await regulated.clocks(dispute_id)
    assert (found[CREDIT].state, found[NOTICE].generation) == ("met", 1)
    assert found[NOTICE].started_at == found[CREDIT].met_at
    await regulated.pass_time(hours=1, minutes=59)
    assert NOTICE not in await missed(regulated, dispute_id)
    await regulated.pass_time(minutes=2)
    await regulated.hear([dispute_id])
    await regulated.pass_time(hours=1)
    assert (await missed(regulated, dispute_id)).count(NOTICE) == 1
    assert any(isinstance(event, MilestoneMarked) for event in await regulated.events(dispute_id))


async def test_a_resolution_meets_what_it_meets_and_nothing_of_that_fires_after_it(regulated: Room) -> None:
    (dispute_id,) = await regulated.taken_up(**A_DISPUTE)
    await regulated.pass_time(hours=1)
    await regulated.move(dispute_id, Trigger.RESOLVE)
    await regulated.pass_time(days=9)
    assert await missed(regulated, dispute_id) == []
    assert (await regulated.clocks(dispute_id))[INVESTIGATION].state == "met"


async def handed_over(room: Room, dispute_id: UUID, kind: str, letter: str) -> None:
    """The notify service handed a letter over, and escalation hears of it."""
    told = CustomerNotified(kind=kind, channel="email", outcome="sent", delivery_id="d", occasion="1", letter=letter)
    async with room.database.transaction() as tx:
        dispute = await disputes.lock(tx, dispute_id)
        await disputes.save(tx, Change(dispute, dispute, (told,), "system:notify"))
    await room.hear([dispute_id])


async def test_a_decision_of_which_nobody_sent_the_letter_is_missed_after_the_resolution(regulated: Room) -> None:
    (dispute_id,) = await regulated.taken_up(**PAYMENT)
    await regulated.pass_time(hours=1)
    await regulated.move(dispute_id, Trigger.RESOLVE)
    await regulated.hear([dispute_id])
    await handed_over(regulated, dispute_id, "resolution", "decision_sent")  # which names no ombudsman
    await regulated.pass_time(hours=10)
    assert await missed(regulated, dispute_id) == [REPLY]


async def test_the_letter_handed_over_stops_the_clock_at_its_instant(regulated: Room) -> None:
    (dispute_id,) = await regulated.taken_up(**PAYMENT)
    await regulated.pass_time(hours=1)
    await regulated.move(dispute_id, Trigger.RESOLVE)
    await regulated.pass_time(hours=1)
    await handed_over(regulated, dispute_id, "message", "final_response_sent")
    found = (await regulated.clocks(dispute_id))[REPLY]
    await regulated.pass_time(days=2)
    assert found.state == "met"
    assert found.met_at is not None
    assert found.met_at - found.started_at >= timedelta(hours=2)
    assert await missed(regulated, dispute_id) == []


async def test_a_letter_recorded_as_sent_otherwise_stops_the_clock_too(regulated: Room) -> None:
    (dispute_id,) = await regulated.taken_up(**PAYMENT)
    await regulated.pass_time(hours=3)
    caller = Caller(uuid4(), uuid4(), "Ann", "agent", 1, frozenset())
    async with regulated.database.transaction() as tx:
        dispute = await disputes.lock(tx, dispute_id)
        at = dispute.received_at + timedelta(hours=2)
        await record_letter(tx, dispute, "final_response_sent", channel="post", sent_at=at, reason=None, caller=caller)
    await regulated.hear([dispute_id])
    found = (await regulated.clocks(dispute_id))[REPLY]
    assert (found.state, found.met_at) == ("met", at)


async def test_more_time_without_its_letter_is_missed_at_the_deadline_there_was(regulated: Room) -> None:
    (dispute_id,) = await regulated.taken_up(**PAYMENT)
    async with regulated.database.transaction() as tx:
        dispute = await disputes.lock(tx, dispute_id)
        by = dispute.received_at + timedelta(hours=30)
        reason = "exceptional circumstances"
        await ask_for_time(tx, dispute, Kind(REPLY), by, reason=reason, calendars=CALENDARS, actor="principal:test")
    async with regulated.database.transaction() as tx:
        await regulated.handlers(tx, [entry.envelope for entry in await history.entries(tx, dispute_id)])
    await regulated.pass_time(hours=9, minutes=59)
    assert await missed(regulated, dispute_id) == []
    await regulated.pass_time(minutes=2)
    assert await missed(regulated, dispute_id) == [f"{REPLY}/extension_notice"]
    await handed_over(regulated, dispute_id, "deadline_extended", "extension_notice_sent")
    found = await regulated.clocks(dispute_id)
    assert found[f"{REPLY}/extension_notice"].met_at is not None
    assert found[REPLY].state == "running"


async def test_a_reopened_phase_starts_when_its_history_says(regulated: Room) -> None:
    (dispute_id,) = await regulated.taken_up()
    await regulated.move(dispute_id, Trigger.RESOLVE)
    await regulated.hear([dispute_id])
    await regulated.pass_time(hours=5)
    await reopened(regulated, dispute_id)
    reopened_at = (await regulated.read(dispute_id)).updated_at
    regulated.ahead += timedelta(minutes=7)
    await regulated.change(dispute_id, contact_count=2, updated_at=reopened_at + timedelta(minutes=7))
    await regulated.hear([dispute_id])
    assert (await regulated.clocks(dispute_id))[Kind.TIER.value].started_at == reopened_at


async def reopened(room: Room, dispute_id: UUID) -> None:

    async with room.database.transaction() as tx:
        await step(tx, await disputes.lock(tx, dispute_id), Trigger.REOPEN, "principal:test")
