"""One judge for every run: it reads the database, the mail server and the clients' log, and says what was broken."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.faults import histories, mails, tables
from tests.faults.client import Log
from tests.faults.house import Site
from tests.waiting import eventually

QUIET_SECONDS_MAX: Final = 75.0
QUIET_WITHOUT_GUARD_SECONDS_MAX: Final = 25.0
SOON: Final = "15 seconds"
# What is still on its way: unpublished, unhandled, unsent, not yet taken up, or a timer that is about to fire.
UNDER_WAY: Final = f"""
    select (select count(*) from outbox) + (select count(*) from parked where state = 'retry')
         + (select count(*) from delivery where state = 'pending')
         + (select count(*) from timer where due_at < now() + interval '{SOON}')
         + (select count(*) from dispute where tier is null and {tables.ACTIVE})
         + (select count(*) from event e where not exists
             (select from inbox i where i.consumer = 'escalation' and i.message_id = e.id))
         + (select count(*) from event e where not exists
             (select from inbox i where i.consumer = 'notify' and i.message_id = e.id))
"""


@dataclass(slots=True)
class Verdict:
    """What a run did and what it broke; `facts` are counts for the table."""

    facts: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether every invariant held."""
        return not self.violations

    @property
    def caught(self) -> bool:
        """Whether an invariant was broken; a scenario that did not do what it is for has not shown that."""
        return any(each.startswith("I") for each in self.violations)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a scenario allows.

    `copies` lets a mail arrive once for each of its attempts, where a sender or its record was killed; otherwise it
    arrives once. `unheard` names consumers that may have missed events because their queue was deleted with them.
    `carried` is False where no broker took part.
    """

    copies: bool = False
    unheard: Sequence[str] = ()
    carried: bool = True


async def judge(site: Site, log: Log, terms: Terms | None = None) -> Verdict:
    """Waits until nothing is under way, then looks at everything."""
    terms = terms or Terms()
    verdict = Verdict()
    verdict.violations += [f"I1: a client was refused: {each}" for each in log.surprises]
    if terms.carried:
        await _recovered(site, verdict)
        verdict.facts["quiet after"] = await _quiet(site, verdict, terms)
    stored = await histories.read(site.database)
    verdict.violations += histories.faults(stored)
    verdict.violations += await tables.faults(site.database, carried=terms.carried, unheard=terms.unheard)
    verdict.violations += await tables.promises_kept(site.database, log)
    if terms.carried:
        verdict.violations += await mails.faults(site.database, site.sink.messages(), copies=terms.copies)
        verdict.facts["mails"] = len(site.sink.messages())
    verdict.facts |= {"disputes": len(stored)} | histories.counts(stored)
    return verdict


async def _recovered(site: Site, verdict: Verdict) -> None:
    """I8: every process is ready again, and none was started again that nobody killed."""
    for each in site.processes:
        verdict.violations += [f"I8: {each.name} ended unplanned: {told}" for told in each.accidents]
        try:
            await each.ready(30)
        except AssertionError as error:
            verdict.violations.append(f"I8: {each.name} is not ready again: {error}")


async def _quiet(site: Site, verdict: Verdict, terms: Terms) -> str:
    began = time.monotonic()
    within = QUIET_SECONDS_MAX if site.without is None else QUIET_WITHOUT_GUARD_SECONDS_MAX
    unheard = " ".join(
        f"- (select count(*) from event e where not exists (select from inbox i where i.consumer = '{name}' "
        "and i.message_id = e.id))"
        for name in terms.unheard
    )

    async def nothing_under_way() -> bool:
        return bool(await site.value(f"select ({UNDER_WAY}) {unheard} = 0"))

    try:
        await eventually(nothing_under_way, within=within, every=0.25)
    except AssertionError:
        verdict.violations.append(f"I6: work is still under way after {within:g} s")
    return f"{time.monotonic() - began:.1f} s"
