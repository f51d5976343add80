"""The stage of every benchmark: a private, durable PostgreSQL, the whole product as one process, and a lean client."""

import asyncio
import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.embedded.postgres import EmbeddedPostgres
from shared.db import migrate

ROOT: Final = Path(__file__).parents[1]
KEY: Final = "an admin key of the benchmarks"
WHOLE: Final = ("services", "run")
DOOR: Final = ("benchmarks.door",)
READY_SECONDS_MAX: Final = 60.0
WARM_UP: Final = 10
"""So many first requests prepare the statements and are not counted."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A running product: where it listens, its database, and one with the same tables that nobody else uses."""

    port: int
    database: str
    bare: str
    folder: Path


@contextlib.asynccontextmanager
async def product(*, door_alone: bool = False, processes: int = 1) -> AsyncIterator[Stage]:
    """The product, or its door alone, ready, on a PostgreSQL of its own that keeps its promises to the disk."""
    folder = Path(tempfile.mkdtemp(prefix="recourse-bench-"))
    server = EmbeddedPostgres(folder / "postgres")
    await server.start()
    process: subprocess.Popen[bytes] | None = None
    try:
        database, bare = [await _database(server, name) for name in ("bench", "bare")]
        port = free_port()
        process = _started(folder, database, port, DOOR if door_alone else WHOLE, processes)
        await _ready(port, process, folder)
        yield Stage(port, database, bare, folder)
    finally:
        if process is not None:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 30)
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def door(database: str) -> AsyncIterator[int]:
    """The door alone on a database that is there already, ready; its port."""
    folder = Path(tempfile.mkdtemp(prefix="recourse-bench-"))
    port = free_port()
    process = _started(folder, database, port, DOOR, 1)
    try:
        await _ready(port, process, folder)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 30)
        shutil.rmtree(folder, ignore_errors=True)


async def _database(server: EmbeddedPostgres, name: str) -> str:
    await server.ensure_database(name)
    await asyncio.to_thread(migrate.upgrade, server.dsn(name))
    return server.dsn(name)


def free_port() -> int:
    """A port that was free a moment ago."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def _started(folder: Path, database: str, port: int, module: Sequence[str], processes: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "RECOURSE_DATABASE_URL": database,
        "RECOURSE_STATE_DIR": str(folder / "var"),
        "RECOURSE_PORT": str(port),
        "RECOURSE_ADMIN_KEY": KEY,
        "RECOURSE_RATE_LIMIT": "0",
        "RECOURSE_LOG_LEVEL": "warning",
        "RECOURSE_PROCESSES": str(processes),
        "RECOURSE_OUTBOX_AGE_SECONDS_MAX": "0",
    }
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", *module]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)


async def _ready(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            client = await Client.connect(port)
            status, _ = await client.send("GET", "/readyz")
            client.close()
            if status == 200:
                return
        await asyncio.sleep(0.05)
    raise SystemExit(f"the product did not become ready:\n{(folder / 'log').read_text()[-2000:]}")


class Client:
    """One keep-alive HTTP/1.1 connection that costs the machine as little as a client can in Python."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Sends one request; the status and the body of the reply."""
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {KEY}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        reply = await self._reader.readuntil(b"\r\n\r\n")
        length = int(reply.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
        return int(reply[9:12]), await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


async def asked(client: Client, paths: Sequence[str]) -> tuple[list[float], list[bytes]]:
    """Gets these one after the other: milliseconds and bodies, without the first WARM_UP."""
    took, bodies = [], []
    for path in paths:
        began = time.perf_counter()
        status, body = await client.send("GET", path)
        took.append((time.perf_counter() - began) * 1000)
        bodies.append(body)
        if status != 200:
            raise SystemExit(f"{status} {body[:300]!r}")
    return took[WARM_UP:], bodies[WARM_UP:]


def told(took: Sequence[float]) -> str:
    """The median and the 99th percentile of milliseconds."""
    return f"p50 {statistics.median(took):.1f} ms, p99 {statistics.quantiles(took, n=100)[98]:.1f} ms"


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: answers a second, latencies in seconds, and how many were not as wanted."""

    per_second: float
    seconds: Sequence[float]
    failures: int

    def percentile(self, share: float) -> float:
        """The latency that this share of the requests stayed within."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


async def load(port: int, body: Callable[[int], bytes], *, path: str, clients: int, seconds: float) -> Load:
    """Posts from so many connections for so long, each as fast as it is answered."""
    latencies: list[float] = []
    failures = 0
    until = time.monotonic() + seconds

    async def one(number: int) -> None:
        nonlocal failures
        client = await Client.connect(port)
        count = 0
        while time.monotonic() < until:
            began = time.perf_counter()
            status, _ = await client.send("POST", path, body(number * 1_000_000 + count))
            latencies.append(time.perf_counter() - began)
            failures += status not in (200, 201)
            count += 1
        client.close()

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(clients)))
    return Load(len(latencies) / (time.perf_counter() - began), latencies, failures)
