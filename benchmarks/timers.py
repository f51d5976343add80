"""How fast due timers fire, the whole product step each: decide, save, event, outbox, next timer.

`python -m benchmarks.timers --open 1000000 --due 0 10000 100000 --processes 1 2 4` loads that many open disputes, lets so
many deadlines pass at one instant, and fires them with the product's own sweep: so many sweeps in this process, and so many
processes of one sweep each. Prints fires per second, lateness, and what an idle look costs, also while an old snapshot keeps
all that fired from being vacuumed. `--steady 200` has so many timers a second come due one after the other for ten seconds,
with the sweeps at the service's pace. `--beside 200` files so many disputes a second meanwhile, by HTTP on the same
database. It fails when a timer fired twice or not at all.
"""

import argparse
import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg

from benchmarks import steady, sweep_process
from benchmarks.beside import Beside, Filed, a_door
from services.embedded.postgres import EmbeddedPostgres
from services.escalation.figures import Figures
from services.escalation.sweep import Sweep
from shared.db import policies
from shared.db.engine import Database, make_engine
from shared.db.migrate import upgrade
from shared.db.policies import Matrices
from shared.db.promises import spec_text
from shared.domain.dispute import Severity
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.policy.matrix import default_body, parse_matrix
from shared.runtime.memory import settle
from shared.runtime.metrics import Metrics
from shared.runtime.process import run

IDLE_ROUNDS: Final = 300

_DISPUTES: Final = """
insert into dispute (id, reference, version, sequence, head, status, stage, tier, handler, severity, category, confidence,
  needs_person, secondary, signals, channel, amount, currency, customer_id, customer_class, language, policy_version,
  prior_disputes, contact_count, reopen_count, waits, metadata, received_at, updated_at)
select uuidv7(), 'B-' || n, 2, 0, '\\x00', 'investigating', 'internal_1', 1, 'Complaints desk', 'normal',
  'billing_error', 0.9, false, '{}', '{frustrated}', 'api', 49.90, 'EUR', gen_random_uuid(), 'standard', 'en', 1, 0, 1, 0,
  '[]', '{}', now() - interval '3 days', now() - interval '3 days'
from generate_series($1::int, $2::int) n
"""
_CLOCKS: Final = """
insert into clock (dispute_id, kind, generation, phase, state, tier, spec, policy_version, started_at, opened_at, due_at,
  warned)
select id, 'tier', 1, 0, 'running', 1, $1, 1, received_at, received_at, now() + interval '30 days', '{50,75}' from dispute
"""
_TIMERS: Final = """
insert into timer (dispute_id, kind, due_at, generation)
select id, 'tier', now() + interval '30 days' + random() * interval '30 days', 1 from dispute
"""
_FALL_DUE: Final = """
with picked as (select id from dispute where tier = 1 order by id limit $1),
  c as (update clock set due_at = now() from picked where dispute_id = id and kind = 'tier' and state = 'running')
update timer set due_at = now() from picked where dispute_id = id
"""
_CLIMBED: Final = "select count(*), count(distinct dispute_id) from event where type = 'dispute.escalated'"


@asynccontextmanager
async def server(url: str | None) -> AsyncIterator[str]:
    """The URL of an empty, migrated database on the server named, or on one of our own."""
    if url is not None:
        yield await _created(url)
        return
    with tempfile.TemporaryDirectory(prefix="recourse-bench-") as folder:
        own = EmbeddedPostgres(Path(folder) / "postgres", settings={"shared_buffers": "512MB", "max_wal_size": "4GB"})
        await own.start()
        try:
            yield await _created(own.url())
        finally:
            await own.stop()
            shutil.rmtree(own.home, ignore_errors=True)


async def _created(url: str) -> str:
    name = f"bench_{uuid4().hex[:8]}"
    plain = url.replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(plain)
    await connection.execute(f"create database {name}")
    await connection.close()
    made = f"{url.rpartition('/')[0]}/{name}"
    await asyncio.to_thread(upgrade, made)
    return made


