"""Two sweeps at the same disputes: what one holds, the other leaves wholly alone."""

import asyncio
from collections import Counter
from datetime import timedelta

from services.escalation.lookout import LONG_AGO
from services.escalation.sweep import DECIDED_AT_ONCE
from shared.db import decisions, timers
from shared.db.decisions import Decisions
from shared.domain.clock_record import Kind
from tests.domain.matrices import clocks
from tests.services.escalation.room import Room


async def test_a_sweep_that_passes_a_dispute_over_locks_none_of_its_timers(room: Room) -> None:
    (dispute_id,) = await room.taken_up()
    armed = await room.timers(dispute_id)
    assert len(armed) > 1
    async with room.database.transaction() as tx:
        await tx.raw.execute("update timer set due_at = $1", tx.now)
    async with room.database.transaction() as first, room.database.transaction() as second:
        assert len(await timers.take_due(first, LONG_AGO, 1)) == 1
        assert await timers.take_due(second, LONG_AGO) == []
        await first.raw.execute("set local lock_timeout = '300ms'")
        await decisions.save(first, Decisions(gone=[(dispute_id, Kind(kind)) for kind in armed]))
    assert await room.timers(dispute_id) == set()


async def test_two_sweeps_that_take_turns_in_one_process_fire_each_timer_once(room: Room) -> None:
    """Each gives the loop away in the midst of a batch, and while its batch is saved the other decides on its own."""
    await room.put_policy(clocks=clocks(acknowledgement=None, first_response=None, next_update=None, resolution=None))
    ids = await room.taken_up(400)
    room.ahead = timedelta(hours=5)
    batch = DECIDED_AT_ONCE + 8
    sweeps = [room.another_sweep(batch=batch) for _ in range(2)]
    shares = [0, 0]

    async def drain(number: int) -> None:
        while taken := (await sweeps[number].fire_batch(batch)).taken:
            shares[number] += taken

    await asyncio.gather(drain(0), drain(1))
    await room.drain()
    assert sum(shares) == len(ids)
    assert min(shares) >= batch, "both took part"
    async with room.database.transaction() as tx:
        rows = await tx.raw.fetch("select dispute_id from event where type = 'dispute.escalated'")
    assert Counter(row["dispute_id"] for row in rows) == Counter(ids)
    assert await room.told() == {"dispute.filed": 400, "dispute.assigned": 400, "dispute.escalated": 400}
