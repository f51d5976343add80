"""The relay forgets nothing that was not confirmed, and lets nothing stand in the way of the rest."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from shared.broker.embedded import EmbeddedBroker
from shared.broker.ports import PublishFault
from shared.broker.relay import HEARTBEAT, IDLE_SECONDS, IDLE_SECONDS_MAX, PASSED_OVER_MAX, PassedOver, Relay
from shared.db import heartbeats
from shared.db.engine import Database, Tx
from shared.messages.envelope import Outgoing
from shared.runtime.metrics import Metrics
from shared.runtime.stop import Stop
from tests.contract.rig import FIRST, Collector, an_event, pending, record
from tests.waiting import eventually


class ScriptedBroker(EmbeddedBroker):
    """A broker that answers as the test says, and keeps what it was given."""

    def __init__(self, answer: Callable[[Outgoing], PublishFault | None]) -> None:
        super().__init__((FIRST,))
        self.answer = answer
        self.given: list[UUID] = []

    async def publish(self, messages: Sequence[Outgoing]) -> Sequence[PublishFault | None]:
        self.given += [message.id for message in messages]
        return [self.answer(message) for message in messages]


UNROUTABLE = PublishFault("unroutable", "no queue wants it")
UNCONFIRMED = PublishFault("unconfirmed", "no confirm in time")


async def test_only_what_the_broker_confirmed_is_forgotten(db: Database) -> None:
    good, bad = an_event(), an_event()
    await record(db, [good, bad])
    broker = ScriptedBroker(lambda message: UNCONFIRMED if message.id == bad.id else None)
    await Relay(db, broker, metrics=Metrics()).round()
    assert await pending(db) == 1


async def test_nothing_is_forgotten_when_no_confirm_comes_and_all_is_sent_again(db: Database) -> None:
    events = [an_event(n) for n in range(5)]
    await record(db, events)
    broker = ScriptedBroker(lambda _message: UNCONFIRMED)
    relay = Relay(db, broker, metrics=Metrics())
    assert await relay.round() == IDLE_SECONDS
    assert await pending(db) == 5
    await relay.round()
    assert broker.given == [each.id for each in events] * 2


async def test_a_refused_message_stays_and_lets_the_others_pass(db: Database) -> None:
    stuck, others = an_event(), [an_event(n) for n in range(3)]
    await record(db, [stuck])
    broker = ScriptedBroker(lambda message: UNROUTABLE if message.id == stuck.id else None)
    metrics = Metrics()
    relay = Relay(db, broker, metrics=metrics)
    await relay.round()
    await record(db, others)
    await relay.round()
    assert broker.given == [stuck.id, *(each.id for each in others)]
    assert await pending(db) == 1
    assert metrics.messages_published.labels(outcome="unroutable")._value.get() == 1


async def test_a_full_batch_is_followed_by_the_next_at_once(db: Database) -> None:
    broker = ScriptedBroker(lambda _message: None)
    await record(db, [an_event(n) for n in range(broker.batch_max + 1)])
    relay = Relay(db, broker, metrics=Metrics())
    assert await relay.round() is True
    assert await relay.round() == IDLE_SECONDS


async def test_an_idle_relay_rests_longer_and_longer_up_to_a_second(db: Database) -> None:
    relay = Relay(db, ScriptedBroker(lambda _message: None), metrics=Metrics())
    rests = [await relay.round() for _ in range(5)]
    assert rests == sorted(rests)
    assert (rests[0], rests[-1]) == (IDLE_SECONDS, IDLE_SECONDS_MAX)


async def test_a_commit_wakes_the_relay(db: Database) -> None:
    broker = ScriptedBroker(lambda _message: None)
    stop = Stop()
    relay = Relay(db, broker, metrics=Metrics())
    async with asyncio.TaskGroup() as group:
        group.create_task(relay.run(stop))
        for number in range(3):
            await record(db, [an_event(number)])
            await eventually(lambda wanted=number + 1: len(broker.given) == wanted, every=0.005)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        stop.request("the test is over")
    assert await pending(db) == 0


async def test_the_backlog_and_a_sign_of_life_are_there_to_be_seen(db: Database, moved: Database) -> None:
    await record(db, [an_event()])
    metrics = Metrics()
    relay = Relay(moved, ScriptedBroker(lambda _message: UNCONFIRMED), metrics=metrics)
    await relay.round()
    assert metrics.outbox_pending._value.get() == 1
    assert metrics.outbox_oldest_seconds._value.get() >= 8 * 86400
    async with moved.transaction() as tx:
        assert await heartbeats.age(tx, HEARTBEAT) is not None


async def alone(tx: Tx) -> bool:
    """Whether every other connection to this database has really ended."""
    others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    await tx.raw.execute("select pg_stat_clear_snapshot()")
    return bool(await tx.raw.fetchval(others) == 0)


async def test_the_relay_outlives_the_loss_of_its_database_connection(db: Database) -> None:
    broker = EmbeddedBroker((FIRST,))
    first = Collector()
    await broker.consume(FIRST, first)
    cut: list[int] = []

    async def cut_off(messages: Sequence[Outgoing]) -> Sequence[PublishFault | None]:
        if not cut:
            cut.append(1)
            async with db.transaction() as tx:
                await tx.raw.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid()"
                )
                await eventually(lambda: alone(tx))
        return await EmbeddedBroker.publish(broker, messages)

    broker.publish = cut_off  # type: ignore[method-assign]  # the moment between publish and commit is the point
    event = an_event()
    stop = Stop()
    await record(db, [event])  # before the relay looks: this connection is cut too
    async with asyncio.TaskGroup() as group:
        group.create_task(Relay(db, broker, metrics=Metrics()).run(stop))

        async def emptied() -> bool:
            return len(first.ids) >= 2 and await pending(db) == 0

        await eventually(emptied)
        stop.request("the test is over")
    assert set(first.ids) == {event.id}


def test_the_memory_of_refused_rows_has_a_bound() -> None:
    memory = PassedOver()
    for row in range(PASSED_OVER_MAX + 50):
        memory.add(row)
    assert len(memory.now()) == PASSED_OVER_MAX
    assert memory.add(PASSED_OVER_MAX) == 2
    memory.forget([PASSED_OVER_MAX])
    assert memory.add(PASSED_OVER_MAX) == 1


@pytest.mark.parametrize("kind", ["unroutable", "refused"])
def test_a_fault_of_the_message_is_told_from_one_of_the_broker(kind: str) -> None:
    assert PublishFault(kind, "").lasting  # type: ignore[arg-type]  # a parametrized literal
    assert not UNCONFIRMED.lasting
