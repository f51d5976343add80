"""Concurrent filings share transactions, and one that fails fails alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest

from services.intake.api.schemas_filing import DISPUTE_IN
from services.intake.categorise import read_complaint
from services.intake.commands import batcher, file
from services.intake.commands.file import Brought, file_many
from shared.db.engine import Database, Tx
from shared.db.idempotency import Key, Reply
from tests.services.intake.counter import Counter, a_complaint, a_counter


@pytest.fixture
async def counter(db: Database) -> AsyncIterator[Counter]:
    async with a_counter(db) as opened:
        yield opened


async def test_a_hundred_at_once_are_all_filed_in_few_transactions(counter: Counter) -> None:
    async with counter.db.transaction() as tx:
        before = await tx.raw.fetchval("select pg_current_xact_id()::text::bigint")
    replies = await asyncio.gather(*(counter.file(subject=f"Complaint {n}") for n in range(100)))
    async with counter.db.transaction() as tx:
        after = await tx.raw.fetchval("select pg_current_xact_id()::text::bigint")
    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.json()["id"] for reply in replies}) == 100
    assert len({reply.json()["reference"] for reply in replies}) == 100
    assert await counter.count() == await counter.count("event") == await counter.count("outbox") == 100
    assert after - before < 60


async def test_clients_that_file_one_dispute_after_another_keep_sharing(counter: Counter) -> None:
    async def one() -> None:
        for _ in range(6):
            assert (await counter.file()).status_code == 201

    async with counter.db.transaction() as tx:
        before = await tx.raw.fetchval("select pg_current_xact_id()::text::bigint")
    await asyncio.gather(*(one() for _ in range(16)))
    async with counter.db.transaction() as tx:
        after = await tx.raw.fetchval("select pg_current_xact_id()::text::bigint")
    assert await counter.count() == 96
    assert after - before < 48


async def test_nobody_is_left_waiting_when_a_lane_ends_as_the_next_one_comes(counter: Counter) -> None:
    new = DISPUTE_IN.validate_python(a_complaint()).to_new()
    read = file.read(counter.parts.in_use, new, customer_id=uuid4(), actor="system:intake")
    async with asyncio.timeout(30):
        for _ in range(5):  # each comes in the very moment in which the answer to the one before is told
            await counter.parts.batcher.file(batcher.Asked(lambda: read, lambda _: Reply(b"", 201, {}, b"")))
    assert await counter.count() == 5


async def test_who_gave_up_waiting_finds_nothing_filed_and_may_come_again_with_the_same_key(db: Database) -> None:
    async with a_counter(db, filing_lanes=1) as counter:
        new = DISPUTE_IN.validate_python(a_complaint()).to_new()
        read = file.read(counter.parts.in_use, new, customer_id=uuid4(), actor="system:intake")
        key = Key(uuid4(), "one", "POST /v1/disputes")

        def asked(key: Key | None) -> batcher.Asked:
            return batcher.Asked(lambda: read, lambda _: Reply(b"", 201, {}, b""), key)

        busy = asyncio.create_task(counter.parts.batcher.file(asked(None)))
        waiting = asyncio.create_task(counter.parts.batcher.file(asked(key)))
        await asyncio.sleep(0)  # both are in; the first has the lane
        waiting.cancel()
        await asyncio.gather(busy, waiting, return_exceptions=True)
        assert await counter.count() == 1
        await counter.parts.batcher.file(asked(key))
        assert await counter.count() == 2


async def test_disputes_of_one_customer_in_one_batch_count_each_other(db: Database) -> None:
    async with a_counter(db, filing_lanes=1) as counter:
        replies = await asyncio.gather(*(counter.file() for _ in range(10)))
    assert sorted(reply.json()["prior_disputes"] for reply in replies) == list(range(10))


async def test_each_caller_gets_their_own_dispute(counter: Counter) -> None:
    async def one(n: int) -> None:
        filed = await counter.file(subject=f"Complaint {n}", customer={"email": f"c{n}@example.org"})
        told = (await counter.client.get(filed.json()["links"]["self"])).json()
        assert told["subject"] == f"Complaint {n}"
        assert told["customer"]["email"] == f"c{n}@example.org"

    await asyncio.gather(*(one(n) for n in range(30)))


async def test_a_refused_date_does_not_hinder_the_neighbours(counter: Counter) -> None:
    replies = await asyncio.gather(
        *(counter.file(purchased_on="2199-01-01" if n % 3 == 0 else "2026-01-01") for n in range(12))
    )
    assert [reply.status_code for reply in replies] == [422 if n % 3 == 0 else 201 for n in range(12)]
    assert replies[0].json()["errors"][0]["pointer"] == "/purchased_on"
    assert await counter.count() == 8


async def test_what_the_database_refuses_fails_alone(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filing that no check foresaw: the whole transaction fails, and the others are tried without it."""
    whole = file_many

    async def sometimes(tx: Tx, matrix: Any, brought: Sequence[Brought]) -> Any:
        if any(each.new.subject == "Poison" for each in brought):
            await tx.raw.execute("select 1 / 0")
        return await whole(tx, matrix, brought)

    monkeypatch.setattr(batcher, "file_many", sometimes)
    replies = await asyncio.gather(*(counter.file(subject="Poison" if n == 5 else "Sound") for n in range(10)))
    assert [reply.status_code for reply in replies] == [500 if n == 5 else 201 for n in range(10)]
    assert await counter.count() == 9


