"""Many jobs due at one instant: Recourse's timers beside job queues, in one run on one PostgreSQL and one RabbitMQ.

`python -m benchmarks.peers` runs, turn by turn, each contender in one process of its own on an empty database: a million
jobs that are far from due are laid in, then disputes are filed beside at a steady rate by HTTP, and so many jobs fall due at
one instant: none, 10,000 and 100,000. `--open`, `--due`, `--beside` and `--rounds` say otherwise; laying in and firing have
so many seconds each, and what was not done by then is said. A small run: `--open 20000 --due 0 1000 --beside 20`.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import statistics
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.beside import a_door
from benchmarks.peers.environment import interpreter
from benchmarks.peers.protocol import LEAD_SECONDS, SLACK
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
CONTENTS: Final = f"""what one job is:
  {OURS:14} the product's whole step for a timer of an open dispute: decide under its lock, save dispute and clocks, event
                 with its hash, outbox, next timer, committed; late is when that commit was there. Two sweeps, one process
  Procrastinate  an empty function that notes the time as it starts; one worker, 20 at once, polling as often as Recourse
  PgQueuer       the same; one process, batches of 250, polling as often as Recourse
  Celery ETA     the same; a worker of two processes, RabbitMQ, acknowledged late, unlimited prefetch: with its own setting what is
                 due stands behind what is far from due. What waits lies in the worker's memory
So the ratios are to Recourse's disadvantage. Beside all of them disputes are filed by HTTP: for Recourse in the very database
of its timers, for the others in one of its own on the same server. Recourse's open disputes are laid in by SQL, the
peers' jobs by their own interfaces."""
SETTING_UP_SECONDS: Final = 60.0

Outcome = Mapping[str, float]


@dataclass(frozen=True)
class Stage:
    """The servers, the interpreter of the peers, and what was asked for."""

    postgres: EmbeddedPostgres
    rabbit: RabbitCluster | None
    python: Path | None
    asked: argparse.Namespace

    async def turn(self, name: str, number: int) -> list[Outcome]:
        """One contender on a database and a virtual host of its own; fewer outcomes, with words, when it fails."""
        database = f"{name.lower().replace(' ', '_')}_{number}"
        beside = database if name == OURS else f"{database}_beside"
        for each in {database, beside}:
            await self.postgres.ensure_database(each)
        await asyncio.to_thread(migrate.upgrade, self.postgres.url(beside))
        process = await self._contender(name, self.postgres.dsn(database))
        try:
            return await self._heard(name, process, self.postgres.url(beside))
        finally:
            _end(process)
            await process.wait()

    async def _contender(self, name: str, url: str) -> Process:
        asked = self.asked
        broker = self.rabbit.nodes[0].url() if self.rabbit else "none"
        python = sys.executable if name == OURS else str(self.python)
        module = "benchmarks.peers.ours" if name == OURS else PEERS[name]
        dues = ",".join(map(str, asked.due))
        figures = (asked.open, dues, asked.idle, asked.loading, asked.firing)
        command = (python, "-m", module, url, broker, *map(str, figures))
        return await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
        )

    async def _heard(self, name: str, process: Process, url: str) -> list[Outcome]:
        """What a contender tells: first what it laid in, then, with the load beside, one line for each storm."""
        asked, found = self.asked, list[Outcome]()
        errors = asyncio.create_task(_tail(process))
        laid = await _line(process, asked.loading + SETTING_UP_SECONDS + asked.open / 2000)
        if laid is None:
            return await _failed(name, process, errors, found)
        rate = laid["open"] / laid["seconds"] if laid["open"] else 0
        print(f"  {name:14} {laid['open']:,.0f} laid in at {rate:,.0f}/s", flush=True)
        async with AsyncExitStack() as stack:
            door = await stack.enter_async_context(a_door(url, asked.beside))
            filed = None if door is None else await stack.enter_async_context(door.filing())
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            for due in asked.due:
                scheduling = SLACK * due / max(rate, 100)
                told = await _line(process, LEAD_SECONDS + 2 * asked.idle + scheduling * 2 + asked.firing + 60)
                if told is None:
                    return await _failed(name, process, errors, found)
                _show(name, told)
                found.append(told)
        if filed is not None:
            print(f"  {name:14} {filed}", flush=True)
        return found


async def _line(process: Process, seconds: float) -> dict[str, float] | None:
    """The next line of JSON it tells; None when it ended, or took too long."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(seconds):
            while line := await process.stdout.readline():
                if line.startswith(b"{"):
                    told: dict[str, float] = json.loads(line)
                    return told
    except TimeoutError:
        print(f"  it took longer than {seconds:.0f} s", flush=True)
    return None


async def _failed(name: str, process: Process, errors: "asyncio.Task[str]", found: list[Outcome]) -> list[Outcome]:
    _end(process)
    print(f"  {name:14} failed: {(await errors)[-1500:]}", flush=True)
    return found


def _end(process: Process) -> None:
    """Ends it together with whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


async def _tail(process: Process) -> str:
    """What it says of its faults; read all the time, so that it never waits for a reader."""
    assert process.stderr is not None
    last = b""
    while chunk := await process.stderr.read(65_536):
        last = (last + chunk)[-4000:]
    return last.decode(errors="replace").strip()


