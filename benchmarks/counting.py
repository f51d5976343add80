"""How long counting a day for rising themes takes behind the door, and how long reading what rose takes over HTTP.

`python -m benchmarks.counting --a-day 1400` stores nine weeks of disputes with texts about as long as real complaints, lets one
process count every day and week of them, and asks for themes from one connection.
"""

import argparse
import random
import statistics
import time
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from benchmarks.precedents import PRIVATE, texts
from benchmarks.stage import WARM_UP, Client, asked, product, told
from shared.db import theme_counts, theme_periods
from shared.db.engine import Database, make_engine
from shared.runtime.process import run

DAYS: Final = 63
ASKED: Final = 200
_DISPUTES: Final = """
insert into dispute (id, reference, version, sequence, head, status, stage, severity, category, confidence, needs_person,
  secondary, signals, channel, product, customer_id, customer_class, language, prior_disputes, contact_count, reopen_count,
  waits, metadata, received_at, updated_at)
select s.id, 'D-2026-' || lpad(s.n::text, 7, '0'), 1, 1, '\\x00', 'received', 'internal_1', 'normal',
  (array['billing_error', 'service_delivery', 'product_quality', 'communication', 'other'])[1 + s.n % 5], 0.9, false,
  '{}', '{calm}', 'api', 'product ' || s.n % 50, gen_random_uuid(), 'standard', 'en', 0, 1, 0, '[]', '{}', s.at, s.at
from stored s
"""


async def main() -> int:
    """Prints the figures; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--a-day", type=int, default=1400)
    given = parser.parse_args()
    async with product(door_alone=True) as stage:
        await _fill(stage.database, given.a_day)
        database = Database(make_engine(stage.database, pool_size=2))
        try:
            await _count(database, given.a_day)
        finally:
            await database.dispose()
        client = await Client.connect(stage.port)
        for period in ("day", "week"):
            await _ask(client, period)
        client.close()
    return 0


async def _fill(database: str, a_day: int) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(
            "create unlogged table stored (n int, id uuid, at timestamptz, subject text, description text)"
        )
        draw, made = random.Random(3), texts(3)
        today: date = await connection.fetchval("select current_date")
        midnight = datetime.combine(today, datetime.min.time(), UTC)
        for back in range(1, DAYS + 1):
            at = midnight - timedelta(days=back)
            rows = [
                (
                    back * a_day + n,
                    UUID(int=draw.getrandbits(128), version=4),
                    at + timedelta(days=n / a_day),
                    "A complaint",
                    next(made),
                )
                for n in range(a_day)
            ]
            await connection.copy_records_to_table("stored", records=rows)
        for statement in (_DISPUTES, PRIVATE, "analyze"):
            await connection.execute(statement, timeout=600)
    finally:
        await connection.close()


async def _count(database: Database, a_day: int) -> None:
    took: dict[str, list[float]] = {"day": [], "week": []}
    while True:
        began = time.monotonic()
        async with database.transaction() as tx:
            span = await theme_periods.due(tx)
            if span is None:
                break
            await theme_counts.count(tx, span)
        took[span.period].append(time.monotonic() - began)
    print(f"{DAYS} days of {a_day:,} disputes; seconds to count one and judge it")
    for period, seconds in took.items():
        print(f"  {period:4} median {statistics.median(seconds):.2f}, longest {max(seconds):.2f} ({len(seconds)})")
    async with database.transaction() as tx:
        rows = await tx.raw.fetchval("select count(*) from theme_count")
        size = await tx.raw.fetchval("select pg_size_pretty(pg_total_relation_size('theme_count'))")
    print(f"  {rows:,} counts kept, {size}", flush=True)


async def _ask(client: Client, period: str) -> None:
    took, _ = await asked(client, [f"/v1/insight/themes?period={period}"] * (WARM_UP + ASKED))
    print(f"  reading a {period}: {told(took)}", flush=True)


if __name__ == "__main__":
    raise SystemExit(run(main()))
