import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aio_pika
import pytest

from tests.parts.loopback import speaks_amqp
from tests.parts.rabbitmq import RabbitCluster, RabbitNode
from tests.waiting import eventually


@pytest.fixture
async def node() -> AsyncIterator[RabbitNode]:
    """A node of this test's own, since the test kills it."""
    cluster = RabbitCluster(1, Path(tempfile.mkdtemp(prefix="rcs-node-")))
    try:
        await cluster.start()
        yield cluster.nodes[0]
    finally:
        await cluster.stop()


async def _publish(url: str, queue: str, body: bytes) -> None:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=queue)


async def _take(url: str, queue: str) -> bytes | None:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        there = await channel.get_queue(queue, ensure=False)
        message = await there.get(no_ack=True, fail=False)
        return None if message is None else message.body


@pytest.mark.rabbitmq
async def test_a_test_gets_an_empty_virtual_host_of_its_own(rabbit_url: str) -> None:
    await _publish(rabbit_url, "letters", b"mine")
    assert await _take(rabbit_url, "letters") == b"mine"


@pytest.mark.rabbitmq
async def test_what_another_test_declared_is_not_there(rabbit_url: str) -> None:
    with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
        async with await aio_pika.connect(rabbit_url) as connection, connection.channel() as channel:
            await channel.declare_queue("letters", passive=True)


@pytest.mark.rabbitmq
async def test_a_killed_node_comes_back_with_its_confirmed_messages(node: RabbitNode) -> None:
    await _publish(node.url(), "kept", b"before")
    await eventually(lambda: node.registered("kept"))
    await node.kill()
    assert not node.alive()
    assert not await speaks_amqp(node.port)
    await node.start()
    assert await eventually(lambda: _take(node.url(), "kept")) == b"before"


@pytest.mark.rabbitmq
async def test_a_paused_node_is_silent_and_answers_again_when_resumed(node: RabbitNode) -> None:
    node.pause()
    assert not await speaks_amqp(node.port)
    node.resume()
    assert await eventually(lambda: speaks_amqp(node.port))


@pytest.mark.rabbitmq
async def test_rabbitmqctl_speaks_to_this_node_and_reports_its_refusals(node: RabbitNode) -> None:
    assert node.name in await node.ctl("eval", "node().")
    with pytest.raises(RuntimeError, match="no_such_vhost"):
        await node.ctl("delete_vhost", "no_such_vhost")
