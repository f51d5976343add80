"""How long reading takes over HTTP with many disputes stored: one, its history and clocks, and every kind of list.

`python -m benchmarks.reading --stored 1000000` fills the tables in SQL, a third of the disputes open and spread over tiers,
handlers, categories and two years, and asks one question after the other from one connection. Prints the median and
the 99th percentile of each.
"""

import argparse
import statistics
import time
from typing import Final

import asyncpg

from benchmarks.stage import Client, Stage, product
from shared.runtime.process import run

_DISPUTES: Final = """
insert into dispute (id, reference, version, sequence, head, status, stage, tier, handler, severity, category, confidence,
  needs_person, secondary, signals, channel, amount, currency, order_reference, customer_id, customer_class, language,
  policy_version, prior_disputes, contact_count, reopen_count, waits, metadata, received_at, updated_at, closed_at)
select gen_random_uuid(), 'D-2026-' || lpad(n::text, 7, '0'), 1, 1, '\\x00',
  case when n % 3 = 0 then (array['received', 'triaged', 'investigating', 'awaiting_customer'])[1 + n % 4] else 'closed' end,
  'internal_1', 1 + (n % 40 = 0)::int + (n % 400 = 0)::int, 'handler ' || n % 200,
  (array['normal', 'normal', 'low', 'high', 'critical'])[1 + n % 5],
  (array['billing_error', 'service_delivery', 'product_quality', 'communication', 'other'])[1 + n % 5], 0.9, n % 4 = 0,
  '{}', '{calm}', 'api', 49.90, 'EUR', 'SO-' || n, gen_random_uuid(), 'standard', 'en', 1, 0, 1, 0, '[]', '{}',
  now() - n * interval '1 minute', now(), case when n % 3 = 0 then null else now() end
from generate_series(1, $1::int) n
"""
_PRIVATE: Final = """
insert into dispute_private (dispute_id, name, email, subject, description, parties, reasons, evidence)
select id, 'Ada Jones', 'ada' || order_reference || '@example.org',
  case when random() < 0.0001 then 'The samovar broke' else 'Charged twice for the kettle' end, 'Text.', '[]', '[]', '[]'
from dispute
"""
_EVENTS: Final = """
insert into event (dispute_id, sequence, id, type, version, occurred_at, actor, data, hash)
select id, 1, gen_random_uuid(), 'dispute.filed', 1, received_at, 'bench', '{}', '\\x00' from dispute
"""
_CLOCKS: Final = """
insert into clock (dispute_id, kind, generation, phase, state, tier, spec, policy_version, started_at, opened_at, due_at,
  missed_at, warned)
select id, 'resolution', 1, 0, case when order_reference like '%00' then 'missed' else 'running' end, null,
  '{"kind": "resolution", "duration": "8 weeks", "calendar": "always", "pausable": false, "warn_at": [], "on_breach": "tell"}',
  1, received_at, received_at, now() + interval '8 weeks', case when order_reference like '%00' then now() end, '{}'
from dispute where closed_at is null
"""
_LISTS: Final = (
    "",
    "?status=investigating",
    "?handler=handler%207",
    "?tier=3",
    "?severity=critical",
    "?category=billing_error&status=received",
    "?needs_person=true",
    "?overdue=true",
    "?q=D-2026-0004711",
    "?q=samovar",
    "?q=kettle",
)


async def main() -> int:
    """Prints one line for each question; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=200)
    given = parser.parse_args()
    async with product(door_alone=True) as stage:
        known = await _fill(stage, given.stored)
        print(f"{given.stored:,} disputes stored; milliseconds, median and 99th percentile of {given.times}")
        client = await Client.connect(stage.port)
        for part in ("", "/history", "/clocks"):
            paths = [f"/v1/disputes/{each}{part}" for each in known[: given.times]]
            await _ask(client, f"one{part}", paths)
        for query in _LISTS:
            await _ask(client, f"list{query}", [f"/v1/disputes{query}"] * given.times)
        client.close()
    return 0


async def _fill(stage: Stage, stored: int) -> list[str]:
    connection = await asyncpg.connect(stage.database.replace("postgresql+asyncpg", "postgresql"))
    try:
        await connection.execute(_DISPUTES, stored)
        for statement in (_PRIVATE, _EVENTS, _CLOCKS, "vacuum analyze"):
            await connection.execute(statement)
        sample = "select id::text from dispute tablesample system_rows(2000)"
        await connection.execute("create extension if not exists tsm_system_rows")
        return [row["id"] for row in await connection.fetch(sample)]
    finally:
        await connection.close()


async def _ask(client: Client, name: str, paths: list[str]) -> None:
    took = []
    for path in [*paths[:10], *paths]:  # the first ten prepare the statements and are not counted
        began = time.perf_counter()
        status, body = await client.send("GET", path)
        took.append((time.perf_counter() - began) * 1000)
        if status != 200:
            raise SystemExit(f"{path}: {status} {body[:300]!r}")
    counted = took[10:]
    print(f"  {name:50} {statistics.median(counted):7.2f} {statistics.quantiles(counted, n=100)[98]:7.2f}", flush=True)


if __name__ == "__main__":
    raise SystemExit(run(main()))
