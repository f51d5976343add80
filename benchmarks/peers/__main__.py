"""Many jobs due at one instant: Recourse's timers beside job queues, in one run on one PostgreSQL and one RabbitMQ.

`python -m benchmarks peers` runs, turn by turn, each contender in one process of its own on an empty database: its jobs
are scheduled for one instant, for some seconds nothing is due, and then everything is. Recourse does the whole product
step for each (decide, save, event with its hash, outbox, next timer, committed) and its lateness is that of the commit; the
peers' jobs do nothing but note the time, and their lateness is that of the start. So the ratios are to Recourse's
disadvantage. Celery has two processes of its own besides, which is how it is run; its jobs wait in the worker's memory.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.peers.environment import interpreter
from benchmarks.peers.protocol import FIRING_SECONDS_MAX
from services.embedded.postgres import EmbeddedPostgres
from shared.db import migrate
from shared.runtime.process import run
from tests.parts.rabbitmq import RabbitCluster

ROOT: Final = Path(__file__).parents[2]
OURS: Final = "Recourse"
PEERS: Final[Mapping[str, str]] = {
    "Procrastinate": "benchmarks.peers.with_procrastinate",
    "PgQueuer": "benchmarks.peers.with_pgqueuer",
    "Celery ETA": "benchmarks.peers.with_celery",
}
SCHEDULED_A_SECOND: Final = 800
"""Slower than any contender schedules: what the lead is worked out from."""

Outcome = Mapping[str, float]


@dataclass(frozen=True)
class Stage:
    """The servers, and the interpreter of the peers."""

    postgres: EmbeddedPostgres
    rabbit: RabbitCluster | None
    python: Path | None

    async def turn(self, name: str, number: int, count: int, idle: float) -> Outcome | None:
        """One contender on a database and a virtual host of its own; None, with words, when it fails."""
        database = f"{name.lower().replace(' ', '_')}_{number}"
        await self.postgres.ensure_database(database)
        if name == OURS:
            await asyncio.to_thread(migrate.upgrade, self.postgres.url(database))
        broker = self.rabbit.nodes[0].url() if self.rabbit else "none"
        python = sys.executable if name == OURS else str(self.python)
        module = "benchmarks.peers.ours" if name == OURS else PEERS[name]
        lead = 6 + idle + count / SCHEDULED_A_SECOND
        command = [python, "-m", module, self.postgres.dsn(database), broker, str(count), str(lead), str(idle)]
        return await asyncio.to_thread(_outcome, name, command, lead + FIRING_SECONDS_MAX + 60)


def _outcome(name: str, command: Sequence[str], seconds_max: float) -> Outcome | None:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds_max)
        outcome: Outcome = json.loads(done.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        print(f"  {name:14} did not end")
        return None
    except (IndexError, ValueError):
        print(f"  {name:14} failed: {done.stderr.strip()[-1500:]}")
        return None
    print(
        f"  {name:14} {outcome['fired']:7,.0f} fired, {outcome['rate']:7,.0f}/s; late p50 {outcome['p50']:.2f} s, "
        f"p99 {outcome['p99']:.2f} s, max {outcome['max']:.2f} s; idle {outcome['idle']:.1f} ms of processor a second",
        flush=True,
    )
    return outcome


async def main(arguments: argparse.Namespace) -> int:
    """Runs the rounds and prints medians; 1 when Recourse itself failed or fired another number than was due."""
    python = await asyncio.to_thread(interpreter)
    with tempfile.TemporaryDirectory(prefix="rcs-") as folder:
        postgres, rabbit = _servers(Path(folder), alone=python is None)
        await postgres.start()
        try:
            if rabbit is not None:
                await rabbit.start()
            return _report(await _rounds(Stage(postgres, rabbit, python), arguments), arguments)
        finally:
            if rabbit is not None:
                await rabbit.stop()
            await postgres.stop()


def _servers(home: Path, *, alone: bool) -> tuple[EmbeddedPostgres, RabbitCluster | None]:
    home.chmod(0o711)  # PostgreSQL may run as another user, who must pass through
    (home / "mq").mkdir()
    return EmbeddedPostgres(home / "pg"), None if alone else RabbitCluster(1, home / "mq")


async def _rounds(stage: Stage, arguments: argparse.Namespace) -> dict[str, list[Outcome | None]]:
    found: dict[str, list[Outcome | None]] = defaultdict(list)
    names = [OURS, *(name for name in PEERS if stage.python is not None)]
    for number in range(1, arguments.rounds + 1):
        print(f"round {number}: {arguments.count:,} due at one instant", flush=True)
        for name in names:
            found[name].append(await stage.turn(name, number, arguments.count, arguments.idle))
    return found


def _report(found: Mapping[str, Sequence[Outcome | None]], arguments: argparse.Namespace) -> int:
    print(f"medians of {arguments.rounds} rounds; trivial jobs for the peers, the whole product step for Recourse")
    ours = [each for each in found[OURS] if each is not None]
    for name, outcomes in found.items():
        ran = [each for each in outcomes if each is not None and each["fired"] == arguments.count]
        if not ran:
            print(f"  {name:14} never fired all of them")
            continue
        middle = {key: statistics.median(each[key] for each in ran) for key in ran[0]}
        print(
            f"  {name:14} {middle['rate']:7,.0f}/s; late p50 {middle['p50']:.2f} s, p99 {middle['p99']:.2f} s, "
            f"max {middle['max']:.2f} s; idle {middle['idle']:.1f} ms/s{_ratio(name, ours, outcomes)}"
        )
    whole = len(ours) == arguments.rounds and all(each["fired"] == arguments.count for each in ours)
    return 0 if whole else 1


def _ratio(name: str, ours: Sequence[Outcome], theirs: Sequence[Outcome | None]) -> str:
    """How many times as fast Recourse was, round by round."""
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=False) if b is not None]
    if name == OURS or not pairs:
        return ""
    ratios = [a["rate"] / b["rate"] for a, b in pairs]
    spread = f"[{min(ratios):.2f}-{max(ratios):.2f}]"
    return f"; Recourse fires {statistics.median(ratios):.2f} {spread} times as many a second"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=10_000, help="jobs due at one instant")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=float, default=4.0, help="seconds in which nothing is due")
    raise SystemExit(run(main(parser.parse_args())))
