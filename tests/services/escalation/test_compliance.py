"""A decision of an outside body not carried out in time is told once, never early, and the dispute climbs once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.escalation.compliance import BECAUSE, Compliance
from shared.db import disputes, referrals
from shared.db.engine import Tx
from shared.db.referrals import Referral
from shared.domain.dispute import Dispute
from shared.domain.errors import CannotPromise
from shared.domain.lifecycle import Trigger
from shared.domain.referral import ExternalOutcome, ReferralState
from shared.messages.events import DisputeEscalated
from shared.messages.referral_events import ComplianceMissed
from shared.runtime.ids import new_id
from tests.services.escalation.room import Room


async def decided(room: Room) -> UUID:
    """A dispute back from an outside body, with ten days to comply; its tiers have long deadlines."""
    (dispute_id,) = await room.taken_up()
    for trigger in (Trigger.REFER_EXTERNAL, Trigger.RECORD_EXTERNAL_DECISION):
        await room.move(dispute_id, trigger)
        await room.hear([dispute_id])
    async with room.database.transaction() as tx:
        referral = Referral(
            id=new_id(),
            dispute_id=dispute_id,
            body="The ombudsman",
            reference=None,
            state=ReferralState.DECIDED,
            referred_at=tx.now,
            referred_by="principal:test",
            decided_at=tx.now,
            outcome=ExternalOutcome.UPHELD,
            comply_by=tx.now + timedelta(days=10),
        )
        await referrals.add(tx, referral)
    return dispute_id


async def state(room: Room, dispute_id: UUID) -> ReferralState:
    async with room.database.transaction() as tx:
        (found,) = await referrals.listed(tx, dispute_id)
    return found.state


async def missed(room: Room, dispute_id: UUID) -> list[ComplianceMissed]:
    return [each for each in await room.events(dispute_id) if isinstance(each, ComplianceMissed)]


async def test_it_is_told_once_never_early_and_climbs_one_tier(room: Room) -> None:
    dispute_id = await decided(room)
    room.ahead += timedelta(days=10, seconds=-20)
    watch = Compliance(room.database, room.handlers)
    await watch.round()
    assert (await missed(room, dispute_id), await state(room, dispute_id)) == ([], "decided")
    tier = (await room.read(dispute_id)).tier or 0
    room.ahead += timedelta(seconds=21)
    await asyncio.gather(*(Compliance(room.database, room.handlers).round() for _ in range(3)))
    await watch.round()
    (event,) = await missed(room, dispute_id)
    assert event.fired_at >= event.due_at
    assert await state(room, dispute_id) == "breached"
    assert (await room.read(dispute_id)).tier == tier + 1
    (climbed,) = [each for each in await room.events(dispute_id) if isinstance(each, DisputeEscalated)]
    assert climbed.because == (BECAUSE,)


async def test_a_dispute_that_was_settled_in_time_complied(room: Room) -> None:
    dispute_id = await decided(room)
    room.ahead += timedelta(days=3)
    await room.move(dispute_id, Trigger.RESOLVE)
    room.ahead += timedelta(days=8)
    await Compliance(room.database, room.handlers).round()
    assert (await missed(room, dispute_id), await state(room, dispute_id)) == ([], "complied")
    async with room.database.transaction() as tx:
        (found,) = await referrals.listed(tx, dispute_id)
    assert found.ended_at == (await room.read(dispute_id)).resolved_at


async def test_at_the_top_it_is_told_and_climbs_nowhere(room: Room) -> None:
    dispute_id = await decided(room)
    await room.change(dispute_id, tier=4)
    room.ahead += timedelta(days=11)
    await Compliance(room.database, room.handlers).round()
    assert len(await missed(room, dispute_id)) == 1
    assert (await room.read(dispute_id)).tier == 4


async def test_one_that_fails_keeps_no_other_back_and_is_tried_again_after_a_pause(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await decided(room), await decided(room)
    room.ahead += timedelta(days=11)
    watch = Compliance(room.database, room.handlers, batch=1)
    lock = disputes.lock

    async def failing(tx: Tx, dispute_id: UUID) -> Dispute:
        if dispute_id == bad:
            raise CannotPromise("never")
        return await lock(tx, dispute_id)

    with monkeypatch.context() as broken:
        broken.setattr(disputes, "lock", failing)
        while await watch.round():
            pass
    assert (await state(room, bad), await state(room, good)) == ("decided", "breached")
    await watch.round()
    assert await state(room, bad) == "decided"
    room.ahead += timedelta(minutes=1)
    await watch.round()
    assert await state(room, bad) == "breached"
