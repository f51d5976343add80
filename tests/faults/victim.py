"""Runs one service, wrapped so that it dies where it is told, and starts it again: `python -m tests.faults.victim notify`.

The imports are done once; every life is a fork of them. The product's code knows nothing of this.
"""

import argparse
import ctypes
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

import orjson

PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG
LIVES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Death:
    """One planned death: at which failpoint, at which pass or step."""

    point: str
    at: int
    explored: bool = False


class Supervisor:
    """Forks life after life: first those that are to die, then a healthy one."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._report = Path(arguments.report)
        self._child = 0
        self._over = False

    def run(self) -> int:
        importlib.import_module("services.launch.alone")
        importlib.import_module(f"services.{self._arguments.service}.main")
        signal.signal(signal.SIGTERM, self._end)
        for death in self._deaths():
            self._live(death)
            if self._over:
                return 0
        tell(self._report, what="healthy")
        for _ in range(LIVES_MAX):
            self._live(None)
            if self._over:
                return 0
        return 1

    def _deaths(self) -> Iterator[Death]:
        for at in filter(None, self._arguments.passes.split(",")):
            yield Death(self._arguments.die_at, int(at))
        for point in filter(None, self._arguments.explore.split(",")):
            for step in range(1, LIVES_MAX):
                yield Death(point, step, explored=True)
                if self._last_told().get("last"):
                    break

    def _live(self, death: Death | None) -> None:
        parent = os.getpid()
        self._child = os.fork()
        if self._child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            tie_to(parent)
            os._exit(life(self._arguments, death, self._report))
        status = os.waitpid(self._child, 0)[1]
        if not self._over and self._last_told().get("pid") != self._child:
            tell(self._report, what="accident", status=status, pid=self._child)

    def _last_told(self) -> dict[str, Any]:
        lines = self._report.read_bytes().splitlines()
        told: dict[str, Any] = orjson.loads(lines[-1]) if lines else {}
        return told

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._over = True
        if self._child:
            os.kill(self._child, signal.SIGCONT)
            os.kill(self._child, signal.SIGTERM)


def life(arguments: argparse.Namespace, death: Death | None, report: Path) -> int:
    """One life of the service, to its end; returns its exit code."""
    from services.launch import alone
    from shared.runtime import logs
    from shared.runtime.process import run
    from tests.faults import failpoints, guards

    guards.hasten()
    if arguments.without:
        guards.REMOVE[arguments.without]()
    if death is not None:
        failpoints.INSTALL[death.point](failpoints.Trigger(death.at, report, explored=death.explored))
    logs.configure("warning", "json")
    code: int = run(alone.run(arguments.service))
    sys.stdout.flush()
    return code


def tell(report: Path, **facts: Any) -> None:
    """Appends one line for the harness."""
    with report.open("ab") as lines:
        lines.write(orjson.dumps(facts) + b"\n")


def tie_to(parent: int) -> None:
    """Has the kernel end this process when its parent ends, where it can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("service", choices=("intake", "escalation", "notify"))
    parser.add_argument("--report", required=True)
    parser.add_argument("--die-at")
    parser.add_argument("--passes", default="")
    parser.add_argument("--explore", default="")
    parser.add_argument("--without")
    tie_to(os.getppid())
    return Supervisor(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