class Bench:
    """One database with its load, and the product's engine on it."""

    def __init__(self, url: str, *, batch: int) -> None:
        self.url = url
        self.database = Database(make_engine(url, pool_size=8))
        self.calendars = load_calendars(DEFAULT_CALENDARS, range(2024, 2032))
        self.matrices = Matrices(self.calendars)
        self.figures = Figures(Metrics())
        self.batch = batch
        self.loaded = 0
        self.due = 0

    def sweep(self) -> Sweep:
        """A sweep as the service runs it."""
        return Sweep(self.database, self.matrices, self.calendars, self.figures, batch=self.batch)

    async def load(self, count: int) -> None:
        """Brings the number of open disputes to `count`, each with a running tier clock and an armed timer."""
        connection = await asyncpg.connect(self.url.replace("postgresql+asyncpg", "postgresql"))
        spec = spec_text(parse_matrix(default_body(), version=1).tier(1).deadlines[Severity.NORMAL])
        if not self.loaded:
            async with self.database.transaction() as tx:
                await policies.ensure_default(tx)
        await connection.execute(_DISPUTES, self.loaded + 1, count)
        fresh = " where not exists (select 1 from clock c where c.dispute_id = dispute.id)"
        await connection.execute(_CLOCKS + fresh, spec)
        await connection.execute(_TIMERS + fresh.replace("clock c", "timer c"))
        await connection.execute("vacuum analyze")
        await connection.close()
        self.loaded = count

    async def fall_due(self, count: int) -> None:
        """Lets so many deadlines pass now."""
        async with self.database.transaction() as tx:
            await tx.raw.execute(_FALL_DUE, count)

    async def fire(self, sweepers: int) -> list[tuple[float, int]]:
        """Fires until nothing is due; when each batch was done, and how many timers it fired."""
        done: list[tuple[float, int]] = []
        began = time.perf_counter()

        async def work(sweep: Sweep) -> None:
            while (fired := (await sweep.fire_batch(self.batch)).fired) > 0:
                done.append((time.perf_counter() - began, fired))

        await asyncio.gather(*(work(self.sweep()) for _ in range(sweepers)))
        return sorted(done)

    async def check(self, due: int) -> None:
        """Compares the histories with what has fallen due since the load.

        Raises:
            SystemExit: a timer fired twice, or not at all.
        """
        self.due += due
        async with self.database.transaction() as tx:
            climbs, disputes = await tx.raw.fetchrow(_CLIMBED)
            left = await tx.raw.fetchval("select count(*) from timer where due_at <= $1", tx.now)
        if not climbs == disputes == self.due or left:
            raise SystemExit(f"{self.due} were due; {climbs} climbs of {disputes} disputes, {left} timers left")

    async def idle_ms(self) -> tuple[float, float]:
        """Median and 99th percentile of one look that finds nothing due."""
        sweep = self.sweep()
        for _ in range(20):
            await sweep.fire_batch(self.batch)
        took = []
        for _ in range(IDLE_ROUNDS):
            began = time.perf_counter()
            await sweep.fire_batch(self.batch)
            took.append((time.perf_counter() - began) * 1000)
        return statistics.median(took), statistics.quantiles(took, n=100)[98]


@asynccontextmanager
async def old_snapshot(url: str) -> AsyncIterator[None]:
    """A transaction that sees the past, so that nothing can be vacuumed meanwhile."""
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    await connection.execute("begin isolation level repeatable read")
    await connection.fetchval("select count(*) from policy")
    try:
        yield
    finally:
        await connection.close()


async def fired(bench: Bench, due: int, sweepers: int, beside: Beside | None) -> None:
    """Lets deadlines pass, fires them in this process, and prints how it went."""
    await bench.fall_due(due)
    used = time.process_time()
    async with filing(beside) as filed:
        done = await bench.fire(sweepers)
    used = time.process_time() - used
    told(done, f"{sweepers} sweeper(s)", filed)
    print(f"    {used / due * 1e6:.0f} µs of this process's processor time each")
    await bench.check(due)


