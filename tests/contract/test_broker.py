"""What every broker promises, tried on each driver."""

import asyncio
from collections.abc import Sequence

from shared.broker.ports import DONE, RETURN, Fate, Received, dead
from shared.db import parked
from shared.db.engine import Database, Tx
from shared.messages.envelope import Envelope, Outgoing
from shared.runtime.ids import new_id
from shared.runtime.traces import current_trace_id
from tests.contract.rig import (
    TRACE,
    Collector,
    Effects,
    Rig,
    an_event,
    effects,
    outgoing,
    parked_by,
    pending,
    record,
)
from tests.waiting import eventually


async def test_a_confirmed_message_reaches_every_queue_that_wants_it(rig: Rig) -> None:
    first, second = Collector(), Collector()
    await rig.consume(first, second)
    messages = [outgoing(an_event(n)) for n in range(30)]
    assert list(await rig.broker.publish(messages)) == [None] * 30
    wanted = {message.id for message in messages}
    await eventually(lambda: set(first.ids) == wanted and set(second.ids) == wanted)
    assert {each.body for each in first.seen} == {message.body for message in messages}


async def test_a_message_that_no_queue_wants_is_reported_and_holds_up_no_other(rig: Rig) -> None:
    first = Collector()
    await rig.consume(first)
    good, stray = outgoing(an_event()), Outgoing(new_id(), "nobody.wants", b"{}")
    faults = await rig.broker.publish([stray, good])
    assert faults[0] is not None
    assert faults[0].kind == "unroutable"
    assert faults[1] is None
    await eventually(lambda: first.ids == [good.id])


async def test_a_message_that_was_handed_back_comes_again(rig: Rig) -> None:
    first = Collector(lambda _message, times: RETURN if times < 3 else DONE)
    await rig.consume(first)
    message = outgoing(an_event())
    await rig.publish([message])
    await eventually(lambda: len(first.seen) >= 3, within=20)
    assert set(first.ids) == {message.id}


async def test_a_dead_message_does_not_come_again(rig: Rig) -> None:
    first = Collector(lambda _message, _times: dead("never"))
    await rig.consume(first)
    message, later = outgoing(an_event()), outgoing(an_event())
    await rig.publish([message])
    await rig.publish([later])
    await eventually(lambda: later.id in first.ids)
    assert first.ids.count(message.id) == 1


async def test_the_events_of_a_dispute_come_in_order(rig: Rig) -> None:
    first = Collector()
    await rig.consume(first)
    dispute = new_id()
    messages = [outgoing(an_event(n, dispute=dispute)) for n in range(250)]
    await rig.publish(messages)
    await eventually(lambda: len(first.ids) >= 250)
    assert first.ids == [message.id for message in messages]


async def test_a_batch_is_never_larger_than_the_queue_allows(rig: Rig) -> None:
    second = Collector()
    await rig.consume(second=second)
    await rig.publish([outgoing(an_event(n)) for n in range(100)])
    await eventually(lambda: sum(second.batches) == 100)
    assert max(second.batches) <= 20


async def test_stopping_waits_for_the_batch_in_flight_and_takes_no_other(rig: Rig) -> None:
    begun, release, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(messages: Sequence[Received]) -> Sequence[Fate]:
        begun.set()
        await release.wait()
        finished.set()
        return [DONE] * len(messages)

    await rig.consume()
    await rig.broker.consume(rig.queues[0], slow)
    publishing = asyncio.create_task(rig.publish([outgoing(an_event())]))
    await begun.wait()
    stopping = [asyncio.create_task(rig.broker.stop_consuming()) for _ in range(2)]
    done, _ = await asyncio.wait(stopping, timeout=0)
    assert not done
    release.set()
    for task in asyncio.as_completed(stopping):
        await task
        assert finished.is_set()
    await publishing
    begun.clear()
    await rig.broker.publish([outgoing(an_event())])
    assert not begun.is_set()


async def test_what_was_recorded_takes_effect_once_in_each_consumer(rig: Rig, db: Database) -> None:
    events = [an_event(n) for n in range(40)]
    async with rig.running(db, Effects(), Effects()):
        await record(db, events)

        async def all_took_effect() -> bool:
            return sorted(await effects(db)) == sorted([each.id for each in events] * 2)

        await eventually(all_took_effect)

        async def outbox_is_empty() -> bool:
            return await pending(db) == 0

        await eventually(outbox_is_empty)


