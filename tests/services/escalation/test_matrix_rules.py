"""Conditions in words, teams and reminders on the real engine: what was written is what happens to stored disputes."""

from typing import Any

import pytest

from shared.domain.lifecycle import Status
from tests.domain.matrices import a_tier, clocks
from tests.services.escalation.room import Room

PEOPLE = [
    {"name": "Ann", "teams": ["cards"]},
    {"name": "Bob", "teams": ["cards"], "roles": ["lead"]},
    {"name": "Cleo", "roles": ["lead"]},
]
TIERS = [
    a_tier("Agent", "4 hours", holders=[{"team": "cards"}], on_breach="remind"),
    a_tier("Lead", "900 hours", holders=[{"role": "lead", "team": "cards"}]),
    a_tier("Manager", "900 hours", holders=[{"name": "Cleo"}]),
]
TEAM = {"people": PEOPLE, "teams": {"cards": {}}, "tiers": TIERS}
WORDS = (
    'metadata.contract == "priority" and product == "router" and jurisdiction in ["GB", "IE"] '
    'and channel == "letter" and remedy_sought == "refund" and language == "en" and waiting == "nobody"'
)
MATCHING: dict[str, Any] = {
    "metadata": {"contract": "priority"},
    "product": "router",
    "jurisdiction": "IE",
    "channel": "letter",
    "remedy_sought": "refund",
}


def when(text: str, to_tier: int = 3) -> list[dict[str, Any]]:
    return [{"name": "words", "when": text, "to_tier": to_tier, "because": "the words hold"}]


async def test_a_stored_dispute_is_judged_by_every_fact_in_words(room: Room) -> None:
    await room.put_policy(**TEAM, thresholds=when(WORDS))
    (matching,) = await room.taken_up(**MATCHING)
    (other,) = await room.taken_up(**(MATCHING | {"metadata": {"contract": "basic"}}))
    assert [(await room.read(each)).tier for each in (matching, other)] == [3, 1]
    assert (await room.read(matching)).handler == "Cleo"
    assert (await room.read(other)).handler in {"Ann", "Bob"}


async def test_a_dispute_climbs_when_a_fact_it_is_judged_by_changes(room: Room) -> None:
    await room.put_policy(**TEAM, thresholds=when('product == "router" and stage == "internal_1"', to_tier=2))
    (dispute_id,) = await room.taken_up()
    await room.change(dispute_id, product="router")
    await room.hear([dispute_id])
    found = await room.read(dispute_id)
    assert (found.tier, found.handler) == (2, "Bob")


@pytest.mark.parametrize("status", [Status.AWAITING_CUSTOMER, Status.AWAITING_DEPARTMENT])
async def test_whom_a_dispute_waits_for_is_read_from_its_status(room: Room, status: Status) -> None:
    await room.put_policy(**TEAM, thresholds=when('waiting == "customer"', to_tier=2))
    (dispute_id,) = await room.taken_up(status=status)
    assert (await room.read(dispute_id)).tier == (2 if status is Status.AWAITING_CUSTOMER else 1)


async def test_a_tier_that_is_reminded_first_is_reminded_by_the_sweep_and_then_climbs_once(room: Room) -> None:
    quiet = clocks(acknowledgement=None, first_response=None, next_update=None)
    await room.put_policy(**TEAM, thresholds=[], clocks=quiet)
    (dispute_id,) = await room.taken_up()
    tiers = []
    for hours in (4, 10, 20, 1):
        await room.pass_time(hours=hours, seconds=1)
        tiers.append((await room.read(dispute_id)).tier)
    assert tiers == [1, 1, 2, 2]
    told = await room.told()
    assert (told["dispute.deadline_missed"], told["dispute.escalated"]) == (2, 1)
