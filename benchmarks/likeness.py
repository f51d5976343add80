"""What duplicates cost as disputes pile up: looking for candidates, showing what is related, and sketching behind filings.

`python -m benchmarks.likeness --stored 10000 100000 1000000` fills a private PostgreSQL step by step, one row in twenty of
one template, and asks at each size: candidates of an ordinary text and of the template, `GET …/related` without its HTTP,
the sketching of new texts without its rests, and one step of the walk around. Milliseconds, median and 99th percentile;
behind each the ratio to the smallest size.
"""

import argparse
import asyncio
import contextlib
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg

from services.embedded.postgres import EmbeddedPostgres
from services.intake.commands.relate import related
from services.intake.sketcher import LOOKED_AT, Sketcher
from shared.db import disputes, likeness, migrate
from shared.db.engine import Database, make_engine
from shared.db.likeness import PERIOD
from shared.domain.clustering import Told
from shared.domain.likeness import BANDS, sketch
from shared.runtime.metrics import Metrics
from shared.runtime.process import run
from tests.builders import a_dispute, a_filing

TEMPLATE: Final = (
    "I hereby object to the increase of the monthly fee to {amount}. I have not agreed to any change of the contract. "
    "According to the judgment of the highest court silence is no consent. I therefore ask you to refund the difference for "
    "the last three years with interest within fourteen days and to go on with the account under the old terms. {name}"
)
NEW_TEXTS: Final = 2000
_VOCABULARY: Final = [f"word{n}" for n in range(5000)]
_WEIGHTS: Final = [1 / (n + 10) for n in range(5000)]

_ID: Final = "(lpad(to_hex((extract(epoch from now() - (n * interval '30 s')) * 1000)::bigint), 12, '0') || substr(md5(n::text), 1, 20))::uuid"
_DISPUTES: Final = f"""
insert into dispute (id, reference, version, sequence, head, status, stage, severity, category, confidence,
  needs_person, secondary, signals, channel, amount, currency, order_reference, customer_id, customer_class, language,
  prior_disputes, contact_count, reopen_count, waits, metadata, received_at, updated_at)
select {_ID}, 'B-' || n, 1, 1, '\\x00', 'received', 'internal_1', 'normal', 'billing_error', 0.9, false, '{{}}', '{{calm}}',
  'api', 49.90, 'EUR', 'SO-' || n, md5((n / 5)::text)::uuid, 'standard', 'en', 0, 1, 0, '[]', '{{}}',
  now() - n * interval '30 s', now()
from generate_series($1::int, $2::int) n
"""
_PRIVATE: Final = """
insert into dispute_private (dispute_id, name, email, subject, description, parties, reasons, evidence)
select d.id, 'Ada Jones', 'ada' || n || '@example.org', 'Charged twice', 'Text.', '[]', '[]', '[]'
from generate_series($1::int, $2::int) n join dispute d on d.reference = 'B-' || n
"""
_PERIOD: Final = (
    f"(floor(extract(epoch from d.received_at) / {PERIOD.total_seconds()})::bigint % 256 * 16777216 - 2147483648)"
)
_KEYS: Final = ", ".join(
    f"({_PERIOD} + case when n % 20 = 0 and random() < 0.8 then ($4::int[])[{n + 1}] & 16777215 "
    "else floor(random() * 16777216)::int end)::int"
    for n in range(BANDS)
)
_SKETCHES: Final = f"""
insert into likeness select d.id, d.customer_id, d.received_at, 120, $3::bytea, {_KEYS}
from generate_series($1::int, $2::int) n join dispute d on d.reference = 'B-' || n
"""


