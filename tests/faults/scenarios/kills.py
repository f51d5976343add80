"""One process dies, or stands still, at the worst moment; the others go on."""

import asyncio
import os
import signal
import time
from random import Random
from typing import Final

from tests.faults import mails
from tests.faults.checker import Terms, Verdict, judge
from tests.faults.client import Desk
from tests.faults.house import House, Site
from tests.faults.matrix import in_seconds
from tests.faults.process import Orders, ServiceProcess
from tests.waiting import eventually

FROZEN_SECONDS: Final = 20.0
# A frozen worker loses its transaction after 15 s (IDLE_IN_TRANSACTION_MS_MAX); by then its rival must have its timers.
FREED_SECONDS: Final = 18.0
EXPLORED_SECONDS_MAX: Final = 200.0
# Without its guard a transaction need not be gone through to its end: the damage is done early, and it lasts.
EXPLORED_WITHOUT_GUARD_SECONDS: Final = 60.0


async def api(house: House, rng: Random, without: str | None) -> Verdict:
    """Kills between the commit of a batch of filings and its answers; the clients ask again with the same keys."""
    async with house.site(in_seconds(), without=without) as site:
        lives = [rng.randint(1, 6) for _ in range(6)]
        victim = site.process("intake", Orders(die_at="answer", passes=lives))
        site.process("escalation")
        site.process("notify")
        await site.ready()
        desk = Desk(site.api_port, rng)
        await desk.load(160, pause=0.02, message=0.3, resolve=0.3)
        return await _verdict(site, desk, victim, planned=len(lives))


async def escalation(house: House, rng: Random, without: str | None) -> Verdict:
    """Kills before and during every statement, before, during and after the commit, of the sweep and of the consumer."""
    async with house.site(in_seconds(), without=without) as site:
        site.process("intake")
        victim = site.process("escalation", Orders(explore=("sweep", "consumer")))
        site.process("notify")
        await site.processes[0].ready()
        desk = Desk(site.api_port, rng)
        over = asyncio.Event()
        load = asyncio.create_task(desk.until(over, at_once=2, pause=0.4, message=0.2, wish=0.1, resolve=0.3))
        if without is None:
            await _mended(victim)
        else:
            await asyncio.sleep(EXPLORED_WITHOUT_GUARD_SECONDS)
            await asyncio.to_thread(victim.stop)
            victim.start()
        over.set()
        await load
        verdict = await _verdict(site, desk, victim)
        lasts = sum(bool(each["last"]) for each in victim.deaths)
        verdict.violations += [] if lasts == 2 else [f"the scenario explored {lasts} of 2 transactions to their end"]
        return verdict


async def relay(house: House, rng: Random, without: str | None) -> Verdict:
    """Kills between the broker's confirm and the delete of batches with wishes for a higher tier, which add up if heard twice."""
    async with house.site(in_seconds(tier="1 hour"), without=without) as site:
        victim = site.process("intake", Orders(die_at="relay", passes=[rng.randint(1, 3) for _ in range(6)]))
        site.process("escalation")
        site.process("notify")
        await site.ready()
        desk = Desk(site.api_port, rng)
        await desk.load(80, at_once=4, pause=0.1, wish=1.0, message=0.2, resolve=0.2)
        return await _verdict(site, desk, victim, planned=6)


async def notify(house: House, rng: Random, without: str | None) -> Verdict:
    """Kills between the mail server's 250 and the record; the mail comes again under the same Message-ID."""
    async with house.site(in_seconds(), without=without) as site:
        site.process("intake")
        site.process("escalation")
        victim = site.process("notify", Orders(die_at="mail", passes=[rng.randint(1, 6) for _ in range(6)]))
        await site.ready()
        desk = Desk(site.api_port, rng)
        await desk.load(80, at_once=4, pause=0.2, message=0.2, resolve=0.3)
        await _mended(victim)
        verdict = await _verdict(site, desk, victim, Terms(copies=True), planned=6)
        verdict.facts["copies"] = mails.copies(site.sink.messages())
        return verdict


async def frozen(house: House, rng: Random, without: str | None) -> Verdict:
    """A worker stands still inside its sweep, locks in hand; its rival has to take over, and it must do no harm later."""
    async with house.site(in_seconds(), without=without) as site:
        site.process("intake")
        victim = site.process("escalation", Orders(die_at="freeze", passes=(3,)))
        site.process("escalation.rival")
        site.process("notify")
        await site.ready()
        desk = Desk(site.api_port, rng)
        over = asyncio.Event()
        load = asyncio.create_task(desk.until(over, at_once=2, pause=0.4, message=0.2, resolve=0.3))
        await eventually(lambda: victim.frozen is not None, within=30)
        began = time.monotonic()
        await asyncio.sleep(FREED_SECONDS)
        late = await site.value("select count(*) from timer where due_at < now() - interval '15 seconds'")
        await asyncio.sleep(FROZEN_SECONDS - (time.monotonic() - began))
        assert victim.frozen is not None
        os.kill(victim.frozen, signal.SIGCONT)
        over.set()
        await load
        verdict = await _verdict(site, desk, victim)
        verdict.violations += [f"I4: a frozen worker kept {late} timers from its rival"] if late else []
        return verdict


async def _mended(victim: ServiceProcess) -> None:
    await eventually(lambda: victim.mended, within=EXPLORED_SECONDS_MAX, every=0.2)


async def _verdict(
    site: Site, desk: Desk, victim: ServiceProcess, terms: Terms | None = None, *, planned: int = 0
) -> Verdict:
    await desk.close()
    verdict = await judge(site, desk.log, terms)
    kills = len(victim.deaths)
    if kills < planned:
        verdict.violations.append(f"the scenario killed {kills} times, not {planned}")
    verdict.facts |= {"kills": kills} if kills else {"frozen": f"{FROZEN_SECONDS:g} s"}
    verdict.facts |= {"retries": desk.log.retries, "replayed": desk.log.replayed}
    return verdict
