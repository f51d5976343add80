"""More time asked for at intake is granted once by escalation, and the sweep keeps to the new deadline."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.intake.commands.extend import ask_for_time
from shared.db import disputes, history
from shared.domain.clock_record import Kind
from shared.domain.duration import Duration, Unit
from shared.domain.lifecycle import Trigger
from shared.messages.events import DeadlineExtended, DeadlineMissed
from tests.domain.matrices import CALENDARS, clocks
from tests.services.escalation.room import Room

RESOLUTION = {
    "duration": "20 hours",
    "calendar": "always",
    "on_breach": "tell",
    "extension": {"max": "10 hours", "times": 2},
}


@pytest.fixture
async def lenient(room: Room) -> Room:
    """The room with a resolution that is due after 20 hours and may be extended."""
    quiet = clocks(acknowledgement=None, first_response=None, next_update=None, resolution=RESOLUTION)
    await room.put_policy(clocks=quiet)
    return room


async def asked(room: Room, dispute_id: UUID, hours: int) -> None:
    async with room.database.transaction() as tx:
        dispute = await disputes.lock(tx, dispute_id)
        by = Duration(hours, Unit.HOUR)
        await ask_for_time(
            tx, dispute, Kind.RESOLUTION, by, reason="an expert is asked", calendars=CALENDARS, actor="principal:test"
        )


async def heard(room: Room, dispute_id: UUID) -> None:
    """Everything that ever happened to the dispute is heard, perhaps again."""
    async with room.database.transaction() as tx:
        await room.handlers(tx, [entry.envelope for entry in await history.entries(tx, dispute_id)])


async def test_the_deadline_moves_once_however_often_the_wish_is_heard(lenient: Room) -> None:
    (dispute_id,) = await lenient.taken_up()
    before = (await lenient.clocks(dispute_id))["resolution"].due_at
    assert before is not None
    await asked(lenient, dispute_id, 5)
    await heard(lenient, dispute_id)
    await heard(lenient, dispute_id)
    after = (await lenient.clocks(dispute_id))["resolution"]
    assert after.due_at == before + timedelta(hours=5)
    (told,) = [event for event in await lenient.events(dispute_id) if isinstance(event, DeadlineExtended)]
    assert (told.clock, told.times, told.reason) == ("resolution", 1, "an expert is asked")


async def test_the_sweep_keeps_to_the_new_deadline(lenient: Room) -> None:
    (dispute_id,) = await lenient.taken_up()
    await asked(lenient, dispute_id, 5)
    await heard(lenient, dispute_id)
    await lenient.pass_time(hours=24, minutes=59)
    assert await missed(lenient, dispute_id) == 0
    await lenient.pass_time(minutes=2)
    assert await missed(lenient, dispute_id) == 1


async def test_a_wish_that_has_become_impossible_changes_nothing_and_stops_nobody(lenient: Room) -> None:
    (dispute_id,) = await lenient.taken_up()
    await asked(lenient, dispute_id, 5)
    await lenient.move(dispute_id, Trigger.RESOLVE)
    await heard(lenient, dispute_id)
    found = (await lenient.clocks(dispute_id))["resolution"]
    assert (found.state, found.extensions) == ("met", ())


async def missed(room: Room, dispute_id: UUID) -> int:
    events = await room.events(dispute_id)
    return sum(isinstance(event, DeadlineMissed) and event.clock == "resolution" for event in events)
