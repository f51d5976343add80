"""The database or the broker dies under load, and comes back with what it had promised to keep."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from random import Random
from typing import Final

import asyncpg

from tests.faults import mails
from tests.faults.checker import Terms, Verdict, judge
from tests.faults.client import Desk
from tests.faults.house import House, Site
from tests.faults.matrix import in_seconds

POSTGRES_SECONDS: Final = 60.0
RABBIT_KILLS: Final = 3
# What makes a commit be told before it is on disk, with a log that is written as rarely as may be.
FORGETFUL: Final = {"synchronous_commit": "off", "wal_writer_delay": "10000", "wal_writer_flush_after": "'1GB'"}


async def postgres(house: House, rng: Random, without: str | None) -> Verdict:
    """Immediate shutdowns every 5 to 10 s, down for up to 2 s, while customers file and timers fire."""
    async with _forgetful(house, on=without is not None), house.site(in_seconds(), without=None) as site:
        site.without = without
        async with _served(site, rng) as desk:
            ends_at, crashes = time.monotonic() + POSTGRES_SECONDS, 0
            while time.monotonic() < ends_at:
                await asyncio.sleep(rng.uniform(5, 10))
                await house.crash_postgres(rng.uniform(0, 2))
                crashes += 1
        await site.database.dispose()
        verdict = await judge(site, desk.log, Terms(copies=True))
        verdict.facts |= {"crashes": crashes, "retries": desk.log.retries, "replayed": desk.log.replayed}
        verdict.facts["copies"] = mails.copies(site.sink.messages())
        return verdict


async def rabbit(house: House, rng: Random, without: str | None) -> Verdict:
    """Each time the node is frozen first, so that there are messages that were sent and never taken."""
    async with house.site(in_seconds(), without=without) as site:
        async with _served(site, rng) as desk:
            await site.queues_kept()
            for _ in range(RABBIT_KILLS):
                await asyncio.sleep(rng.uniform(1, 4))
                await house.crash_rabbit(rng.uniform(0.5, 2))
        verdict = await judge(site, desk.log)
        verdict.facts |= {"crashes": RABBIT_KILLS, "retries": desk.log.retries}
        return verdict


@contextlib.asynccontextmanager
async def _served(site: Site, rng: Random) -> AsyncIterator[Desk]:
    """All three services and a steady load, for as long as the block takes."""
    for name in ("intake", "escalation", "notify"):
        site.process(name)
    await site.ready()
    desk = Desk(site.api_port, rng)
    over = asyncio.Event()
    load = asyncio.create_task(desk.until(over, at_once=3, pause=0.4, message=0.2, resolve=0.3))
    try:
        yield desk
    finally:
        over.set()
        await load
        await desk.close()


@contextlib.asynccontextmanager
async def _forgetful(house: House, *, on: bool) -> AsyncIterator[None]:
    """The server without durable commits while the block lasts."""
    if on:
        await _set(house, [f"alter system set {name} = {value}" for name, value in FORGETFUL.items()])
    try:
        yield
    finally:
        if on:
            await _set(house, [f"alter system reset {name}" for name in FORGETFUL])


async def _set(house: House, statements: list[str]) -> None:
    server = await asyncpg.connect(house.postgres.dsn())
    for statement in statements:
        await server.execute(statement)
    await server.execute("select pg_reload_conf()")
    await server.close()
