"""A service as a process of its own, started by `tests.faults.victim`, which can be made to die at a chosen point."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import orjson

from tests.waiting import eventually

ROOT: Final = Path(__file__).resolve().parents[2]
READY_SECONDS_MAX: Final = 40.0
STOP_SECONDS_MAX: Final = 20.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What is to be wrong with a process: where it dies, at which passes, which guard it does without."""

    die_at: str | None = None
    passes: Sequence[int] = ()
    explore: Sequence[str] = ()
    without: str | None = None

    def arguments(self) -> list[str]:
        """The same, for the command line of the victim."""
        made: list[str] = []
        for name, value in (("die-at", self.die_at), ("without", self.without)):
            made += [f"--{name}", value] if value else []
        made += ["--passes", ",".join(map(str, self.passes))] if self.passes else []
        return made + (["--explore", ",".join(self.explore)] if self.explore else [])


HEALTHY: Final = Orders()


class ServiceProcess:
    """One service under its supervisor, which starts it again after each planned death, as an orchestrator would."""

    def __init__(self, name: str, port: int, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.port = port
        self._folder = folder
        self._environment = {**os.environ, **environment, "RECOURSE_PORT": str(port)}
        self._report = folder / f"{name}-{port}.report"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, orders: Orders = HEALTHY) -> None:
        self._report.touch()
        with (self._folder / f"{self.name}-{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.faults.victim", self.name.split(".", maxsplit=1)[0]),
                    *("--report", str(self._report), *orders.arguments()),
                ],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def told(self) -> list[dict[str, Any]]:
        """What the supervisor and its lives reported, in order."""
        return [orjson.loads(line) for line in self._report.read_bytes().splitlines()]

    @property
    def deaths(self) -> list[dict[str, Any]]:
        """The planned deaths so far."""
        return [each for each in self.told() if each["what"] == "died"]

    @property
    def accidents(self) -> list[dict[str, Any]]:
        """Ends that nobody planned."""
        return [each for each in self.told() if each["what"] == "accident"]

    @property
    def mended(self) -> bool:
        """Whether all planned deaths are behind it."""
        return any(each["what"] == "healthy" for each in self.told())

    @property
    def frozen(self) -> int | None:
        """The process id of a life that froze itself."""
        return next((each["pid"] for each in self.told() if each["what"] == "frozen"), None)

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def ready(self, within: float = READY_SECONDS_MAX) -> None:
        """Waits until it says that it is ready; raises AssertionError with its last words."""

        async def asks() -> bool:
            async with httpx.AsyncClient(timeout=2) as client:
                return (await client.get(f"http://127.0.0.1:{self.port}/readyz")).status_code == 200

        await eventually(asks, within=within, every=0.1)

    def stop(self) -> None:
        """An orderly end, or a kill when that takes too long; everything below it goes too."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
