"""What duplicates cost as disputes pile up: looking for candidates, showing what is related, and sketching behind filings.

`python -m benchmarks.likeness --stored 10000 100000 1000000` fills databases of these sizes, one row in twenty of one
template, and asks all of them by turns: candidates of an ordinary text and of the template, `GET …/related` without its
HTTP, one step of the walk around, and the sketching of new texts without its rests. Milliseconds, median and 99th
percentile; behind each the ratio of the medians to the smallest size.
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
from shared.domain.dispute import Dispute
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
    async with _server() as server, contextlib.AsyncExitStack() as stack:
        houses = [await stack.enter_async_context(_house(server, stored)) for stored in given.stored]
        for stored, house in zip(given.stored, houses, strict=True):
            print(f"{stored:,} disputes: {await house.size()} bytes of sketch and indexes each", flush=True)
        chance = random.Random(given.times)
        for name, step in (
            ("candidates of an ordinary text", lambda house, _: house.candidates(_text(chance))),
            ("candidates of the template", lambda house, n: house.candidates(_letter(n))),
            ("related to a dispute", lambda house, n: house.related(n)),
            (f"one step around ({LOOKED_AT} ids)", lambda house, _: house.around()),
        ):
            _tell(name, houses, await _timed(houses, step, given.times))
        for house in houses:
            await house.file(chance)
        _tell("sketching, each text", houses, await _sketched(houses))
    return 0


class _House:
    """A database with so many disputes."""

    def __init__(self, database: Database, stored: int) -> None:
        self.database = database
        self.stored = stored
        self.sketcher = Sketcher(database, Metrics())
        self.known: Sequence[Dispute] = ()

    async def open(self) -> None:
        """Knows its newest disputes."""
        async with self.database.transaction() as tx:
            newest = await tx.raw.fetch("select id from dispute order by received_at desc limit 500")
            self.known = list((await disputes.get_many(tx, [row["id"] for row in newest])).values())

    async def size(self) -> int:
        async with self.database.transaction() as tx:
            size = "select pg_total_relation_size('likeness') / count(*) from likeness"
            return int(await tx.raw.fetchval(size))

    async def candidates(self, text: str) -> None:
        async with self.database.transaction() as tx:
            await likeness.candidates(tx, [Told(uuid4(), uuid4(), tx.now, sketch("", text))])

    async def related(self, number: int) -> None:
        async with self.database.transaction() as tx:
            await related(tx, self.known[number % len(self.known)], filed_by=None)

    async def around(self) -> None:
        async with self.database.transaction() as tx:
            await likeness.unsketched(tx, likeness.FIRST, likeness.LAST, look_at=LOOKED_AT, limit=200)

    async def file(self, chance: random.Random) -> None:
        """New disputes; one in ten is the template's."""
        async with self.database.transaction() as tx:
            new = [_letter(n) if n % 10 == 0 else _text(chance) for n in range(NEW_TEXTS)]
            made = [a_dispute(received_at=tx.now, reference=str(uuid4())) for _ in new]
            await disputes.insert_many(
                tx, [a_filing(each, description=text) for each, text in zip(made, new, strict=True)]
            )
            await tx.raw.execute("update likeness_progress set front = $1", likeness.bound(tx.now))

    async def sketched(self) -> float | None:
        """Seconds for each text of the next batch; None when all are done."""
        before, began = self._count(), time.perf_counter()
        await self.sketcher.round()
        done = self._count() - before
        return (time.perf_counter() - began) / done if done else None

    def _count(self) -> float:
        registry = self.sketcher._metrics.registry  # noqa: SLF001
        return registry.get_sample_value("recourse_likeness_sketched_total") or 0.0


Step = Callable[[_House, int], Awaitable[None]]


async def _timed(houses: Sequence[_House], step: Step, times: int) -> list[list[float]]:
    """By turns, so that whatever else the machine does weighs on all sizes alike."""
    took: list[list[float]] = [[] for _ in houses]
    for number in range(times + 10):  # the first ten prepare the statements and are not counted
        for house, of_house in zip(houses, took, strict=True):
            began = time.perf_counter()
            await step(house, number)
            of_house.append(time.perf_counter() - began)
    return [of_house[10:] for of_house in took]


async def _sketched(houses: Sequence[_House]) -> list[list[float]]:
    took: list[list[float]] = [[] for _ in houses]
    working = True
    while working:
        working = False
        for house, of_house in zip(houses, took, strict=True):
            each = await house.sketched()
            if each is not None:
                of_house.append(each)
                working = True
    return took


def _tell(name: str, houses: Sequence[_House], took: Sequence[Sequence[float]]) -> None:
    print(name)
    first = statistics.median(took[0])
    for house, of_house in zip(houses, took, strict=True):
        middle, high = statistics.median(of_house), statistics.quantiles(of_house, n=100)[98]
        print(f"  {house.stored:>9,} {middle * 1000:8.2f} {high * 1000:8.2f}  x{middle / first:.2f}", flush=True)


@contextlib.asynccontextmanager
async def _server() -> AsyncIterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="recourse-bench-"))
    server = EmbeddedPostgres(folder / "postgres")
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def _house(server: EmbeddedPostgres, stored: int) -> AsyncIterator[_House]:
    name = f"bench_{stored}"
    await server.ensure_database(name)
    dsn = server.dsn(name)
    await asyncio.to_thread(migrate.upgrade, dsn)
    await _fill(dsn.replace("postgresql+asyncpg", "postgresql"), stored)
    house = _House(Database(make_engine(dsn, pool_size=3)), stored)
    await house.open()
    yield house
    await house.database.dispose()


async def _fill(dsn: str, stored: int) -> None:
    """Rows made in SQL; the indexes over bands are made anew afterwards, which is how so many rows get in soon."""
    connection = await asyncpg.connect(dsn)
    made = sketch("", TEMPLATE)
    try:
        for band in range(BANDS):
            await connection.execute(f"drop index ix_likeness_band_{band}")
        for statement in (_DISPUTES, _PRIVATE):
            await connection.execute(statement, 1, stored)
        await connection.execute("analyze")
        await connection.execute(_SKETCHES, 1, stored, made.minima, list(made.bands))
        for band in range(BANDS):
            await connection.execute(f"create index ix_likeness_band_{band} on likeness (band_{band}, received_at)")
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


def _letter(number: int) -> str:
    return TEMPLATE.format(amount=f"{number}.90", name=f"Customer {number}")


def _text(chance: random.Random) -> str:
    return " ".join(chance.choices(_VOCABULARY, _WEIGHTS, k=130))


if __name__ == "__main__":
    raise SystemExit(run(main()))
