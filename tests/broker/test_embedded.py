"""What is particular to the broker inside the process."""

import asyncio
from collections.abc import Sequence

from shared.broker.embedded import EmbeddedBroker
from shared.broker.ports import DONE, RETURN, Fate, Received, dead
from tests.contract.rig import FIRST, SECOND, Collector, an_event, outgoing


async def test_a_message_is_not_confirmed_while_one_of_its_queues_has_no_consumer() -> None:
    broker = EmbeddedBroker((FIRST, SECOND))
    first = Collector()
    await broker.consume(FIRST, first)
    (fault,) = await broker.publish([outgoing(an_event())])
    assert fault is not None
    assert "recourse.second" in fault.detail
    assert not first.seen


async def test_publishing_returns_when_every_consumer_has_settled() -> None:
    broker = EmbeddedBroker((FIRST, SECOND))
    first, second = Collector(), Collector()
    await broker.consume(FIRST, first)
    await broker.consume(SECOND, second)
    message = outgoing(an_event())
    assert list(await broker.publish([message])) == [None]
    assert first.ids == second.ids == [message.id]


async def test_consumers_work_side_by_side() -> None:
    broker = EmbeddedBroker((FIRST, SECOND))
    both = asyncio.Barrier(2)

    async def meet(messages: Sequence[Received]) -> Sequence[Fate]:
        await both.wait()
        return [DONE] * len(messages)

    await broker.consume(FIRST, meet)
    await broker.consume(SECOND, meet)
    assert list(await broker.publish([outgoing(an_event())])) == [None]


async def test_only_the_message_that_was_handed_back_stays_unconfirmed() -> None:
    broker = EmbeddedBroker((FIRST,))
    bad, good, hopeless = (outgoing(an_event()) for _ in range(3))
    fates = {bad.id: RETURN, good.id: DONE, hopeless.id: dead("never")}
    await broker.consume(FIRST, Collector(lambda message, _times: fates[message.id or bad.id]))
    faults = await broker.publish([good, bad, hopeless])
    assert [fault is None for fault in faults] == [True, False, True]


async def test_a_consumer_that_raises_gets_the_message_again() -> None:
    broker = EmbeddedBroker((FIRST,))

    async def broken(messages: Sequence[Received]) -> Sequence[Fate]:
        raise KeyError("a bug")

    await broker.consume(FIRST, broken)
    (fault,) = await broker.publish([outgoing(an_event())])
    assert fault is not None
    assert not fault.lasting


async def test_a_consumer_that_hangs_delays_a_publish_for_a_bounded_time() -> None:
    broker = EmbeddedBroker((FIRST,), publish_seconds=0.05)
    release, settled = asyncio.Event(), asyncio.Event()

    async def hang(messages: Sequence[Received]) -> Sequence[Fate]:
        await release.wait()
        settled.set()
        return [DONE] * len(messages)

    await broker.consume(FIRST, hang)
    message = outgoing(an_event())
    for _ in range(2):
        (fault,) = await broker.publish([message])
        assert fault is not None
        assert not fault.lasting
    release.set()
    await broker.stop_consuming()
    assert settled.is_set()
