"""How long finding similar decided disputes takes over HTTP, and how fast the index behind it follows.

`python -m benchmarks.precedents --stored 300000` stores decided disputes whose texts are drawn from a vocabulary in which the
n-th word is n times rarer than the first (Zipf), about as long as a real complaint; lets the index catch up; then asks for the
precedents of open disputes from one connection, the first time with the index at rest and then while more are decided.
With `--data` it reads complaints with their resolution from CSV files instead and says how often the outcome that is suggested
was the one given, beside always naming the most frequent outcome of the category.
"""

import argparse
import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from benchmarks.outcomes import judged
from benchmarks.stage import WARM_UP, Client, asked, product, told
from shared.db.engine import Database, make_engine
from shared.db.precedent_index import keep_up, sample_words
from shared.runtime.process import run

VOCABULARY: Final = 30_000
WORDS: Final = 130
"""Of a text; a complaint of 800 characters has about so many."""
ASKED: Final = 200
SLICE: Final = 200
BULK: Final = 2_000
FOLLOWED_MAX: Final = 10_000
_DISPUTES: Final = """
insert into dispute (id, reference, version, sequence, head, status, stage, tier, handler, outcome, remedy, remedy_amount,
  remedy_currency, severity, category, confidence, needs_person, secondary, signals, channel, amount, currency, customer_id,
  customer_class, jurisdiction, language, policy_version, prior_disputes, contact_count, reopen_count, waits, metadata,
  received_at, updated_at, resolved_at)
select s.id, 'D-2026-' || lpad(s.n::text, 7, '0'), 1, 1, '\\x00', case when s.decided then 'resolved' else 'received' end,
  'internal_1', 1, 'handler ' || s.n % 200,
  case when s.decided then (array['upheld', 'partly_upheld', 'not_upheld'])[1 + s.n % 3] end,
  case when s.decided and s.n % 3 < 2 then 'refund' end, case when s.decided and s.n % 3 < 2 then 20 + s.n % 100 end,
  case when s.decided and s.n % 3 < 2 then 'EUR' end, 'normal',
  (array['billing_error', 'service_delivery', 'product_quality', 'communication', 'other'])[1 + s.n % 5], 0.9, false,
  '{}', '{calm}', 'api', 20 + s.n % 400, 'EUR', gen_random_uuid(), 'standard', 'GB', 'en', 1, 0, 1, 0, '[]', '{}',
  now() - s.n * interval '1 minute', now(), case when s.decided then now() - s.n * interval '30 seconds' end
from stored s
"""
PRIVATE: Final = """
insert into dispute_private (dispute_id, name, email, subject, description, parties, reasons, evidence)
select id, 'Ada Jones', 'ada' || n || '@example.org', subject, description, '[]', '[]', '[]' from stored
"""
_DUE: Final = "insert into precedent_due (dispute_id) select id from stored where decided order by n"