async def test_a_text_that_cannot_be_read_fails_alone(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    def sometimes(categoriser: Any, subject: str, description: str, **more: Any) -> Any:
        if subject == "Poison":
            raise RuntimeError
        return read_complaint(categoriser, subject, description, **more)

    monkeypatch.setattr(file, "read_complaint", sometimes)
    replies = await asyncio.gather(*(counter.file(subject="Poison" if n == 5 else "Sound") for n in range(10)))
    assert [reply.status_code for reply in replies] == [500 if n == 5 else 201 for n in range(10)]
    assert await counter.count() == 9


async def test_a_reply_that_cannot_be_made_has_nobody_filed_twice(counter: Counter) -> None:
    new = DISPUTE_IN.validate_python(a_complaint()).to_new()
    read = file.read(counter.parts.in_use, new, customer_id=uuid4(), actor="system:intake")

    def asked(n: int) -> batcher.Asked:
        return batcher.Asked(lambda: read, lambda _: Reply(b"", 1 // n, {}, b""))

    outcomes = await asyncio.gather(*(counter.parts.batcher.file(asked(n)) for n in (1, 0, 1)), return_exceptions=True)
    assert [isinstance(each, ZeroDivisionError) for each in outcomes] == [False, True, False]
    assert await counter.count() == 3


async def test_when_the_connection_dies_everybody_is_told_to_come_back_and_nothing_is_tried_twice(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = file_many
    tries = 0

    async def dying(tx: Tx, matrix: Any, brought: Sequence[Brought]) -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            async with counter.db.transaction() as other:
                await other.raw.execute("select pg_terminate_backend($1)", tx.raw.get_server_pid())
        return await whole(tx, matrix, brought)

    monkeypatch.setattr(batcher, "file_many", dying)
    reply = await counter.file()
    assert reply.status_code == 503
    assert reply.json()["code"] == "database_unavailable"
    assert tries == 1
    assert (await counter.file()).status_code == 201
    assert await counter.count() == 1


async def test_a_full_queue_is_told(db: Database) -> None:
    async with a_counter(db, filing_queue_max=1, filing_lanes=1, filing_batch_max=1) as counter:
        replies = await asyncio.gather(*(counter.file() for _ in range(20)))
        codes = {reply.status_code for reply in replies}
        assert codes == {201, 503}
        assert await counter.count() == sum(reply.status_code == 201 for reply in replies)


async def test_the_database_away_is_a_503_that_says_when_to_come_back(database: str) -> None:
    from shared.db.engine import make_engine

    away = Database(make_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing"))
    db = Database(make_engine(database))
    async with a_counter(db) as counter:
        assert (await counter.file()).status_code == 201  # the key is remembered now
        counter.parts.batcher._database = away
        reply = await counter.file()
        assert reply.status_code == 503
        assert int(reply.headers["retry-after"]) > 0
    await db.dispose()
    await away.dispose()
