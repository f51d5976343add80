"""Somebody deletes bindings, the exchange or a queue while the product runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from random import Random
from typing import Final

import aiormq
from aiormq.abc import AbstractChannel

from shared.messages.topology import ESCALATION, EXCHANGE, NOTIFY
from tests.faults.checker import QUIET_SECONDS_MAX, Terms, Verdict, judge
from tests.faults.client import Desk
from tests.faults.house import House, Site
from tests.faults.matrix import in_seconds
from tests.waiting import eventually

ROUNDS: Final = 2
PAUSE_SECONDS: Final = 6.0


async def deleted(house: House, rng: Random, without: str | None) -> Verdict:
    """All bindings, then the exchange, twice under load; then escalation's queue while it is empty.

    What no queue wants stays in the outbox. What the others' queues took while escalation had none, escalation never
    hears of; its auditor finds the disputes.
    """
    async with house.site(in_seconds(), without=without) as site:
        for name in ("intake", "escalation", "notify"):
            site.process(name)
        await site.ready()
        desk = Desk(site.api_port, rng)
        for _ in range(ROUNDS):
            await _loaded(desk, _delete_bindings(site))
            await _loaded(desk, _delete_exchange(site))
        kept = await _published(site, desk)
        await _loaded(desk, _delete_queue(site))
        await desk.close()
        verdict = await judge(site, desk.log, Terms(unheard=("escalation",)))
        verdict.violations += kept
        missed = await site.value(
            "select count(*) from event e where not exists "
            "(select from inbox i where i.consumer = 'escalation' and i.message_id = e.id)"
        )
        verdict.facts |= {"deletions": 2 * ROUNDS + 1, "gone with the queue": missed}
        return verdict


async def _published(site: Site, desk: Desk) -> list[str]:
    """I6: before the queue is deleted, both consumers have heard of everything."""
    unheard = (
        "select count(*) from event e where (select count(*) from inbox i where i.message_id = e.id) < 2 "
        "and e.occurred_at < now() - interval '5 seconds'"
    )
    within = QUIET_SECONDS_MAX if site.without is None else 15.0

    async def all_heard() -> bool:
        return not await site.value(unheard)

    try:
        await eventually(all_heard, within=within, every=0.5)
    except AssertionError:
        return [f"I6: {await site.value(unheard)} events were published to nobody and forgotten"]
    return []


async def _loaded(desk: Desk, deletion: contextlib.AbstractAsyncContextManager[None]) -> None:
    """Load before, during and after."""
    over = asyncio.Event()
    load = asyncio.create_task(desk.until(over, at_once=3, pause=0.3, message=0.2))
    await asyncio.sleep(1)
    async with deletion:
        await asyncio.sleep(PAUSE_SECONDS)
    over.set()
    await load


@contextlib.asynccontextmanager
async def _channel(site: Site) -> AsyncIterator[AbstractChannel]:
    connection = await aiormq.connect(site.amqp)
    try:
        yield await connection.channel()
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def _delete_bindings(site: Site) -> AsyncIterator[None]:
    async with _channel(site) as channel:
        for queue in (ESCALATION, NOTIFY):
            await channel.queue_unbind(queue.name, EXCHANGE, queue.topics[0])
    yield


@contextlib.asynccontextmanager
async def _delete_exchange(site: Site) -> AsyncIterator[None]:
    async with _channel(site) as channel:
        await channel.exchange_delete(EXCHANGE)
    yield


@contextlib.asynccontextmanager
async def _delete_queue(site: Site) -> AsyncIterator[None]:
    async with _channel(site) as channel:
        await channel.queue_delete(ESCALATION.name)
    yield
