"""What the tables must hold when all is quiet: nothing lost, nothing twice, nothing left over, nobody holding on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from shared.db.engine import Database
from tests.faults.client import Log
from tests.waiting import eventually

ACTIVE: Final = "status not in ('resolved', 'confirmed', 'follow_up', 'closed', 'withdrawn', 'not_a_dispute')"
IDLE_SECONDS_MAX: Final = 3.0

# Each counts what must not be there.
STATE: Final[Mapping[str, str]] = {
    "I6: rows in parked (failed messages)": "select count(*) from parked",
    "I6: timers whose firing failed": "select count(*) from timer where attempts > 0",
    "I6: deliveries that were given up": "select count(*) from delivery where state = 'dead'",
    "I6: disputes whose head is not that of their history": (
        "select count(*) from dispute d where not exists (select from event e where e.dispute_id = d.id "
        "and e.sequence = d.sequence and e.hash = d.head) or exists "
        "(select from event e where e.dispute_id = d.id and e.sequence > d.sequence)"
    ),
    "I4: active disputes without a timer": (
        f"select count(*) from dispute d where {ACTIVE} and not exists (select from timer t where t.dispute_id = d.id)"
    ),
    "I4: active disputes that nobody took up": f"select count(*) from dispute where tier is null and {ACTIVE}",
    "I5: timers on disputes that have ended": (
        "select count(*) from timer t join dispute d on d.id = t.dispute_id "
        "where d.status in ('closed', 'withdrawn', 'not_a_dispute')"
    ),
    "I5: timers without an open clock of their generation": (
        "select count(*) from timer t where not exists (select from clock c where c.dispute_id = t.dispute_id "
        "and c.kind = t.kind and c.generation = t.generation and c.state in ('running', 'paused'))"
    ),
    "I4: running clocks without a timer": (
        "select count(*) from clock c where c.state = 'running' and not exists "
        "(select from timer t where t.dispute_id = c.dispute_id and t.kind = c.kind)"
    ),
    "I2: notices that stand in no digest, or in two": (
        "select abs((select count(*) from delivery where reason = 'digest') "
        "- (select coalesce(sum((facts ->> 'count')::int), 0) from delivery where kind = 'digest'))"
    ),
    "I2: deliveries planned twice": (
        "select count(*) from (select from delivery group by dispute_id, kind, occasion, channel, recipient "
        "having count(*) > 1) as twice"
    ),
}
CARRIED: Final[Mapping[str, str]] = {
    "I6: messages left in the outbox": "select count(*) from outbox",
    "I6: inbox entries of messages that nobody sent": (
        "select count(*) from inbox i where not exists (select from event e where e.id = i.message_id)"
    ),
    "I4: disputes in the house that were not acknowledged": (
        "select count(*) from dispute where acknowledged_at is null and resolved_at is null"
    ),
}
UNHEARD: Final = (
    "select count(*) from event e where not exists (select from inbox i where i.consumer = $1 and i.message_id = e.id)"
)
HELD: Final = (
    "select count(*) from pg_stat_activity where application_name like 'recourse-%' "
    "and (state like 'idle in transaction%' or wait_event_type = 'Lock') "
    f"and state_change < now() - interval '{IDLE_SECONDS_MAX} seconds'"
)


async def faults(database: Database, *, carried: bool, unheard: Sequence[str]) -> list[str]:
    """Everything that is wrong with the stored state."""
    found = []
    async with database.transaction() as tx:
        for name, sql in {**STATE, **(CARRIED if carried else {})}.items():
            count = await tx.raw.fetchval(sql)
            found += [f"{name}: {count}"] if count else []
        for consumer in ("escalation", "notify") if carried else ():
            count = await tx.raw.fetchval(UNHEARD, consumer)
            found += (
                [f"I6: events that {consumer} never heard of: {count}"] if count and consumer not in unheard else []
            )
    return found + await _held(database)


async def promises_kept(database: Database, log: Log) -> list[str]:
    """I1 and I2: what a client was told is there, once."""
    async with database.transaction() as tx:
        rows = await tx.raw.fetch("select dispute_id::text as id, subject from dispute_private")
        messages = await tx.raw.fetch(
            "select body, count(*) as times from message where body like 'message-%' group by body"
        )
        resolved = await tx.raw.fetch(
            "select distinct dispute_id::text as id from event where type = 'dispute.resolved'"
        )
    stored: dict[str, set[str]] = {}
    for row in rows:
        stored.setdefault(row["subject"], set()).add(row["id"])
    found = list(_filings(log, stored))
    times = {row["body"]: row["times"] for row in messages}
    found += [f"I1: an acknowledged message is lost: {key}" for key in log.messages if key not in times]
    found += [f"I2: a message was stored {n} times: {key}" for key, n in times.items() if n > 1]
    there = {row["id"] for row in resolved}
    return found + [f"I1: an acknowledged decision is lost: {each}" for each in log.resolved - there]


def _filings(log: Log, stored: Mapping[str, set[str]]) -> Iterator[str]:
    for key, dispute_id in log.filed.items():
        if dispute_id not in stored.get(key, set()):
            yield f"I1: an acknowledged dispute is lost: {key}"
    for key, ids in stored.items():
        if len(ids) > 1 and key in log.sent:
            yield f"I2: one Idempotency-Key filed {len(ids)} disputes: {key}"


async def _held(database: Database) -> list[str]:
    """I7: no connection of a service rests in a transaction or waits for a lock, for more than a moment."""

    async def nobody() -> bool:
        async with database.transaction() as tx:
            return not await tx.raw.fetchval(HELD)

    try:
        await eventually(nobody, within=5)
    except AssertionError:
        return ["I7: a connection holds on to a transaction or waits for a lock"]
    return []
