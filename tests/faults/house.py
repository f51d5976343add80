"""The private parts of a run, and for each scenario a database, a virtual host and a mail server of its own."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import asyncpg

from services.embedded.postgres import EmbeddedPostgres
from shared.db import policies
from shared.db.engine import Database, make_engine
from shared.db.migrate import upgrade
from shared.policy.matrix import matrix_body
from tests.faults.guards import REMOVE
from tests.faults.process import HEALTHY, Orders, ServiceProcess
from tests.parts.loopback import free_port
from tests.parts.rabbitmq import RabbitCluster
from tests.parts.scratch import make_scratch
from tests.parts.smtp_sink import SmtpSink
from tests.waiting import eventually

TEMPLATE: Final = "recourse_template"
ADMIN_KEY: Final = "rk_admin_for_the_fault_scenarios"
QUEUE_NAMES: Final = tuple(
    f"recourse.{name}{kind}" for name in ("intake", "escalation", "notify") for kind in ("", ".dead")
)
# Everything PostgreSQL does for durability is on, as it is by itself; what is given here could not be changed later.
ROOMY: Final = {"max_connections": "100"}


class House:
    """One PostgreSQL and one RabbitMQ node, real and private, for a whole run."""

    def __init__(self) -> None:
        self.folder = make_scratch()
        self._port = free_port()
        self.postgres = EmbeddedPostgres(self.folder / "postgres", self._port, settings=ROOMY)
        (self.folder / "rabbit").mkdir()
        self._cluster = RabbitCluster(1, self.folder / "rabbit")
        self.rabbit = self._cluster.nodes[0]
        self._sites = 0

    async def start(self) -> None:
        await asyncio.gather(self.postgres.start(), self._cluster.start())
        await self.postgres.ensure_database(TEMPLATE)
        await asyncio.to_thread(upgrade, self.postgres.url(TEMPLATE))

    async def stop(self) -> None:
        await self._cluster.stop()
        await self.postgres.stop()
        shutil.rmtree(self.postgres.home, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.asynccontextmanager
    async def site(self, matrix: Mapping[str, Any], *, without: str | None = None) -> AsyncIterator["Site"]:
        """A fresh site whose policy is this matrix; `without` is the guard its services do without."""
        self._sites += 1
        site = Site(self, f"site_{self._sites}", without)
        await site.open(matrix)
        try:
            yield site
        finally:
            await site.close()

    async def crash_postgres(self, down_seconds: float) -> None:
        """What `pg_ctl stop -m immediate` does: no checkpoint, no goodbye; then a start that replays the log."""
        server = self.postgres._process
        assert server is not None
        os.kill(server.pid, signal.SIGQUIT)
        await asyncio.to_thread(server.wait, 30)
        await asyncio.sleep(down_seconds)
        await self.postgres.start()

    async def crash_rabbit(self, frozen_seconds: float) -> None:
        """The node stands still, so that what is sent to it stays in its sockets; then it is killed and started."""
        self.rabbit.pause()
        await asyncio.sleep(frozen_seconds)
        await self.rabbit.kill()
        await self.rabbit.start()


class Site:
    """One scenario's place."""

    def __init__(self, house: House, name: str, without: str | None) -> None:
        self.house = house
        self.name = name
        self.without = without
        self.folder: Path = house.folder / name
        self.sink = SmtpSink()
        self.api_port = free_port()
        self.processes: list[ServiceProcess] = []
        self.database = Database(make_engine(self.url, pool_size=4, application="checker"))

    @property
    def url(self) -> str:
        return self.house.postgres.url(self.name)

    @property
    def amqp(self) -> str:
        return self.house.rabbit.url(self.name)

    async def open(self, matrix: Mapping[str, Any]) -> None:
        self.folder.mkdir()
        server = await asyncpg.connect(self.house.postgres.dsn())
        await server.execute(f'create database "{self.name}" template "{TEMPLATE}" strategy file_copy')
        await server.close()
        await self.house.rabbit.ctl("add_vhost", self.name)
        await self.house.rabbit.ctl("set_permissions", "-p", self.name, "guest", ".*", ".*", ".*")
        async with self.database.transaction() as tx:
            body = matrix_body(matrix)
            await policies.put(tx, "escalation", body, author="system:escalation", reason="deadlines of seconds")

    async def close(self) -> None:
        await asyncio.gather(*(asyncio.to_thread(each.stop) for each in self.processes))
        self.sink.close()
        await self.database.dispose()
        server = await asyncpg.connect(self.house.postgres.dsn())
        await server.execute(f'drop database "{self.name}" with (force)')
        await server.close()
        await self.house.rabbit.ctl("delete_vhost", self.name)

    def process(self, name: str, orders: Orders = HEALTHY, **settings: str) -> ServiceProcess:
        """Starts a service that dies, if at all, as ordered; it lacks the site's guard, if that is one of its own."""
        port = self.api_port if name == "intake" else free_port()
        made = ServiceProcess(name, port, self.folder, {**self._environment(), **settings})
        made.start(
            Orders(orders.die_at, orders.passes, orders.explore, self.without if self.without in REMOVE else None)
        )
        self.processes.append(made)
        return made

    async def ready(self, within: float = 40.0) -> None:
        """Waits until every process says that it is ready."""
        await asyncio.gather(*(each.ready(within) for each in self.processes))

    async def queues_kept(self) -> None:
        """Waits until the broker would find its queues again after a kill."""
        await eventually(lambda: all(self.house.rabbit.registered(name, self.name) for name in QUEUE_NAMES), within=20)

    async def value(self, sql: str) -> Any:
        """One value from the database."""
        async with self.database.transaction() as tx:
            return await tx.raw.fetchval(sql)

    def _environment(self) -> dict[str, str]:
        facts = {
            "database_url": self.url,
            "broker_url": self.amqp,
            "secret_key": "a secret for one run of the fault scenarios",
            "admin_key": ADMIN_KEY,
            "state_dir": str(self.folder / "state"),
            "smtp_url": f"smtp://127.0.0.1:{self.sink.port}?starttls=never",
            "smtp_timeout_seconds": "1",
            "mail_from": "House <house@house.example>",
            "rate_limit": "0",
            "pool_size": "8",
            "sweepers": "1",
            "audit_seconds": "2",
            "digest_window_seconds": "2",
        }
        return {f"RECOURSE_{name.upper()}": value for name, value in facts.items()}
