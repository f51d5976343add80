"""Private RabbitMQ nodes for tests: own cookie, ports, data and port mapper; never the user's own server."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.parts.loopback import free_port, speaks_amqp
from tests.parts.rabbitmq_files import Installation, find_rabbitmq

POLL_SECONDS: Final = 0.05
START_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 20.0
CTL_SECONDS_MAX: Final = 60.0
LOOPBACK_ONLY: Final = "-kernel inet_dist_use_interface {127,0,0,1}"
# Ends the nodes when our end of its input closes, as the kernel sees to even after kill -9.
LIFELINE: Final = 'read -r _; kill -9 "$@" 2>/dev/null'


class Neighbourhood:
    """What the nodes of one cluster share: a folder, a cookie, a port mapper and a lifeline to this process."""

    def __init__(self, home: Path, installation: Installation | None = None) -> None:
        self.home = home
        self.installation = installation or find_rabbitmq()
        self.epmd_port = free_port()
        self._epmd: subprocess.Popen[bytes] | None = None
        self._lifeline: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        if self._epmd is not None and self._epmd.poll() is None:
            return
        cookie = self.home / "home" / ".erlang.cookie"
        cookie.parent.mkdir(parents=True, exist_ok=True)
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(secrets.token_hex(16))
            cookie.chmod(0o400)
        self._epmd = self.spawn(
            [str(self.installation.epmd()), "-port", str(self.epmd_port), "-address", "127.0.0.1"], self.environment()
        )
        self._lifeline = tie(self._epmd)

    def close(self) -> None:
        for process in (self._lifeline, self._epmd):
            if process is not None:
                process.kill()
                process.communicate()
        self._lifeline = self._epmd = None

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
        return {
            **kept,
            "PATH": self.installation.search_path(),
            "HOME": str(self.home / "home"),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "none"),
        }

    def spawn(
        self, command: list[str], environment: dict[str, str], log: Path | None = None
    ) -> subprocess.Popen[bytes]:
        with (log or Path(os.devnull)).open("ab") as output:
            return subprocess.Popen(
                command,
                env=environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


class RabbitNode:
    """One node. A restart after `stop` or `kill` keeps its name, port and data."""

    def __init__(self, neighbourhood: Neighbourhood, name: str = "n1", *, members: tuple[str, ...] = ()) -> None:
        self._shared = neighbourhood
        self.name = f"{name}@localhost"
        self.port = free_port()
        self._dist_port = free_port()
        self._members = tuple(f"{member}@localhost" for member in members)
        self._home = neighbourhood.home / name
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: subprocess.Popen[bytes] | None = None

    def url(self, vhost: str = "/") -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Returns when the node speaks AMQP; raises RuntimeError with the end of its log if it does not come up."""
        self._shared.open()
        self._write_config()
        program = str(self._shared.installation.program("rabbitmq-server"))
        self._process = self._shared.spawn([program], self._environment(), self._home / "console")
        self._lifeline = tie(self._process)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not await speaks_amqp(self.port):
            if not self.alive() or time.monotonic() > deadline:
                await self.kill()
                raise RuntimeError(f"{self.name} did not start:\n{self._last_words()}")
            await asyncio.sleep(POLL_SECONDS)

    async def stop(self) -> None:
        """An orderly stop; a kill if that takes too long."""
        if self.alive():
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            await self._gone(STOP_SECONDS_MAX)
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL, as by the kernel's out-of-memory killer. Safe to call on a node that is down."""
        if self._lifeline is not None:
            self._lifeline.kill()
            self._lifeline.communicate()
            self._lifeline = None
        if self.alive():
            self.signal(signal.SIGKILL)
            await self._gone(STOP_SECONDS_MAX)
        self._process = None

    def pause(self) -> None:
        """Frozen: sockets stay open, nothing answers."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def signal(self, sign: signal.Signals) -> None:
        assert self._process is not None, f"{self.name} is not running"
        os.kill(self._process.pid, sign)

    def registered(self, queue: str, vhost: str = "/") -> bool:
        """Whether a kill now would leave the quorum queue usable.

        RabbitMQ answers a declaration before it writes the queue's name to disk, up to a second later; a broker killed
        in between has a queue that answers every request with an internal error.
        """
        name = f"{quote(vhost, safe='')}_{quote(queue, safe='')}".encode()
        return any(name in book.read_bytes() for book in (self._home / "mnesia").glob("*/quorum/*/names.dets"))

    async def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints; raises RuntimeError with its words if it fails. Takes about a second."""
        environment = {
            **self._environment(),
            # One free port for each call, so that calls may overlap.
            **dict.fromkeys(("RABBITMQ_CTL_DIST_PORT_MIN", "RABBITMQ_CTL_DIST_PORT_MAX"), str(free_port())),
            "RABBITMQ_CTL_ERL_ARGS": LOOPBACK_ONLY,
        }
        process = await asyncio.create_subprocess_exec(
            self._shared.installation.program("rabbitmqctl"),
            *("--quiet", "--node", self.name, *arguments),
            env=environment,
            cwd=self._shared.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(CTL_SECONDS_MAX):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)}: {output.decode(errors='replace')}")
        return output.decode()

    async def _gone(self, within_seconds: float) -> None:
        deadline = time.monotonic() + within_seconds
        while self.alive() and time.monotonic() < deadline:  # noqa: ASYNC110 - a thread-free wait for a process
            await asyncio.sleep(POLL_SECONDS)

    def _environment(self) -> dict[str, str]:
        home = self._home
        return {
            **self._shared.environment(),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "generated"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": LOOPBACK_ONLY,
            "RUNNING_UNDER_SYSTEMD": "1",  # the script becomes the server, so that our signals reach it
        }

    def _write_config(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        (self._home / "enabled_plugins").write_text("[].\n")
        lines = [
            "log.file.level = warning",
            "log.console = false",
            "disk_free_limit.absolute = 50MB",
            "vm_memory_high_watermark.absolute = 512MB",
            "raft.wal_max_size_bytes = 67108864",
        ]
        if self._members:
            lines.append("cluster_formation.peer_discovery_backend = classic_config")
            lines += [f"cluster_formation.classic_config.nodes.{n} = {m}" for n, m in enumerate(self._members, 1)]
        (self._home / "rabbitmq.conf").write_text("\n".join(lines) + "\n")

    def _last_words(self) -> str:
        logs = [self._home / "console", *sorted((self._home / "log").glob("*.log"))]
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in logs if log.exists())


class RabbitCluster:
    """`size` nodes in one cluster, in a fresh folder: a node left over from a cluster is of no use without it."""

    def __init__(self, size: int, home: Path) -> None:
        self._shared = Neighbourhood(home)
        names = tuple(f"n{number}" for number in range(1, size + 1))
        self.nodes = tuple(RabbitNode(self._shared, name, members=names if size > 1 else ()) for name in names)

    async def start(self) -> None:
        """Returns when every node speaks AMQP and knows all the others."""
        await asyncio.gather(*(node.start() for node in self.nodes))
        if len(self.nodes) > 1:
            await self.nodes[0].ctl("await_online_nodes", str(len(self.nodes)))

    async def stop(self) -> None:
        """Kills, since nothing of a test's broker is worth an orderly end, and removes the folder."""
        await asyncio.gather(*(node.kill() for node in self.nodes))
        self._shared.close()
        shutil.rmtree(self._shared.home, ignore_errors=True)


def tie(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """A guard that ends `process` when we end; `kill` it first to let go."""
    return subprocess.Popen(
        ["/bin/sh", "-c", LIFELINE, "lifeline", str(process.pid)], stdin=subprocess.PIPE, start_new_session=True
    )
