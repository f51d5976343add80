"""What holds when RabbitMQ itself fails: nothing is lost, and all comes back without a restart of ours."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import aiormq
import pytest
from aiormq import spec

from shared.broker.ports import DONE, RETURN, Fate, Received, dead
from shared.broker.rabbit_topology import declare
from shared.broker.rabbitmq import RabbitBroker
from shared.broker.relay import Relay
from shared.db.engine import Database
from shared.messages.topology import EXCHANGE
from shared.runtime.stop import Stop
from tests.contract.rig import (
    FIRST,
    SECOND,
    Collector,
    Effects,
    Rig,
    an_event,
    effects,
    nothing,
    outgoing,
    parked_by,
    pending,
    record,
)
from tests.parts.rabbitmq import RabbitCluster, RabbitNode
from tests.waiting import eventually

# RabbitMQ 3.10 writes the names of new queues to disk a while later; killed within that while, it loses the queue itself.
QUEUES_TO_DISK = "dets:sync(ra_directory_reverse)."

pytestmark = [pytest.mark.rabbitmq]


@pytest.fixture
async def admin(rabbit_url: str) -> AsyncIterator[aiormq.abc.AbstractChannel]:
    """A channel of somebody with rights, who declares, deletes and looks."""
    connection = await aiormq.connect(rabbit_url)
    yield await connection.channel()
    await connection.close()


@pytest.fixture
async def rig(rabbit_url: str) -> AsyncIterator[Rig]:
    made = Rig(rabbit_url)
    await made.broker.start()
    yield made
    await made.close()


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RabbitNode]:
    """A node that may be killed and frozen."""
    cluster = RabbitCluster(1, tmp_path / "mq")
    (tmp_path / "mq").mkdir()
    await cluster.start()
    yield cluster.nodes[0]
    await cluster.stop()


async def test_messages_wait_in_the_queue_for_a_consumer_that_is_not_there_yet(rig: Rig) -> None:
    message = outgoing(an_event())
    assert list(await rig.broker.publish([message])) == [None]
    first = Collector()
    await rig.broker.consume(FIRST, first)
    await eventually(lambda: first.ids == [message.id])


async def test_a_queue_deleted_live_comes_back_with_its_consumer(rig: Rig, admin: aiormq.abc.AbstractChannel) -> None:
    first = Collector()
    await rig.consume(first)
    await admin.queue_delete(FIRST.name)
    message = outgoing(an_event())

    async def arrives() -> bool:
        await rig.broker.publish([message])
        return message.id in first.ids

    await eventually(arrives, every=0.1)
    assert await eventually(lambda: _is_well(rig))


async def test_bindings_deleted_live_are_reported_and_made_again(rig: Rig, admin: aiormq.abc.AbstractChannel) -> None:
    first, second = Collector(), Collector()
    await rig.consume(first, second)
    message = outgoing(an_event())

    async def reported() -> bool:
        for queue in rig.queues:
            await admin.queue_unbind(queue.name, EXCHANGE, "dispute.*")
        (fault,) = await rig.broker.publish([message])
        return fault is not None and fault.kind == "unroutable"

    await eventually(reported)
    await rig.publish([message])
    await eventually(lambda: message.id in first.ids and message.id in second.ids)


async def test_a_dead_message_is_kept_in_the_queue_of_dead_letters(rig: Rig, admin: aiormq.abc.AbstractChannel) -> None:
    await rig.consume(Collector(lambda _message, _times: dead("never")))
    message = outgoing(an_event())
    await rig.publish([message])

    async def kept() -> bool:
        found = await admin.basic_get(FIRST.dead_name)
        if found.delivery_tag is None:
            return False
        properties = found.header.properties
        return (properties.message_id, properties.message_type) == (str(message.id), message.topic)

    await eventually(kept)


async def test_what_the_broker_gave_up_is_parked_for_a_person(
    rig: Rig, db: Database, admin: aiormq.abc.AbstractChannel
) -> None:
    message = outgoing(an_event())
    await rig.broker.consume(SECOND, Collector())
    await rig.publish([message])

    async def handed_back_until_given_up() -> bool:
        found = await admin.basic_get(FIRST.name)
        if found.delivery_tag is not None:
            await admin.basic_nack(found.delivery_tag, requeue=True)
        return (await admin.queue_declare(FIRST.dead_name, passive=True)).message_count == 1

    await eventually(handed_back_until_given_up, within=20)
    async with rig.running(db, nothing):

        async def adopted() -> bool:
            return [each.reason for each in await parked_by(db, "first", "dead")] == ["delivery_limit"]

        await eventually(adopted)
    (kept,) = await parked_by(db, "first", "dead")
    assert (kept.message_id, kept.topic, kept.body) == (message.id, message.topic, message.body)


async def test_an_outage_of_the_database_does_not_use_up_the_deliveries(
    rig: Rig, admin: aiormq.abc.AbstractChannel
) -> None:
    first = Collector(lambda _message, times: RETURN if times < 5 else DONE)
    await rig.consume(first)
    await rig.publish([outgoing(an_event())])
    await eventually(lambda: len(first.seen) == 5)
    assert not any(message.redelivered for message in first.seen)


async def test_stopping_hands_waiting_messages_to_another_consumer(rig: Rig) -> None:
    begun, release = asyncio.Event(), asyncio.Event()
    taken: list[UUID | None] = []

    async def slow(messages: Sequence[Received]) -> Sequence[Fate]:
        taken.extend(message.id for message in messages)
        begun.set()
        await release.wait()
        return [DONE] * len(messages)

    await rig.broker.consume(SECOND, slow)
    messages = [outgoing(an_event(n)) for n in range(50)]
    await rig.publish(messages)
    await begun.wait()
    stopping = asyncio.create_task(rig.broker.stop_consuming())
    other = Collector()
    heir = rig.another()
    await heir.start()
    await heir.consume(SECOND, other)
    release.set()
    await stopping
    await eventually(lambda: {*taken, *other.ids} == {message.id for message in messages})
    assert len(other.ids) + len(taken) == 50


async def test_a_node_killed_and_started_again_loses_nothing(node: RabbitNode, db: Database) -> None:
    rig = Rig(node.url())
    await rig.broker.start()
    events = [an_event(n) for n in range(600)]
    async with rig.running(db, Effects(), Effects()):
        await record(db, events[:300])

        async def under_way() -> bool:
            return len(await effects(db)) > 0

        await eventually(under_way)
        await node.ctl("eval", QUEUES_TO_DISK)
        await node.kill()
        await record(db, events[300:])
        assert await eventually(rig.broker.problem)
        await node.start()

        async def all_took_effect() -> bool:
            return sorted(await effects(db)) == sorted([each.id for each in events] * 2)

        await eventually(all_took_effect, within=40, every=0.2)

        async def nothing_left() -> bool:
            return await pending(db) == 0 and await rig.broker.problem() is None

        await eventually(nothing_left, within=20)
    await rig.close()


async def test_a_frozen_node_delays_a_publish_for_a_bounded_time_and_confirms_nothing(node: RabbitNode) -> None:
    broker = RabbitBroker(node.url(), (FIRST, SECOND), name="tests", confirm_seconds=0.5)
    await broker.start()
    message = outgoing(an_event())
    node.pause()
    async with asyncio.timeout(5):
        (fault,) = await broker.publish([message])
    assert fault is not None
    assert fault.kind == "unconfirmed"
    async with asyncio.timeout(5):
        (fault,) = await broker.publish([message])
    assert fault is not None
    assert fault.kind == "unavailable"
    node.resume()

    async def confirmed() -> bool:
        return list(await broker.publish([message])) == [None]

    await eventually(confirmed, within=30)
    await broker.close()


async def test_an_alarm_at_the_broker_is_seen_respected_and_survived(node: RabbitNode, db: Database) -> None:
    rig = Rig(node.url())
    await rig.broker.start()
    await rig.consume()
    await record(db, [an_event(n) for n in range(5)])
    stop = Stop()
    await node.ctl("set_vm_memory_high_watermark", "absolute", "1")
    async with asyncio.TaskGroup() as group:
        group.create_task(Relay(db, rig.broker, metrics=rig.metrics).run(stop))

        async def says_so() -> bool:
            return "alarm" in (await rig.broker.problem() or "")

        await eventually(says_so, within=20)
        assert await pending(db) == 5
        await node.ctl("set_vm_memory_high_watermark", "absolute", "512MB")

        async def emptied() -> bool:
            return await pending(db) == 0

        await eventually(emptied, within=30)
        stop.request("the test is over")
    await rig.close()


async def test_a_queue_declared_otherwise_by_somebody_is_a_problem_that_is_told(
    rabbit_url: str, admin: aiormq.abc.AbstractChannel
) -> None:
    await admin.queue_declare(FIRST.name, durable=True)
    broker = RabbitBroker(rabbit_url, (FIRST,), name="tests")
    starting = asyncio.create_task(broker.start())

    async def told() -> bool:
        return FIRST.name in (await broker.problem() or "")

    await eventually(told)
    await admin.queue_delete(FIRST.name)
    await starting

    async def well() -> bool:
        return await broker.problem() is None

    await eventually(well)
    await broker.close()


async def test_declaring_everything_again_changes_nothing(rig: Rig, admin: aiormq.abc.AbstractChannel) -> None:
    await rig.publish([outgoing(an_event())])
    await declare(admin, rig.queues)
    answer = await admin.queue_declare(FIRST.name, passive=True)
    assert isinstance(answer, spec.Queue.DeclareOk)
    assert answer.message_count == 1


async def _is_well(rig: Rig) -> bool:
    return await rig.broker.problem() is None
