"""The files of one database cluster: where they are, how they are made, what they say about the running server."""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from services.embedded.account import Account
from services.embedded.binaries import Binaries, PostgresUnavailableError

SUPERUSER: Final = "postgres"
LOG_BYTES_MAX: Final = 5_000_000
INITDB_SECONDS_MAX: Final = 120
# sockaddr_un holds 104 bytes on macOS, 108 on Linux.
SOCKET_PATH_BYTES_MAX: Final = 103
SOCKET_NAME_LONGEST: Final = ".s.PGSQL.65535.lock"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One state folder: `data` is PostgreSQL's own, the rest is ours and closed to everybody else."""

    home: Path
    account: Account
    wanted: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    def prepare(self) -> None:
        if not self.wanted.exists() and self.wanted.absolute() != self.home:
            self.wanted.parent.mkdir(parents=True, exist_ok=True)
            self.wanted.symlink_to(self.home)  # so that whoever looks for the data finds them
        missing = [place for place in (self.home, *self.home.parents) if not place.exists()]
        self.home.mkdir(parents=True, exist_ok=True)
        if self.account.uid is None:
            self.home.chmod(0o700)
            return
        for place in {self.home, *missing}:  # the server's account passes through; only the owner may list
            place.chmod(0o711)

    def lock(self) -> IO[bytes]:
        """Hold the folder until the returned file is closed or this process ends, however it ends.

        Raises PostgresUnavailableError if another living process holds it.
        """
        holder = (self.home / "lock").open("ab")
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder.close()
            raise PostgresUnavailableError(f"Another process is running on the state folder {self.home}.") from None
        return holder

    def major(self) -> int | None:
        """The PostgreSQL version that made the data, or None before the first start."""
        marker = self.data / "PG_VERSION"
        return int(marker.read_text()) if marker.exists() else None

    def password(self) -> str:
        """The superuser's password, made on first use and kept readable for the owner alone."""
        path = self.home / "password"
        if not path.exists():
            unfinished = self.home / "password.unfinished"
            unfinished.touch(mode=0o600)
            unfinished.write_text(secrets.token_urlsafe(24))
            unfinished.rename(path)
        return path.read_text()

    def choose_port(self, wanted: int | None, *, remembered: bool = True) -> int:
        """`wanted`; else the port of the last run if it is free; else a free one, which is then remembered."""
        note = self.home / "port"
        candidates = [int(note.read_text())] if remembered and note.exists() else []
        port = wanted or next((p for p in candidates if _free(p)), None) or _any_free_port()
        note.write_text(str(port))
        return port

    def initialise(self, binaries: Binaries, *, sync: bool) -> None:
        """Make the data folder, complete or not at all: it gets its name only when initdb has finished."""
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.account.own(unfinished)
        password_file = self.home / "password.initdb"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password())
        self.account.own(password_file)
        try:
            self._run_initdb(binaries, unfinished, password_file, sync=sync)
        finally:
            password_file.unlink()
        unfinished.rename(self.data)

    def _run_initdb(self, binaries: Binaries, target: Path, password_file: Path, *, sync: bool) -> None:
        # macOS has no C.UTF-8 in all its versions; elsewhere it sorts the same on every machine.
        locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        done = subprocess.run(  # noqa: S603 - our own arguments to a program chosen by the operator
            [
                *(binaries.initdb, "-D", target, "-U", SUPERUSER, "-A", "scram-sha-256"),
                *(f"--pwfile={password_file}", "-E", "UTF8", f"--locale={locale}", "--data-checksums"),
                *(() if sync else ("--no-sync",)),
            ],
            cwd="/",
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INITDB_SECONDS_MAX,
            check=False,
            **self.account.spawn_options(),
        )
        if done.returncode != 0:
            raise PostgresUnavailableError(f"initdb failed in {self.home}:\n{done.stdout[-2000:]}")

    def socket_folder(self) -> str:
        """The data folder if a socket's path in it is short enough, else nothing: TCP always works."""
        longest = os.fsencode(self.data / SOCKET_NAME_LONGEST)
        return str(self.data) if len(longest) <= SOCKET_PATH_BYTES_MAX else ""

    def open_log(self) -> IO[bytes]:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".log.1"))
        return self.log.open("ab")

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def log_since(self, offset: int) -> str:
        """What the server said after the first `offset` bytes, at most its last 2,000 characters."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(offset, self.log_size() - 2000))
            return log.read().decode(errors="replace")

    def postmaster(self) -> tuple[int, str] | None:
        """The server's process id and status (`starting`, `ready`, ...) by its own pid file, living or not."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting"
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def disown_postmaster(self) -> None:
        """Let the next server pass over the pid file of one that is gone although its number is in use.

        The number may belong to a zombie or to a stranger by now, and PostgreSQL would take either for a running
        server. It passes over its own parent's number, and still checks that the old server's memory is let go.
        """
        for lock in self.data.glob(".s.PGSQL.*"):
            lock.unlink()
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists():
            lines = pid_file.read_text().splitlines(keepends=True)
            pid_file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))


def clean_environment() -> dict[str, str]:
    """No PG* variable of the caller reaches the server; TZ spares initdb a search of the time zone files."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def unheld(lock: Path) -> bool:
    """Whether no living process holds this lock; raises OSError when it cannot be read."""
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