async def main() -> int:
    """Prints one line for each question and size; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stored", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--times", type=int, default=500)
    given = parser.parse_args()
    first: dict[str, float] = {}
    async with _server() as (dsn, database):
        before = 0
        for stored in given.stored:
            await _fill(dsn, before, stored)
            before = stored
            print(f"{stored:,} disputes stored; {await _size(dsn)}", flush=True)
            for name, took in (await _measured(database, given.times)).items():
                middle, high = statistics.median(took) * 1000, statistics.quantiles(took, n=100)[98] * 1000
                ratio = middle / first.setdefault(name, middle)
                print(f"  {name:42} {middle:8.2f} {high:8.2f}  x{ratio:.2f}", flush=True)
    return 0


@contextlib.asynccontextmanager
async def _server() -> AsyncIterator[tuple[str, Database]]:
    folder = Path(tempfile.mkdtemp(prefix="recourse-bench-"))
    server = EmbeddedPostgres(folder / "postgres")
    await server.start()
    try:
        await server.ensure_database("bench")
        dsn = server.dsn("bench")
        await asyncio.to_thread(migrate.upgrade, dsn)
        database = Database(make_engine(dsn, pool_size=3))
        yield dsn.replace("postgresql+asyncpg", "postgresql"), database
        await database.dispose()
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _fill(dsn: str, before: int, stored: int) -> None:
    """Rows made in SQL; the indexes over bands are made anew afterwards, which is how so many rows get in soon."""
    connection = await asyncpg.connect(dsn)
    made = sketch("", TEMPLATE)
    try:
        for band in range(BANDS):
            await connection.execute(f"drop index ix_likeness_band_{band}")
        for statement in (_DISPUTES, _PRIVATE):
            await connection.execute(statement, before + 1, stored)
        await connection.execute("analyze")
        await connection.execute(_SKETCHES, before + 1, stored, made.minima, list(made.bands))
        for band in range(BANDS):
            await connection.execute(f"create index ix_likeness_band_{band} on likeness (band_{band}, received_at)")
        await connection.execute("vacuum analyze")
        await connection.execute("checkpoint")
    finally:
        await connection.close()


async def _size(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        size = await connection.fetchval("select pg_total_relation_size('likeness') / count(*) from likeness")
        return f"{size} bytes of sketch and indexes each"
    finally:
        await connection.close()


async def _measured(database: Database, times: int) -> dict[str, Sequence[float]]:
    chance = random.Random(times)
    async with database.transaction() as tx:
        now = tx.now
        known = await disputes.get_many(
            tx,
            [
                row["id"]
                for row in await tx.raw.fetch("select id from dispute order by received_at desc limit $1", times)
            ],
        )

    async def candidates(text: str) -> None:
        async with database.transaction() as tx:
            await likeness.candidates(tx, [Told(uuid4(), uuid4(), now, sketch("", text))])

    async def shown(place: int) -> None:
        async with database.transaction() as tx:
            await related(tx, list(known.values())[place % len(known)], filed_by=None)

    async def around(_: int) -> None:
        async with database.transaction() as tx:
            await likeness.unsketched(tx, likeness.FIRST, likeness.LAST, look_at=LOOKED_AT, limit=200)

    found = {
        "candidates of an ordinary text": await _timed(lambda _: candidates(_text(chance)), times),
        "candidates of the template": await _timed(lambda n: candidates(_letter(n)), times),
        "related to a dispute": await _timed(shown, times),
        f"one step around ({LOOKED_AT} ids)": await _timed(around, max(20, times // 10)),
    }
    return {**found, "sketching, each of two thousand": await _sketched(database, chance)}


async def _timed(step: Callable[[int], Awaitable[None]], times: int) -> Sequence[float]:
    took = []
    for number in range(times + 10):  # the first ten prepare the statements and are not counted
        began = time.perf_counter()
        await step(number)
        took.append(time.perf_counter() - began)
    return took[10:]


async def _sketched(database: Database, chance: random.Random) -> Sequence[float]:
    """Seconds per text of each batch: one in ten is the template's."""
    async with database.transaction() as tx:
        new = [_letter(n) if n % 10 == 0 else _text(chance) for n in range(NEW_TEXTS)]
        filings = [a_filing(a_dispute(received_at=tx.now, reference=str(uuid4())), description=text) for text in new]
        await disputes.insert_many(tx, filings)
        await tx.raw.execute("update likeness_progress set front = $1", likeness.bound(tx.now))
    sketcher = Sketcher(database, Metrics())
    took, more = [], True
    while more:
        began, counted = time.perf_counter(), _count(sketcher)
        more = bool(await sketcher.round())
        if _count(sketcher) > counted:
            took.append((time.perf_counter() - began) / (_count(sketcher) - counted))
    return took


def _count(sketcher: Sketcher) -> float:
    return sketcher._metrics.registry.get_sample_value("recourse_likeness_sketched_total") or 0.0  # noqa: SLF001


def _letter(number: int) -> str:
    return TEMPLATE.format(amount=f"{number}.90", name=f"Customer {number}")


def _text(chance: random.Random) -> str:
    return " ".join(chance.choices(_VOCABULARY, _WEIGHTS, k=130))


if __name__ == "__main__":
    raise SystemExit(run(main()))
