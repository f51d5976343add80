"""Runs a private PostgreSQL from the state folder: nothing installed, nothing configured, nothing lost on kill -9."""

import asyncio
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

import asyncpg

from services.embedded.account import database_account, reachable_binaries, reachable_home
from services.embedded.binaries import Binaries, PostgresUnavailableError, find_binaries
from services.embedded.cluster import SUPERUSER, Cluster, clean_environment, unheld
from services.embedded.processes import POLL_SECONDS, command_of, end

# Replaying the log after a crash is part of starting.
START_SECONDS_MAX: Final = 120.0
LAUNCHES_MAX: Final = 10
RELAUNCH_SECONDS: Final = 0.2
# Two reasons to try again: the children of a killed server are still on their way out, or another program took the
# port between our choice and its use.
SERVER_LEAVING: Final = "pre-existing shared memory block"
PORT_LOST: Final = "could not bind"

# For one product on one machine. The log says what failed, never the rows: they are personal data.
MODEST: Final[Mapping[str, str]] = {
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "warning",
}

# Waits until our end of its input closes, which the kernel does even after kill -9, then stops the server we left.
LIFELINE: Final = 'read -r _; [ "$(head -n 1 "$1" 2>/dev/null)" = "$2" ] && kill -INT "$2"'


class EmbeddedPostgres:
    """One private server on 127.0.0.1 with its data below `data_dir`.

    `port` fixes the port; otherwise a free one is chosen and kept over restarts where possible. `settings` override
    the modest defaults (`postgres -c name=value`); with `fsync=off` the data survive nothing and only tests want it.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        binaries: Binaries | None = None,
        *,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._account = database_account()
        self._cluster = Cluster(reachable_home(data_dir, self._account), self._account, wanted=data_dir)
        self._fixed_port = port
        self._binaries = binaries
        self._settings = {**MODEST, **(settings or {})}
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    @property
    def home(self) -> Path:
        """Where the data are: `data_dir`, or its stand-in if root started this in a folder closed to others."""
        return self._cluster.home

    @property
    def port(self) -> int:
        """Raises PostgresUnavailableError before the first start."""
        if self._port is None:
            raise PostgresUnavailableError("The embedded PostgreSQL has not been started.")
        return self._port

    def alive(self) -> bool:
        """Whether the server process runs; one that died and was not yet waited for does not."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Returns when the server takes connections; stops a server that a killed predecessor left running.

        Raises PostgresUnavailableError, with the server's own last words, if it cannot be had.
        """
        if self.alive():
            return
        self._cluster.prepare()
        if self._lock is None:
            self._lock = self._cluster.lock()
        try:
            self._cut_lifeline()
            await self._stop_leftover()
            await self._launch(await asyncio.to_thread(self._made_ready))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Fast stop: transactions in flight roll back, everything committed is on disk. Safe to call twice."""
        self._cut_lifeline()
        if self._process is not None:
            await end(self._process.pid, self.alive)
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def dsn(self, database: str = SUPERUSER) -> str:
        """For asyncpg and libpq."""
        return f"postgresql://{SUPERUSER}:{self._cluster.password()}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    def url(self, database: str = SUPERUSER) -> str:
        """For SQLAlchemy."""
        return self.dsn(database).replace("postgresql://", "postgresql+asyncpg://", 1)

    async def ensure_database(self, name: str) -> None:
        """Creates `name` unless it is there."""
        connection = await asyncpg.connect(self.dsn(), timeout=10)
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
                quoted = name.replace('"', '""')
                await connection.execute(f'create database "{quoted}"')
        finally:
            await connection.close()

    def _made_ready(self) -> Binaries:
        major = self._cluster.major()
        binaries = reachable_binaries(self._binaries or find_binaries(major=major), self._account)
        if major is None:
            self._cluster.initialise(binaries, sync=self._settings.get("fsync") != "off")
        elif major != binaries.major:
            raise PostgresUnavailableError(
                f"The data in {self.home} were made by PostgreSQL {major}, the programs in {binaries.folder} are "
                f"version {binaries.major}."
            )
        return binaries

    async def _stop_leftover(self) -> None:
        """The lock is ours, so whoever started the server that the pid file names is gone."""
        told = self._cluster.postmaster()
        if told is not None:
            pid, ours = told[0], str(self._cluster.data)
            await end(pid, lambda: ours in command_of(pid))  # a stranger may have got the number later
            self._cluster.disown_postmaster()

    async def _launch(self, binaries: Binaries) -> None:
        for attempt in range(LAUNCHES_MAX):
            self._port = self._cluster.choose_port(self._fixed_port, remembered=attempt == 0)
            logged_before = self._cluster.log_size()
            self._process = self._spawn(binaries)
            if await self._became_ready():
                self._lifeline = self._spawn_lifeline(self._process.pid)
                return
            said = self._cluster.log_since(logged_before)
            if SERVER_LEAVING not in said and (PORT_LOST not in said or self._fixed_port is not None):
                break
            await asyncio.sleep(RELAUNCH_SECONDS)
        raise PostgresUnavailableError(f"PostgreSQL did not start in {self.home}:\n{self._cluster.log_since(0)}")

    def _spawn(self, binaries: Binaries) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._cluster.socket_folder(),
            **self._settings,
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._cluster.open_log() as log:
            return subprocess.Popen(  # noqa: S603 - our own arguments to a program chosen by the operator
                [binaries.postgres, "-D", self._cluster.data, "-p", str(self.port), *flags],
                cwd="/",
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C goes to us; we stop the server last
                **self._account.spawn_options(),
            )

    def _spawn_lifeline(self, pid: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - a fixed script
            ["/bin/sh", "-c", LIFELINE, "lifeline", self._cluster.data / "postmaster.pid", str(pid)],
            cwd="/",
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._account.spawn_options(),
        )

    def _cut_lifeline(self) -> None:
        if self._lifeline is not None:
            self._lifeline.kill()
            self._lifeline.communicate()
            self._lifeline = None

    async def _became_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.alive() and time.monotonic() < deadline:
            told = self._cluster.postmaster()
            if told is not None and self._process is not None and told == (self._process.pid, "ready"):
                return True
            await asyncio.sleep(POLL_SECONDS)
        return False


def running(data_dir: Path, database: str) -> str | None:
    """The address of `database` on the server that another living process keeps in this folder; None when none does."""
    try:
        port, password = (data_dir / "port").read_text(), (data_dir / "password").read_text()
        free = unheld(data_dir / "lock")
    except OSError:
        return None
    return None if free else f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/{quote(database, safe='')}"