async def test_a_message_delivered_twice_takes_effect_once(rig: Rig, db: Database) -> None:
    twice, marker = an_event(), an_event()
    async with rig.running(db, Effects()):
        await rig.publish([outgoing(twice)])
        await rig.publish([outgoing(twice)])
        await rig.publish([outgoing(marker)])

        async def marker_took_effect() -> bool:
            return marker.id in await effects(db)

        await eventually(marker_took_effect)
    assert (await effects(db)).count(twice.id) == 1


async def test_a_poisonous_event_holds_up_no_healthy_one(rig: Rig, db: Database) -> None:
    events = [an_event(n) for n in range(30)]
    poison = events[7].id
    async with rig.running(db, Effects(fails=lambda e: KeyError("Ada Jones") if e.id == poison else None)):
        await record(db, events)

        async def parked_and_the_rest_done() -> bool:
            kept = await parked_by(db, "first", "dead")
            return [each.message_id for each in kept] == [poison] and len(await effects(db)) == 29

        await eventually(parked_and_the_rest_done)
    (kept,) = await parked_by(db, "first", "dead")
    assert (kept.reason, kept.attempts) == ("KeyError", 3)


async def test_an_event_that_failed_is_tried_again_until_it_takes_effect(rig: Rig, db: Database) -> None:
    tries: list[int] = []

    def fails_twice(envelope: Envelope) -> Exception | None:
        tries.append(envelope.sequence)
        return ValueError("not yet") if len(tries) < 3 else None

    event = an_event()
    async with rig.running(db, Effects(fails=fails_twice)):
        await record(db, [event])

        async def took_effect() -> bool:
            return await effects(db) == [event.id]

        await eventually(took_effect)
    assert not await parked_by(db, "first", "retry")


async def test_a_dead_letter_takes_effect_once_it_is_replayed(rig: Rig, db: Database) -> None:
    event = an_event()
    broken = [True]
    async with rig.running(db, Effects(fails=lambda _e: ValueError("no") if broken[0] else None)):
        await record(db, [event])

        async def is_dead() -> bool:
            return len(await parked_by(db, "first", "dead")) == 1

        await eventually(is_dead)
        broken[0] = False
        async with db.transaction() as tx:
            await parked.replay(tx, "first", event.id)

        async def took_effect() -> bool:
            return await effects(db) == [event.id]

        await eventually(took_effect)


async def test_bytes_that_are_no_message_of_ours_are_dead_letters_at_once(rig: Rig, db: Database) -> None:
    stray, good = Outgoing(new_id(), "dispute.filed", b"not json"), an_event()
    async with rig.running(db, Effects()):
        await rig.publish([stray, outgoing(good)])

        async def kept_and_done() -> bool:
            kept = await parked_by(db, "first", "dead")
            return [each.message_id for each in kept] == [stray.id] and await effects(db) == [good.id]

        await eventually(kept_and_done)
    (kept,) = await parked_by(db, "first", "dead")
    assert (kept.reason, kept.body) == ("undecodable", b"not json")


async def test_an_event_whose_database_connection_broke_is_handled_later_and_never_parked(
    rig: Rig, db: Database
) -> None:
    broken: list[int] = []
    inner = Effects()

    async def cut_off_twice(tx: Tx, envelopes: Sequence[Envelope]) -> None:
        if len(broken) < 2:
            broken.append(1)
            await tx.raw.execute("select pg_terminate_backend(pg_backend_pid())")
        await inner(tx, envelopes)

    events = [an_event(n) for n in range(5)]
    async with rig.running(db, cut_off_twice):
        await record(db, events)

        async def all_took_effect() -> bool:
            return sorted(await effects(db)) == sorted(each.id for each in events)

        await eventually(all_took_effect, within=20)
    assert rig.metrics.messages_handled.labels(consumer="first", outcome="parked")._value.get() == 0


async def test_the_trace_of_the_cause_goes_on_in_the_handler(rig: Rig, db: Database) -> None:
    heard: list[tuple[str | None, str | None]] = []

    async def listen(tx: Tx, envelopes: Sequence[Envelope]) -> None:
        heard.extend((current_trace_id(), each.traceparent) for each in envelopes)

    async with rig.running(db, listen):
        await record(db, [an_event(traceparent=TRACE)])
        await eventually(lambda: heard)
    assert heard == [(TRACE.split("-")[1], TRACE)]