async def fired_by_processes(bench: Bench, due: int, processes: int, beside: Beside | None) -> float:
    """The same by processes of their own; timers a second."""
    async with sweep_process.sweeping(bench.url, processes, bench.batch) as ready:
        await bench.fall_due(due)
        async with filing(beside) as filed:
            done, shares = await sweep_process.fire(ready)
    told(done, f"{processes} process(es)", filed)
    print(f"    by process: {', '.join(f'{share:,}' for share in shares)}")
    await bench.check(due)
    return due / done[-1][0]


@asynccontextmanager
async def filing(beside: Beside | None) -> AsyncIterator[Filed | None]:
    """Files meanwhile, if that is wanted."""
    if beside is None:
        yield None
        return
    async with beside.filing() as filed:
        yield filed


def told(done: Sequence[tuple[float, int]], who: str, filed: Filed | None) -> None:
    """Prints one firing."""
    total = sum(fired for _, fired in done)
    last = done[-1][0]
    late = [at for at, fired in done for _ in range(fired)]
    p50, p99 = statistics.median(late), statistics.quantiles(late, n=100)[98]
    print(
        f"  {who}: {total:,} fired in {last:.2f} s = {total / last:,.0f}/s; "
        f"late after falling due at one instant: median {p50:.2f} s, p99 {p99:.2f} s, max {last:.2f} s",
        flush=True,
    )
    if filed is not None:
        print(f"    {filed}")


async def main(arguments: argparse.Namespace) -> None:
    async with server(arguments.url) as url:
        bench = Bench(url, batch=arguments.batch)
        for count in sorted({10_000, arguments.open}):
            await bench.load(count)
            median, p99 = await bench.idle_ms()
            print(f"{count:,} open: idle look median {median:.2f} ms, p99 {p99:.2f} ms")
        settle()  # as the service does once it is open
        if arguments.steady:
            due = await steady.told(bench.url, arguments.steady)
            await bench.check(due)
        async with a_door(url, arguments.beside) as beside:
            for due in filter(None, arguments.due):
                await storm(bench, due, arguments, beside)
        async with old_snapshot(url):
            await fired(bench, next(filter(None, arguments.due), 1000), 1, None)
            median, p99 = await bench.idle_ms()
            print(f"{arguments.open:,} open, old snapshot pinned: idle look median {median:.2f} ms, p99 {p99:.2f} ms")
        await bench.database.dispose()


async def storm(bench: Bench, due: int, arguments: argparse.Namespace, beside: Beside | None) -> None:
    """So many due at one instant, for every number of sweeps and of processes."""
    print(f"{due:,} due at one instant", flush=True)
    for _ in range(arguments.repeat):
        for sweepers in arguments.sweepers:
            await fired(bench, due, sweepers, beside)
    rates = {
        processes: [await fired_by_processes(bench, due, processes, beside) for _ in range(arguments.repeat)]
        for processes in arguments.processes
    }
    medians = {processes: statistics.median(found) for processes, found in rates.items()}
    first = next(iter(medians.values()), 0.0)
    for processes, rate in medians.items():
        print(f"  {processes} process(es): median {rate:,.0f}/s, {rate / first:.2f} times the first")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--open", type=int, default=1_000_000, help="open disputes")
    parser.add_argument("--due", type=int, nargs="+", default=[20_000], help="deadlines that pass at one instant")
    parser.add_argument("--batch", type=int, default=250, help="timers per transaction")
    parser.add_argument("--sweepers", type=int, nargs="+", default=[1, 2], help="sweeps at once, one run for each")
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2, 4], help="of one sweep, one run for each")
    parser.add_argument("--beside", type=float, default=0.0, help="disputes filed a second meanwhile")
    parser.add_argument("--steady", type=float, default=200.0, help="timers a second that come due one after the other")
    parser.add_argument("--repeat", type=int, default=2, help="how often each run is done")
    parser.add_argument("--url", help="a PostgreSQL to use instead of one of our own, postgresql+asyncpg://…")
    run(main(parser.parse_args()))
