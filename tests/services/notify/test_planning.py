"""Which event makes what owed to whom: once each, nothing hidden."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.notify.catalog import Audience
from services.notify.people import told
from services.notify.plan import unreachable
from shared.db import webhooks
from shared.db.webhooks import SEALED_FOR, NewEndpoint
from shared.domain.frozen import altered
from shared.domain.lifecycle import Status
from shared.domain.matrix import Absence
from shared.messages.envelope import Envelope
from shared.messages.events import (
    CustomerNotified,
    DeadlineExtended,
    DeadlineMissed,
    DeadlineWarned,
    DisputeAssigned,
    DisputeClosed,
    DisputeEscalated,
    DisputeReopened,
    DisputeResolved,
    FollowUpDue,
    MessageAdded,
    UpdateOwed,
)
from tests.builders import a_dispute
from tests.services.notify.material import HANDLER, SEALER, World, a_matrix, a_world, assigned

AT = "2026-05-06T16:00:00Z"


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with a_world(database) as made:
        yield made


def agent_message(**fields: Any) -> MessageAdded:
    given: dict[str, Any] = {
        "message_id": str(uuid4()),
        "direction": "out",
        "channel": "email",
        "author": "agent",
        "internal": False,
    }
    return MessageAdded(**(given | fields))


def warned(clock: str, percent: int = 75) -> DeadlineWarned:
    return DeadlineWarned(
        clock=clock, generation=1, percent=percent, tier=1, handler=HANDLER, due_at=AT, warn_at=AT, fired_at=AT
    )


def escalated(**fields: Any) -> DisputeEscalated:
    given: dict[str, Any] = {
        "from_tier": 1,
        "to_tier": 2,
        "handler": "Tom Reed",
        "because": ("its deadline passed",),
        "skipped": (),
        "policy_version": 1,
    }
    return DisputeEscalated(**(given | fields))


async def told_to(world: World) -> set[tuple[str, str]]:
    return {(row["kind"], row["recipient"]) for row in await world.deliveries(state="pending")}


async def test_the_first_assignment_is_acknowledged_to_the_customer_and_told_to_the_handler(world: World) -> None:
    dispute = await world.file()
    await world.happen(dispute, assigned())
    assert await told_to(world) == {("acknowledgement", "customer"), ("assigned", HANDLER)}


async def test_a_dispute_is_acknowledged_once_for_ever(world: World) -> None:
    dispute = await world.file()
    first = await world.happen(dispute, assigned())
    await world.plan(first)
    await world.happen(dispute, assigned(), assigned())
    assert len(await world.deliveries(kind="acknowledgement")) == 1


async def test_the_same_events_planned_by_several_processes_at_once_are_planned_once(world: World) -> None:
    made = [await world.file() for _ in range(5)]
    async with world.database.transaction() as tx:
        events = [Envelope(uuid4(), each.id, 2, tx.now, "system:test", assigned()) for each in made]
    await asyncio.gather(*(world.plan(events if n % 2 else events[::-1]) for n in range(6)))
    assert len(await world.deliveries(kind="acknowledgement")) == 5


async def test_a_customer_without_an_address_is_seen_to_be_unreached_and_a_person_is_told(world: World) -> None:
    dispute = await world.file(private={"email": None, "phone": "+442071838750"}, channel="phone")
    await world.happen(dispute, assigned())
    (acknowledgement,) = await world.deliveries(kind="acknowledgement")
    assert (acknowledgement["state"], acknowledgement["reason"]) == ("suppressed", "no_address")
    (alarm,) = await world.deliveries(kind="undeliverable")
    assert (alarm["recipient"], alarm["state"]) == (HANDLER, "pending")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (None, "no_address"),
        ("", "no_address"),
        ("ada@example.org", None),
        ("mailer-daemon@example.org", "unusable_address"),
        ("MAILER-DAEMON@example.org", "unusable_address"),
        ("no-reply@shop.example", "unusable_address"),
        ("noreply+x@shop.example", "unusable_address"),
        ("bounces+123=ada@example.org", "unusable_address"),
        ("postmaster@example.org", "unusable_address"),
        ("reply+abc@KETTLE.test", "unusable_address"),
        ("noreplying@example.org", None),
        ("bouncer@example.org", None),
    ],
)
def test_machines_and_ourselves_are_never_written_to(address: str | None, reason: str | None) -> None:
    assert unreachable(address, "kettle.test") == reason


async def test_a_loop_of_new_cases_by_mail_from_one_address_ends(database: str) -> None:
    async with a_world(database, acknowledgements_per_address_max=3) as world:
        for _ in range(5):
            dispute = await world.file(channel="email", private={"email": "robot@other-desk.test"})
            await world.happen(dispute, assigned())
        states = [row["state"] for row in await world.deliveries(kind="acknowledgement")]
        assert states == ["pending"] * 3 + ["suppressed"] * 2
        world.later = timedelta(hours=25)
        fresh = await world.file(channel="email", private={"email": "robot@other-desk.test"})
        await world.happen(fresh, assigned())
        assert [row["state"] for row in await world.deliveries(fresh, kind="acknowledgement")] == ["pending"]


async def test_a_customer_who_files_often_by_the_api_is_acknowledged_every_time(database: str) -> None:
    async with a_world(database, acknowledgements_per_address_max=1) as world:
        for _ in range(3):
            await world.happen(await world.file(channel="api"), assigned())
        assert {row["state"] for row in await world.deliveries(kind="acknowledgement")} == {"pending"}


@pytest.mark.parametrize(
    "message",
    [
        agent_message(automatic=True),
        agent_message(internal=True),
        agent_message(author="system"),
        agent_message(direction="in", author="customer", internal=True),
        agent_message(direction="in", author="customer", automatic=True),
        agent_message(direction="in", author="agent"),
        agent_message(channel="phone"),
        agent_message(channel="in_person"),
    ],
    ids=[
        "automatic",
        "internal",
        "system",
        "a note of theirs",
        "their robot's",
        "a reply to a memo",
        "said on the phone",
        "said in person",
    ],
)
async def test_only_what_an_agent_wrote_for_the_customer_is_mailed(world: World, message: MessageAdded) -> None:
    await world.happen(await world.file(), message)
    assert await world.deliveries() == []


async def test_what_an_agent_wrote_is_mailed_once(world: World) -> None:
    dispute = await world.file()
    message = agent_message()
    await world.happen(dispute, message, message)
    (row,) = await world.deliveries()
    assert (row["kind"], row["occasion"]) == ("message", message.message_id)


async def test_what_the_customer_wrote_is_told_to_the_handler_once_for_each_message(world: World) -> None:
    dispute = await world.file()
    first, second = (agent_message(direction="in", author="customer") for _ in range(2))
    await world.happen(dispute, first, first, second, status=Status.CLOSED)
    rows = await world.deliveries()
    assert {(row["kind"], row["recipient"], row["occasion"]) for row in rows} == {
        ("customer_wrote", HANDLER, each.message_id) for each in (first, second)
    }
    assert {row["state"] for row in rows} == {"pending"}


async def test_an_escalation_is_told_to_the_customer_and_to_holders_and_deputies(world: World) -> None:
    dispute = await world.file(tier=2, handler="Tom Reed")
    await world.happen(dispute, escalated())
    expected = {("escalated_customer", "customer"), ("escalated", "Tom Reed"), ("escalated", "Ida Falk")}
    assert await told_to(world) == expected


async def test_a_warning_goes_to_the_handler_and_a_promised_update_is_asked_for_by_name(world: World) -> None:
    dispute = await world.file()
    await world.happen(dispute, warned("resolution"), warned("resolution", 90), warned("next_update"))
    kinds = sorted(row["kind"] for row in await world.deliveries())
    assert kinds == ["deadline_warning", "deadline_warning", "update_owed"]
    assert {row["recipient"] for row in await world.deliveries()} == {HANDLER}


async def test_a_missed_deadline_is_told_to_everybody_of_the_tier(world: World) -> None:
    dispute = await world.file(tier=2, handler=HANDLER)
    await world.happen(
        dispute, DeadlineMissed(clock="tier", generation=1, tier=2, handler=HANDLER, due_at=AT, fired_at=AT)
    )
    assert await told_to(world) == {("deadline_missed", name) for name in (HANDLER, "Tom Reed", "Ida Falk")}


async def test_nobody_holding_the_tier_is_visible(world: World) -> None:
    dispute = await world.file(tier=None, handler=None)
    await world.happen(
        dispute, DeadlineMissed(clock="tier", generation=1, tier=None, handler=None, due_at=AT, fired_at=AT)
    )
    (row,) = await world.deliveries()
    assert (row["recipient"], row["state"], row["reason"]) == ("nobody", "suppressed", "nobody_holds_the_tier")


def test_an_absent_handler_is_stood_in_for() -> None:
    now = datetime(2026, 5, 4, 9, tzinfo=UTC)
    matrix = a_matrix()
    away = Absence(now - timedelta(days=1), now + timedelta(days=1))
    lead = matrix.tiers[1]
    gone = replace(lead, holders=tuple(replace(each, absent=(away,)) for each in lead.holders))
    matrix = replace(matrix, tiers=(matrix.tiers[0], gone, *matrix.tiers[2:]))
    dispute = a_dispute(tier=2, handler="Tom Reed")
    assert [each.name for each in told(matrix, Audience.HANDLER, dispute, now)] == ["Ida Falk"]
    assert [each.name for each in told(matrix, Audience.HANDLER, dispute, away.until)] == ["Tom Reed"]


async def test_a_new_handler_is_named_to_the_customer_and_the_same_one_is_not_named_again(world: World) -> None:
    dispute = await world.file()
    await world.happen(dispute, assigned())
    await world.happen(dispute, assigned(first=False))
    assert await world.deliveries(kind="agent_assigned") == []
    await world.happen(dispute, assigned(first=False, handler="Tom Reed"), handler="Tom Reed")
    assert len(await world.deliveries(kind="agent_assigned")) == 1


async def test_resolution_follow_up_reopening_and_closing_are_told_once_for_each_occasion(world: World) -> None:
    dispute = await world.file()
    resolved = DisputeResolved(outcome="upheld", remedy=None, amount=None, currency=None, occasion=1)
    due = FollowUpDue(occasion=1, due_at=AT, fired_at=AT)
    again = DisputeReopened(because="remedy_failed", occasion=1)
    await world.happen(dispute, resolved, resolved, due, due, again, again)
    await world.happen(dispute, DisputeClosed(because="silence"), acknowledged_at=dispute.received_at)
    kinds = sorted(row["kind"] for row in await world.deliveries())
    assert kinds == ["closed", "follow_up", "reopened", "resolution"]


async def test_a_withdrawal_is_confirmed_and_spam_is_not_answered(world: World) -> None:
    dispute = await world.file()
    await world.happen(dispute, DisputeClosed(because="not_a_dispute"), status=Status.NOT_A_DISPUTE)
    assert await world.deliveries() == []
    await world.happen(dispute, DisputeClosed(because="withdrawn"), status=Status.WITHDRAWN)
    assert [row["kind"] for row in await world.deliveries()] == ["withdrawn"]


async def test_an_update_is_owed_once_for_each_promise(world: World) -> None:
    dispute = await world.file()
    promised = UpdateOwed(due_at=AT, fired_at=AT, next_due_at=None)
    await world.happen(
        dispute, promised, promised, UpdateOwed(due_at="2026-05-20T16:00:00Z", fired_at=AT, next_due_at=None)
    )
    assert len(await world.deliveries(kind="update")) == 2


async def test_that_nothing_gets_through_is_told_to_the_handler_once_for_each_letter(world: World) -> None:
    dispute = await world.file()
    lost = CustomerNotified(
        kind="resolution", channel="email", outcome="failed", delivery_id="d", occasion="1", reason="550"
    )
    sent = CustomerNotified(kind="update", channel="email", outcome="sent", delivery_id="d", occasion="1")
    await world.happen(dispute, lost, lost, sent)
    (row,) = await world.deliveries()
    assert (row["kind"], row["recipient"]) == ("undeliverable", HANDLER)


async def test_every_event_goes_to_every_active_endpoint_that_subscribed_to_it(world: World) -> None:
    async with world.database.transaction() as tx:
        secret = SEALER.encrypt(SEALED_FOR, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        every = await webhooks.add(
            tx, NewEndpoint(name="all", url="https://a.test", secret=secret, topics=("dispute.*",))
        )
        some = await webhooks.add(
            tx, NewEndpoint(name="some", url="https://b.test", secret=secret, topics=("dispute.resolved", "x.#"))
        )
        quiet = await webhooks.add(tx, NewEndpoint(name="off", url="https://c.test", secret=secret, topics=("#",)))
        await webhooks.change(tx, quiet.id, active=False)
    dispute = await world.file()
    await world.happen(
        dispute, assigned(), DisputeResolved(outcome="upheld", remedy=None, amount=None, currency=None, occasion=1)
    )
    rows = [(row["recipient"], row["occasion"]) for row in await world.deliveries(channel="webhook")]
    assert sorted(rows) == sorted([(str(every.id), "2"), (str(every.id), "3"), (str(some.id), "3")])
    assert {str(row["facts"]) for row in await world.deliveries(channel="webhook")} == {"{}"}


async def test_an_event_about_a_dispute_that_is_gone_is_passed_over(world: World) -> None:
    async with world.database.transaction() as tx:
        orphan = Envelope(uuid4(), uuid4(), 2, tx.now, "system:test", assigned())
    await world.plan([orphan])
    assert await world.deliveries() == []


def test_the_plan_holds_nothing_personal() -> None:
    fields = set(DisputeAssigned.__struct_fields__)
    assert not fields & {"name", "email", "phone", "subject", "description"}


async def test_a_customer_hears_of_a_later_deadline_but_not_of_the_houses_own(world: World) -> None:
    dispute = await world.file()
    later: dict[str, Any] = {"generation": 1, "times": 1, "reason": "an expert is asked", "before": AT, "due_at": AT}
    await world.happen(dispute, DeadlineExtended(clock="resolution", **later), DeadlineExtended(clock="tier", **later))
    assert [row["kind"] for row in await world.deliveries()] == ["deadline_extended"]


async def test_a_warning_of_a_later_deadline_is_another_warning_and_the_same_one_is_not(world: World) -> None:
    dispute = await world.file()
    first = warned("resolution")
    await world.happen(dispute, first, first, altered(first, due_at="2026-06-29T16:00:00Z"))
    assert [row["kind"] for row in await world.deliveries()] == ["deadline_warning", "deadline_warning"]
