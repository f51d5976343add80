"""No event goes unheard: what never arrived is found in the history and handled once; what did arrive is left alone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.notify import auditor, main
from services.notify.auditor import MARK, REASON, UNDECODABLE, Auditor
from shared.broker.drivers import broker_for
from shared.broker.handling import handled
from shared.db import disputes, history, inbox, missed, policies
from shared.db.disputes import Change
from shared.domain.dispute import Dispute
from shared.messages.topology import NOTIFY
from shared.runtime.stop import Stop
from tests.parts.smtp_sink import SmtpSink
from tests.services.notify.material import SEALER, World, a_world, assigned
from tests.waiting import eventually

LONG_ENOUGH = auditor.GRACE + timedelta(minutes=1)


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(database, state_dir=tmp_path) as opened:
        yield opened


@contextlib.asynccontextmanager
async def notify(world: World) -> AsyncIterator[None]:
    """Notify alone, on a broker to which nobody publishes."""
    broker = broker_for("embedded://", queues=(NOTIFY,))
    await broker.start()
    service = main.build(world.settings, database=world.database, broker=broker, metrics=world.metrics, sealer=SEALER)
    stop = Stop(grace_seconds=3)
    tasks = [asyncio.ensure_future(each(stop)) for each in service.tasks]
    try:
        yield
    finally:
        stop.request("the test is over")
        await asyncio.gather(*tasks)
        await broker.close()


async def taken_up(world: World) -> Dispute:
    """A dispute that was filed and assigned, of which the relay published everything."""
    dispute = await world.file(handler="Complaints desk")
    async with world.database.transaction() as tx:
        before = await disputes.lock(tx, dispute.id)
        after = await disputes.save(tx, Change(before, before, (assigned(),), "system:escalation"))
        await tx.raw.execute("delete from outbox")
    return after


async def waiting(world: World, state: str = "retry") -> list[str]:
    rows = await world.rows("select topic from parked where consumer = 'notify' and state = $1 order by topic", state)
    return [row["topic"] for row in rows]


async def rounds(world: World) -> None:
    """The auditor, until it has nothing more to judge now."""
    watch = Auditor(world.database, NOTIFY, world.metrics)
    while await watch.round() is not False:
        pass


def caught_up(world: World) -> float:
    return float(world.metrics.messages_caught_up.labels(consumer="notify")._value.get())


async def test_a_letter_whose_message_was_lost_with_its_queue_goes_out_once(database: str, smtp_sink: SmtpSink) -> None:
    async with a_world(database, smtp_url=smtp_sink.url) as world:
        async with world.database.transaction() as tx:
            await policies.ensure_default(tx)
        dispute = await taken_up(world)
        world.later = LONG_ENOUGH
        async with notify(world):
            await eventually(lambda: smtp_sink.messages("ada@example.org"))

            async def recorded() -> bool:
                return (await world.read(dispute)).acknowledged_at is not None

            await eventually(recorded)
        assert caught_up(world) == 2
        assert await waiting(world) == []
        async with world.database.transaction() as tx:  # the messages come after all
            late = [entry.envelope for entry in (await history.entries(tx, dispute.id))[:2]]
            assert await handled(tx, "notify", world.planner(), late) == 0
        assert [row["state"] for row in await world.deliveries(dispute, kind="acknowledgement")] == ["sent"]
        assert len(smtp_sink.messages("ada@example.org")) == 1


async def test_what_was_heard_is_left_alone_and_a_restart_begins_after_it(world: World) -> None:
    dispute = await taken_up(world)
    async with world.database.transaction() as tx:
        heard = [entry.id for entry in await history.entries(tx, dispute.id)]
        await inbox.first_time(tx, "notify", heard)
    world.later = LONG_ENOUGH
    await rounds(world)
    assert await waiting(world) == []
    async with world.database.transaction() as tx:
        assert await missed.judged_until(tx, MARK) > dispute.received_at
        await tx.raw.execute("delete from inbox")
    await rounds(world)
    assert await waiting(world) == []


async def test_what_another_service_heard_was_not_heard_by_notify(world: World) -> None:
    dispute = await taken_up(world)
    async with world.database.transaction() as tx:
        heard = [entry.id for entry in await history.entries(tx, dispute.id)]
        await inbox.first_time(tx, "escalation", heard)
    world.later = LONG_ENOUGH
    await rounds(world)
    assert await waiting(world) == ["dispute.assigned", "dispute.filed"]


async def test_an_event_of_a_moment_ago_is_left_to_its_message(world: World) -> None:
    await taken_up(world)
    world.later = auditor.GRACE - timedelta(minutes=1)
    await rounds(world)
    assert await waiting(world) == []
    world.later = LONG_ENOUGH
    await rounds(world)
    assert len(await waiting(world)) == 2


async def test_what_is_not_published_yet_is_not_taken_for_lost(world: World) -> None:
    await world.file()
    world.later = LONG_ENOUGH
    await rounds(world)
    assert await waiting(world) == []
    async with world.database.transaction() as tx:
        await tx.raw.execute("delete from outbox")
    await rounds(world)
    assert await waiting(world) == ["dispute.filed"]


async def test_what_waits_for_a_person_goes_on_waiting(world: World) -> None:
    await taken_up(world)
    world.later = LONG_ENOUGH
    await rounds(world)
    async with world.database.transaction() as tx:
        await tx.raw.execute("update parked set state = 'dead', due_at = null, reason = 'KeyError'")
        await tx.raw.execute("delete from heartbeat")
    await rounds(world)
    assert await waiting(world) == []
    assert {row["reason"] for row in await world.rows("select reason from parked")} == {"KeyError"}


async def test_a_great_loss_is_caught_up_in_bounded_rounds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor, "FOUND_AT_ONCE_MAX", 3)
    for _ in range(4):
        await taken_up(world)
    world.later = LONG_ENOUGH
    watch = Auditor(world.database, NOTIFY, world.metrics)
    most = 0
    before = 0
    while await watch.round() is not False:
        now = len(await waiting(world))
        most, before = max(most, now - before), now
    assert (len(await waiting(world)), most) == (8, 3)
    assert caught_up(world) == 8


async def test_an_event_that_this_version_does_not_know_waits_for_a_person(world: World) -> None:
    await taken_up(world)
    async with world.database.transaction() as tx:
        await tx.raw.execute("update event set type = 'dispute.unheard_of' where sequence = 2")
    world.later = LONG_ENOUGH
    await rounds(world)
    assert (await waiting(world), await waiting(world, "dead")) == (["dispute.filed"], ["dispute.unheard_of"])
    reasons = await world.rows("select state, reason from parked order by state")
    assert reasons == [{"state": "dead", "reason": UNDECODABLE}, {"state": "retry", "reason": REASON}]


async def test_what_happened_before_the_inbox_remembers_is_not_judged(world: World) -> None:
    await taken_up(world)
    world.later = missed.KNOWN_FOR + timedelta(hours=1)
    await rounds(world)
    assert await waiting(world) == []


async def test_the_search_for_the_missed_reads_by_time_and_not_the_whole_history(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.raw.execute("set local enable_seqscan = off")
        lines = await tx.raw.fetch(f"explain {missed.MISSED}", "notify", tx.now, tx.now, 500)
    assert "ix_event_occurred" in "\n".join(line[0] for line in lines)
