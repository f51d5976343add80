"""Two sweeps at the same disputes: what one holds, the other leaves wholly alone."""

from services.escalation.lookout import LONG_AGO
from shared.db import timers
from shared.domain.clock_record import Kind
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
        await timers.disarm(first, [(dispute_id, Kind(kind)) for kind in armed])
    assert await room.timers(dispute_id) == set()
