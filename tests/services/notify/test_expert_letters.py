"""The desk reads the question, the handler the answer, the tier that none came; a desk without address is visible."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.notify.channels.ports import Parcel
from shared.db import messages
from shared.domain.dispute import Dispute
from shared.domain.duration import parse_term
from shared.domain.experts import ExpertDesk
from shared.messages.events import Event
from shared.messages.expert_events import ExpertAnswered, ExpertAsked, ExpertOverdue
from shared.runtime.ids import new_id
from tests.services.notify.material import HANDLER, World, a_world
from tests.services.notify.outside import AnsweringChannel
from tests.waiting import eventually

DUE = "2026-05-06T16:00:00Z"
FRAUD = ExpertDesk("fraud", "Fraud desk", "fraud@house.example", None, parse_term("8 hours"), "always", None)


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with a_world(database) as opened:
        opened.matrix = replace(opened.matrix, experts={"fraud": FRAUD, "silent": replace(FRAUD, email=None)})
        yield opened


async def written(world: World, dispute: Dispute, body: str) -> str:
    """An internal message of the dispute."""
    made = new_id()
    async with world.database.transaction() as tx:
        note: dict[str, Any] = {"direction": "out", "channel": "note", "author": "agent", "author_name": "Grace"}
        await messages.add(
            tx,
            messages.Message(
                id=made,
                dispute_id=dispute.id,
                body=body,
                internal=True,
                automatic=False,
                inbound_delivery_id=None,
                created_at=tx.now,
                **note,
            ),
        )
    return str(made)


async def sent(world: World, dispute: Dispute, event: Event) -> Sequence[Parcel]:
    channel = AnsweringChannel()
    async with world.sending({"email": channel}):
        await world.happen(dispute, event)
        await eventually(lambda: channel.parcels)
    return channel.parcels


def asked(message_id: str, desk: str = "fraud", reminder: int = 0) -> ExpertAsked:
    facts: dict[str, Any] = {"request_id": "r1", "message_id": message_id, "due_at": DUE, "threshold": None}
    return ExpertAsked(desk=desk, reminder=reminder, **facts)


async def test_the_desk_reads_the_question_and_by_when(world: World) -> None:
    dispute = await world.file()
    event = asked(await written(world, dispute, "Is this signature genuine?"))
    (parcel,) = await sent(world, dispute, event)
    assert (parcel.address, parcel.recipient) == ("fraud@house.example", "expert:fraud")
    text = parcel.content.text  # type: ignore[union-attr] # a letter
    assert "Is this signature genuine?" in text
    assert "6 May 2026" in text
    await world.happen(dispute, event)
    assert len(await world.deliveries(kind="expert_request")) == 1
    await world.happen(dispute, asked(event.message_id, reminder=1))
    assert len(await world.deliveries(kind="expert_request")) == 2


async def test_the_handler_reads_the_answer(world: World) -> None:
    dispute = await world.file()
    answer = await written(world, dispute, "It is forged.")
    event = ExpertAnswered(request_id="r1", desk="fraud", message_id=answer, late=True)
    (parcel,) = await sent(world, dispute, event)
    assert parcel.recipient == HANDLER
    text = parcel.content.text  # type: ignore[union-attr] # a letter
    assert "It is forged." in text
    assert "after their time" in text


async def test_the_tier_is_told_that_no_answer_came(world: World) -> None:
    dispute = await world.file()
    event = ExpertOverdue(request_id="r1", desk="fraud", due_at=DUE, fired_at=DUE)
    parcels = await sent(world, dispute, event)
    assert HANDLER in {parcel.recipient for parcel in parcels}


async def test_a_desk_that_cannot_be_written_to_is_on_record(world: World) -> None:
    dispute = await world.file()
    for desk in ("silent", "gone"):
        await world.happen(dispute, asked(await written(world, dispute, "Why?"), desk))
    (row, *_) = await world.deliveries(kind="expert_request")
    assert (row["state"], row["reason"]) == ("suppressed", "no_address")