async def main() -> int:
    """Prints the figures; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stored", type=int, default=300_000)
    parser.add_argument(
        "--data", type=Path, nargs="+", help="CSV files with text, mapped_category, date and resolution"
    )
    given = parser.parse_args()
    if given.data:
        await judged(given.data)
        return 0
    async with product(door_alone=True) as stage:
        open_ids = await _fill(stage.database, given.stored)
        database = Database(make_engine(stage.database, pool_size=2))
        client = await Client.connect(stage.port)
        try:
            await _follow(database, given.stored)
            await _ask(client, "one dispute alone, to compare with", open_ids, part="")
            await _ask(client, "index at rest", open_ids)
            done = asyncio.Event()
            deciding = asyncio.create_task(_decide(stage.database, database, done))
            await _ask(client, "while more are decided", open_ids)
            done.set()
            print(f"  decided meanwhile: {await deciding:,}")
        finally:
            client.close()
            await database.dispose()
    return 0


def texts(seed: int) -> Iterator[str]:
    """Texts without end."""
    draw = random.Random(seed)
    words = [
        "".join(each)
        for each in itertools.islice(
            itertools.product("bdfgklmnprstvz", "aeiou", "bdklmnprtz", "aeiou", "bdgklmnrt"), VOCABULARY
        )
    ]
    draw.shuffle(words)
    shares = list(itertools.accumulate(1 / n for n in range(1, VOCABULARY + 1)))
    while True:
        yield " ".join(draw.choices(words, cum_weights=shares, k=draw.randint(WORDS // 3, WORDS * 2)))


async def _fill(database: str, stored: int) -> list[str]:
    """Decided disputes, every thousandth of them still open; some of those open."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(
            "create unlogged table stored (n int, id uuid, decided bool, subject text, description text)"
        )
        draw, made = random.Random(7), texts(1)
        every = max(2, stored // ASKED)
        for first in range(0, stored, 10_000):
            rows = [
                (n, UUID(int=draw.getrandbits(128), version=4), n % every != 0, "A complaint", next(made))
                for n in range(first, min(first + 10_000, stored))
            ]
            await connection.copy_records_to_table("stored", records=rows)
        for statement in (_DISPUTES, PRIVATE, _DUE, "analyze"):
            await connection.execute(statement, timeout=600)
        found = await connection.fetch("select id::text from stored where not decided order by n limit $1", ASKED)
        return [row["id"] for row in found]
    finally:
        await connection.close()


async def _follow(database: Database, stored: int) -> None:
    """The index catches up: most of it with its words sorted in at the end, the rest as one process follows day by day."""
    async with database.transaction() as tx:
        index = await tx.raw.fetchval("select indexdef from pg_indexes where indexname = 'ix_precedent_words'")
        await tx.raw.execute("drop index ix_precedent_words")
    rest = min(FOLLOWED_MAX, stored // 2)
    for _ in range((stored - rest) // BULK):
        async with database.transaction() as tx:
            await keep_up(tx, BULK)
    async with database.transaction() as tx:
        await tx.raw.execute("set local statement_timeout = 0")
        await tx.raw.execute("set local maintenance_work_mem = '256MB'")
        await tx.raw.execute(index, timeout=900)
    began, count = time.monotonic(), 0
    while True:
        async with database.transaction() as tx:
            done = await keep_up(tx, SLICE)
        count += done
        if done < SLICE:
            break
    rate = count / (time.monotonic() - began)
    print(f"{stored:,} disputes stored; the index followed {rate:,.0f} decided disputes a second", flush=True)
    async with database.transaction() as tx:
        await tx.raw.execute("analyze precedent")
        began = time.monotonic()
        await sample_words(tx)
        print(f"  counting the words of a sample took {time.monotonic() - began:.2f} s")
        sizes = "select pg_size_pretty(pg_table_size('precedent')) as rows, pg_size_pretty(pg_relation_size('ix_precedent_words')) as words"
        size = await tx.raw.fetchrow(sizes)
        print(f"  table {size['rows']}, index of words {size['words']}")


async def _ask(client: Client, name: str, ids: Sequence[str], *, part: str = "/precedents") -> None:
    took, bodies = await asked(client, [f"/v1/disputes/{each}{part}" for each in [*ids[:WARM_UP], *ids]])
    matches = sum(b'"items":[]' not in body for body in bodies)
    print(f"  {name}: {told(took)}, {matches} of {len(took)} with a match", flush=True)


async def _decide(url: str, database: Database, done: asyncio.Event) -> int:
    """Decides again what was decided, in slices, as one process follows; how many."""
    connection, count = await asyncpg.connect(url), 0
    try:
        while not done.is_set():
            at = datetime.now(UTC) + timedelta(seconds=count)
            await connection.execute(
                "update dispute set resolved_at = $1 where id in (select dispute_id from precedent tablesample system (0.1) limit 50)",
                at,
            )
            async with database.transaction() as tx:
                count += await keep_up(tx, SLICE)
            await asyncio.sleep(0.05)
        return count
    finally:
        await connection.close()


if __name__ == "__main__":
    raise SystemExit(run(main()))
