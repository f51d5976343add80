"""Experts: called by a threshold once, reminded, never overdue early, overdue once, and then the dispute climbs."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.escalation.expert_watch import ExpertWatch
from shared.db import experts, messages
from shared.db.experts import Shown
from shared.domain.experts import RequestState
from shared.domain.frozen import altered
from shared.domain.lifecycle import Trigger
from shared.messages.events import DisputeEscalated, Event
from shared.messages.expert_events import ExpertAsked, ExpertOverdue, ExpertWithdrawn
from tests.services.escalation.room import Room

DESKS = {
    "fraud": {"title": "Fraud desk", "email": "fraud@house.example", "deadline": "8 hours", "calendar": "always"},
    "legal": {"title": "Legal", "deadline": "8 hours", "calendar": "always", "remind_at": None},
}
CALLS = [
    {"name": "large", "when": {"amount_over": "40"}, "call_expert": "fraud", "because": "the amount is large"},
]


async def calling(room: Room, *more: dict[str, Any]) -> None:
    await room.put_policy(experts=DESKS, thresholds=[*CALLS, *more], reference_rates={})


async def asked(room: Room, dispute_id: UUID) -> list[Shown]:
    async with room.database.transaction() as tx:
        return await experts.listed(tx, dispute_id)


async def watch(room: Room) -> None:
    while await ExpertWatch(room.database, room.handlers, batch=10).round():
        pass


async def told(room: Room, dispute_id: UUID, *kinds: type[Event]) -> list[Any]:
    return [each for each in await room.events(dispute_id) if isinstance(each, kinds)]


async def test_a_threshold_calls_its_desk_once_and_leaves_the_tier_alone(room: Room) -> None:
    await calling(room)
    (dispute_id,) = await room.taken_up()
    await room.hear([dispute_id])
    (found,) = await asked(room, dispute_id)
    assert (found.request.desk, found.request.threshold, found.request.state) == ("fraud", "large", "open")
    assert found.question == "Your advice is asked for because the amount is large."
    assert found.request.due_at == found.request.asked_at + timedelta(hours=8)
    (event,) = await told(room, dispute_id, ExpertAsked)
    assert (event.desk, event.threshold, event.reminder) == ("fraud", "large", 0)
    assert (await room.read(dispute_id)).tier == 1
    assert (await room.events(dispute_id))[0].because == ("every dispute begins with Agent (tier 1)",)  # type: ignore[attr-defined] # the first assignment
    async with room.database.transaction() as tx:
        (note,) = await messages.page(tx, dispute_id)
    assert (note.internal, str(note.id)) == (True, event.message_id)


async def test_a_threshold_may_climb_and_call_at_once(room: Room) -> None:
    both = {"name": "both", "when": {"amount_over": "45"}, "to_tier": 3, "call_expert": "legal", "because": "both"}
    await calling(room, both)
    (dispute_id,) = await room.taken_up()
    assert (await room.read(dispute_id)).tier == 3
    assert {each.request.desk for each in await asked(room, dispute_id)} == {"fraud", "legal"}


async def test_a_desk_is_reminded_once_on_the_way_and_overdue_never_early_and_only_once(room: Room) -> None:
    await calling(room)
    (dispute_id,) = await room.taken_up()
    room.ahead += timedelta(hours=3, minutes=59)
    await watch(room)
    assert len(await told(room, dispute_id, ExpertAsked)) == 1
    room.ahead += timedelta(minutes=2)
    await watch(room)
    await watch(room)
    assert [each.reminder for each in await told(room, dispute_id, ExpertAsked)] == [0, 1]
    room.ahead += timedelta(hours=3, minutes=57)
    await watch(room)
    assert await told(room, dispute_id, ExpertOverdue) == []
    room.ahead += timedelta(minutes=3)
    await watch(room)
    await watch(room)
    (overdue,) = await told(room, dispute_id, ExpertOverdue)
    assert overdue.fired_at >= overdue.due_at
    (found,) = await asked(room, dispute_id)
    assert (found.request.state, found.request.reminders) == (RequestState.OVERDUE, 1)
    climbed = await told(room, dispute_id, DisputeEscalated)
    assert [(each.from_tier, each.to_tier, each.because) for each in climbed] == [
        (1, 2, ("the experts of fraud did not answer in time",))
    ]


async def test_several_watches_at_once_tell_each_overdue_question_once(room: Room) -> None:
    await calling(room)
    ids = await room.taken_up(12)
    room.ahead += timedelta(hours=9)
    watches = [ExpertWatch(room.database, room.handlers, batch=4) for _ in range(3)]
    for _ in range(6):
        await asyncio.gather(*(each.round() for each in watches))
    for each in ids:
        assert len(await told(room, each, ExpertOverdue)) == 1
        assert (await room.read(each)).tier == 2


async def test_questions_found_overdue_together_climb_once(room: Room) -> None:
    second = {"name": "second", "when": {"amount_over": "45"}, "call_expert": "legal", "because": "law"}
    await calling(room, second)
    (dispute_id,) = await room.taken_up()
    room.ahead += timedelta(hours=9)
    await watch(room)
    assert len(await told(room, dispute_id, ExpertOverdue)) == 2
    assert len(await told(room, dispute_id, DisputeEscalated)) == 1


async def test_what_was_answered_is_never_overdue(room: Room) -> None:
    await calling(room)
    (dispute_id,) = await room.taken_up()
    async with room.database.transaction() as tx:
        (found,) = await experts.listed(tx, dispute_id)
        answered = altered(found.request, state=RequestState.ANSWERED, answered_by="principal:test", answered_at=tx.now)
        await experts.keep(tx, answered)
    room.ahead += timedelta(hours=9)
    await watch(room)
    assert await told(room, dispute_id, ExpertOverdue) == []


async def test_a_question_of_a_dispute_that_is_over_is_withdrawn_and_climbs_nothing(room: Room) -> None:
    await calling(room)
    (dispute_id,) = await room.taken_up()
    await room.move(dispute_id, Trigger.RESOLVE)
    room.ahead += timedelta(hours=9)
    await watch(room)
    (event,) = await told(room, dispute_id, ExpertOverdue, ExpertWithdrawn)
    assert (type(event), event.because) == (ExpertWithdrawn, "dispute_over")
    assert (await room.read(dispute_id)).tier == 1


async def test_overdue_at_the_top_is_told_and_climbs_nowhere(room: Room) -> None:
    await calling(room)
    (dispute_id,) = await room.taken_up()
    await room.change(dispute_id, tier=4)
    room.ahead += timedelta(hours=9)
    await watch(room)
    assert len(await told(room, dispute_id, ExpertOverdue)) == 1
    assert (await room.read(dispute_id)).tier == 4


async def test_a_matrix_without_such_thresholds_asks_nobody(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    assert await asked(room, dispute_id) == []
