"""Filing by HTTP against pgbench: the product's full path as a ratio to the bare inserts, in the same run.

`python -m benchmarks.filing` runs, for a door of one process and for one of two, turn by turn and on the same server and tables, pgbench with three inserts a
transaction (dispute, event, outbox), the product's door filing one dispute a request, and filing by batches. The two
services behind the door do not run: their work is measured by the other benchmarks.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
import orjson

from benchmarks.stage import Stage, load, product
from services.embedded.binaries import find_binaries
from shared.runtime.process import run

CLIENTS: Final = 32
BATCH: Final = 200
TEXT: Final = (
    "I ordered a kettle on the third of May and paid 49.90 by card. My statement shows the amount twice, once on the "
    "day of the order and once two days later. I called your line on Monday and was told that somebody would call me "
    "back within a day. Nobody did. I wrote a mail on Wednesday and got no answer. I have bought from you for years and "
    "never had any trouble, so I am surprised at how hard it is to reach anybody. Please refund the second charge to "
    "the card I paid with and tell me when I can expect the money. My order number is SO-7 and the last four digits of "
    "the card are on the receipt, which I can send you. If you need anything else from me, please say so now, because "
    "I will be travelling from the twentieth on."
)
INSERTS: Final = """
begin;
insert into dispute (id, reference, version, sequence, head, status, stage, severity, category, confidence, needs_person,
  secondary, signals, channel, amount, currency, customer_id, customer_class, language, prior_disputes, contact_count,
  reopen_count, waits, metadata, received_at, updated_at)
values (gen_random_uuid(), 'P-' || nextval('dispute_reference_number'), 1, 1, '\\x00', 'received', 'internal_1', 'normal',
  'billing_error', 0.9, false, '{}', '{calm}', 'api', 49.90, 'EUR', gen_random_uuid(), 'standard', 'en', 0, 1, 0, '[]',
  '{}', now(), now()) returning id \\gset
insert into event (dispute_id, sequence, id, type, version, occurred_at, actor, data, hash)
values (cast(:id as uuid), 1, gen_random_uuid(), 'dispute.filed', 1, now(), 'bench', '["P", "api", "billing_error"]', '\\x00');
insert into outbox (message_id, topic, body, created_at) values (cast(:id as uuid), 'bench.filed', '\\x7b7d', now());
commit;
"""


@dataclass
class Rates:
    """A second, one figure per round."""

    pgbench: list[float] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    batch: list[float] = field(default_factory=list)


def filing(number: int) -> bytes:
    """One dispute of the median length of a real complaint (about 770 characters)."""
    return orjson.dumps(_dispute(number))


def batch(number: int) -> bytes:
    """A batch of them."""
    return orjson.dumps({"disputes": [_dispute(number * BATCH + n) for n in range(BATCH)]})


def _dispute(number: int) -> dict[str, object]:
    return {
        "customer": {"name": "Ada Jones", "email": f"ada{number}@example.org"},
        "subject": "Charged twice",
        "description": TEXT,
        "amount": {"value": "49.90", "currency": "EUR"},
        "order_reference": "SO-7",
        "product": "kettle",
        "remedy_sought": "refund",
    }


async def main() -> int:
    """Prints the rates and their ratios; returns 0."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=5)
    arguments.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="of the door, one run for each")
    given = arguments.parse_args()
    for processes in given.processes:
        rates = Rates()
        async with product(door_alone=True, processes=processes) as stage:
            for _ in range(given.rounds):
                await _round(stage, rates, given.seconds)
        _report(rates, processes)
    return 0


async def _round(stage: Stage, rates: Rates, seconds: float) -> None:
    rates.pgbench.append(await asyncio.to_thread(pgbench, stage, seconds))
    single = await load(stage.port, filing, path="/v1/disputes", clients=CLIENTS, seconds=seconds)
    rates.single.append(single.per_second)
    many = await load(stage.port, batch, path="/v1/disputes/batch", clients=4, seconds=seconds)
    rates.batch.append(many.per_second * BATCH)
    print(
        f"  pgbench {rates.pgbench[-1]:7.0f} tx/s   single {single.per_second:7.0f}/s "
        f"(p50 {single.percentile(0.5) * 1000:.1f} ms, p99 {single.percentile(0.99) * 1000:.1f} ms, "
        f"{single.failures + many.failures} failed)   batch {rates.batch[-1]:7.0f}/s",
        flush=True,
    )


def pgbench(stage: Stage, seconds: float) -> float:
    """Transactions a second of the three inserts from as many clients."""
    binary = find_binaries().folder / "pgbench"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(INSERTS)
        script.flush()
        command: list[str | Path] = [
            binary,
            "-n",
            "-M",
            "prepared",
            "-c",
            str(CLIENTS),
            "-j",
            "2",
            "-T",
            str(max(1, int(seconds))),
        ]
        told = subprocess.run(
            [*command, "-f", script.name, stage.bare],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
            cwd=Path("/"),
        )
    if told.returncode:
        raise SystemExit(told.stderr[-2000:])
    return float(next(line for line in told.stdout.splitlines() if line.startswith("tps")).split()[2])


async def settled(stage: Stage, seconds_max: float = 120) -> None:
    """Waits until what was filed has been handled, so that no round pays for the one before."""
    connection = await asyncpg.connect(stage.database)
    try:
        for _ in range(int(seconds_max / 0.2)):
            waiting = await connection.fetchval(
                "select (select count(*) from outbox) + (select count(*) from delivery where due_at is not null)"
            )
            if not waiting:
                return
            await asyncio.sleep(0.2)
    finally:
        await connection.close()


def _report(rates: Rates, processes: int) -> None:
    base = statistics.median(rates.pgbench)
    rounds = len(rates.pgbench)
    print(
        f"filing, {processes} process(es), {CLIENTS} clients, medians of {rounds} rounds (one machine carries all of it)"
    )
    for name, values in (("single", rates.single), (f"batch of {BATCH}", rates.batch)):
        ratios = [value / bare for value, bare in zip(values, rates.pgbench, strict=True)]
        spread = f"[{min(ratios):.2f}-{max(ratios):.2f}]"
        print(
            f"  {name:14} {statistics.median(values):7.0f}/s  ratio to pgbench {statistics.median(ratios):.2f} {spread}"
        )
    print(f"  pgbench, 3 inserts {base:7.0f} tx/s")


if __name__ == "__main__":
    raise SystemExit(run(main()))