def _show(name: str, told: Outcome) -> None:
    idle = f"idle {told['idle']:.1f} ms of processor a second"
    if not told["due"]:
        print(f"  {name:14}       0 due: {idle}", flush=True)
        return
    part = "" if told["fired"] == told["due"] else f", {told['fired']:,.0f} of them in the time there was"
    print(
        f"  {name:14} {told['due']:7,.0f} due{part}: {told['rate']:,.0f}/s; late p50 {told['p50']:.2f} s, "
        f"p99 {told['p99']:.2f} s, max {told['max']:.2f} s; {idle}",
        flush=True,
    )


async def main(arguments: argparse.Namespace) -> int:
    """Runs the rounds and prints medians; 1 when Recourse itself failed or fired another number than was due."""
    python = await asyncio.to_thread(interpreter)
    print(CONTENTS)
    with tempfile.TemporaryDirectory(prefix="rcs-") as folder:
        postgres, rabbit = _servers(Path(folder), alone=python is None)
        await postgres.start()
        try:
            if rabbit is not None:
                await rabbit.start()
            return _report(await _rounds(Stage(postgres, rabbit, python, arguments)), arguments)
        finally:
            if rabbit is not None:
                await rabbit.stop()
            await postgres.stop()


def _servers(home: Path, *, alone: bool) -> tuple[EmbeddedPostgres, RabbitCluster | None]:
    home.chmod(0o711)  # PostgreSQL may run as another user, who must pass through
    (home / "mq").mkdir()
    settings: dict[str, Any] = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
    return EmbeddedPostgres(home / "pg", settings=settings), None if alone else RabbitCluster(1, home / "mq")


async def _rounds(stage: Stage) -> dict[str, list[list[Outcome]]]:
    found: dict[str, list[list[Outcome]]] = defaultdict(list)
    names = [OURS, *(name for name in stage.asked.peers if stage.python is not None)]
    for number in range(1, stage.asked.rounds + 1):
        print(f"round {number}: {stage.asked.open:,} open, {stage.asked.beside:g} filed a second beside", flush=True)
        for name in names:
            found[name].append(await stage.turn(name, number))
    return found


def _report(found: Mapping[str, Sequence[Sequence[Outcome]]], asked: argparse.Namespace) -> int:
    print(f"medians of {asked.rounds} round(s); empty jobs for the peers, the whole product step for Recourse")
    whole = True
    for place, due in enumerate(asked.due):
        print(f" {due:,} due at one instant")
        ours = [_at(turn, place) for turn in found[OURS]]
        whole = whole and all(each is not None and each["fired"] == due for each in ours)
        for name, turns in found.items():
            print(_line_of(name, due, ours, [_at(turn, place) for turn in turns]))
    return 0 if whole else 1


def _at(turn: Sequence[Outcome], place: int) -> Outcome | None:
    return turn[place] if place < len(turn) else None


def _line_of(name: str, due: int, ours: Sequence[Outcome | None], theirs: Sequence[Outcome | None]) -> str:
    """One contender's medians, and how many times as fast, or as frugal while nothing is due, Recourse was in each round."""
    ran = [each for each in theirs if each is not None]
    if not ran:
        return f"  {name:14} did not come so far"
    middle = {key: statistics.median(each[key] for each in ran) for key in ran[0]}
    which, words = ("rate", "as many a second") if due else ("idle", "the processor time")
    pairs = [(a[which], b[which]) for a, b in zip(ours, theirs, strict=False) if a and b and b[which]]
    ratios = [mine / other for mine, other in pairs]
    spread = f" [{min(ratios):.2f}-{max(ratios):.2f}]" if len(ratios) > 1 else ""
    ratio = "" if name == OURS or not ratios else f"; Recourse {statistics.median(ratios):.2f}{spread} times {words}"
    idle = f"{middle['open']:,.0f} open, idle {middle['idle']:.1f} ms/s"
    if not due:
        return f"  {name:14} {idle}{ratio}"
    share = "" if middle["fired"] == due else f" ({middle['fired']:,.0f} fired in time)"
    late = f"late p50 {middle['p50']:.2f} s, p99 {middle['p99']:.2f} s, max {middle['max']:.2f} s"
    return f"  {name:14} {middle['rate']:7,.0f}/s{share}; {late}; {idle}{ratio}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--open", type=int, default=1_000_000, help="jobs that are far from due")
    parser.add_argument("--due", type=int, nargs="+", default=[0, 10_000, 100_000], help="jobs due at one instant")
    parser.add_argument("--beside", type=float, default=50.0, help="disputes filed a second meanwhile; 0 for none")
    parser.add_argument("--peers", nargs="*", choices=[*PEERS], default=[*PEERS], help="all of them when left out")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--idle", type=float, default=4.0, help="seconds in which nothing is due")
    parser.add_argument("--loading", type=float, default=180.0, help="seconds for laying in, at most, for each peer")
    parser.add_argument("--firing", type=float, default=180.0, help="seconds for firing, at most")
    raise SystemExit(run(main(parser.parse_args())))
