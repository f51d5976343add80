"""How failures are judged: the work's fault, the database's, or nobody's."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.broker.handling import DatabaseAway, Failed, handled, reason_of, transacted
from shared.db.engine import Database, Tx, make_engine
from shared.db.faults import is_away, is_transient
from shared.domain.errors import Conflict
from shared.messages.envelope import Envelope
from shared.runtime.ids import new_id
from tests.contract.rig import an_event


async def test_an_event_is_handled_with_those_before_it_in_its_dispute(db: Database) -> None:
    dispute = new_id()
    events = [an_event(n, dispute=dispute) for n in (3, 1, 2)]
    order: list[int] = []

    async def note(tx: Tx, envelopes: Sequence[Envelope]) -> None:
        order.extend(each.sequence for each in envelopes)

    async with db.transaction() as tx:
        assert await handled(tx, "first", note, [*events, events[0]]) == 3
    assert order == [1, 2, 3]
    async with db.transaction() as tx:
        assert await handled(tx, "first", note, events) == 0


async def test_work_that_lost_a_deadlock_is_done_again_at_once(db: Database) -> None:
    tries: list[int] = []

    async def work(tx: Tx) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise asyncpg.DeadlockDetectedError("lost")

    await transacted(db, work)
    assert len(tries) == 3


async def test_work_that_keeps_losing_is_a_failure_in_the_end(db: Database) -> None:
    async def work(tx: Tx) -> None:
        raise asyncpg.SerializationError("lost")

    with pytest.raises(Failed) as caught:
        await transacted(db, work)
    assert caught.value.reason == "SerializationError 40001"


async def test_a_server_that_is_not_there_is_no_fault_of_the_work() -> None:
    nowhere = Database(make_engine("postgresql+asyncpg://postgres@127.0.0.1:1/nothing", pool_size=1))

    async def work(tx: Tx) -> None:
        """Is never reached."""

    with pytest.raises(DatabaseAway):
        await transacted(nowhere, work)
    await nowhere.dispose()


async def test_a_pool_that_is_used_up_is_no_fault_of_the_work(database: str) -> None:
    small = Database(make_engine(database, pool_size=1))
    small.engine.pool._timeout = 0.05  # type: ignore[attr-defined]  # nobody waits ten seconds in a test

    async def work(tx: Tx) -> None:
        """Is never reached."""

    async with small.transaction():
        with pytest.raises(DatabaseAway):
            await transacted(small, work)
    await small.dispose()


async def test_a_time_limit_of_the_work_itself_is_its_own_fault(db: Database) -> None:
    async def work(tx: Tx) -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(Failed, match="TimeoutError"):
        await transacted(db, work)


async def test_a_connection_refused_by_a_full_server_means_that_it_is_away() -> None:
    assert is_away(asyncpg.TooManyConnectionsError("full"))
    assert is_away(asyncpg.AdminShutdownError("bye"))
    assert is_away(asyncpg.CannotConnectNowError("starting"))
    assert is_away(asyncpg.InterfaceError("connection is closed"))
    assert is_away(asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress"))
    assert is_away(PoolTimeout())
    assert is_away(DBAPIError("select", {}, Exception("wrapped"), connection_invalidated=True)) is False
    assert not is_away(asyncpg.InterfaceError("another operation is in progress"))
    assert not is_away(FileNotFoundError("a template"))
    assert is_transient(asyncpg.LockNotAvailableError("busy"))


def test_a_reason_names_class_and_code_and_repeats_nothing_a_customer_wrote() -> None:
    assert reason_of(ValueError("Ada Jones, ada@example.org")) == "ValueError"
    assert reason_of(Conflict("Ada Jones")) == "Conflict conflict"
    assert reason_of(asyncpg.UniqueViolationError("Key (email)=(ada@example.org)")) == "UniqueViolationError 23505"
