"""Events that a consumer never saw: in the history, and neither in its inbox nor parked for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.db import heartbeats, inbox
from shared.db.engine import Tx
from shared.db.history import Entry

KNOWN_FOR: Final = inbox.KEPT - timedelta(days=1)
"""What happened longer ago cannot be judged: the inbox may have forgotten that it was handled."""

_MARK: Final = "select detail ->> 'until' from heartbeat where name = $1"
MISSED: Final = """
    select e.dispute_id, e.sequence, e.id, e.type, e.version, e.occurred_at, e.actor, e.traceparent,
           e.data::text as data, e.hash
    from event e
    where e.occurred_at > $2 and e.occurred_at <= $3
      and not exists (select from inbox i where i.consumer = $1 and i.message_id = e.id)
      and not exists (select from parked p where p.consumer = $1 and p.message_id = e.id)
    order by e.occurred_at, e.dispute_id, e.sequence limit $4
"""


async def judged_until(tx: Tx, mark: str) -> datetime:
    """Until when every event was found handled: where the heartbeat of this name says, and never longer ago than is known."""
    earliest = tx.now - KNOWN_FOR
    text = await tx.raw.fetchval(_MARK, mark)
    return earliest if text is None else max(earliest, datetime.fromisoformat(text))


async def judged(tx: Tx, mark: str, until: datetime) -> None:
    """Says that every event until then is handled or parked, so that a restart begins there."""
    await heartbeats.beat(tx, mark, until=until.isoformat())


async def events(tx: Tx, consumer: str, *, after: datetime, until: datetime, limit: int) -> Sequence[Entry]:
    """The events of this time that the consumer never saw, the oldest first, at most `limit`."""
    found = await tx.raw.fetch(MISSED, consumer, after, until, limit)
    return [Entry(**{**dict(row), "data": row["data"].encode()}) for row in found]
