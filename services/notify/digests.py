"""Many notices for one of ours at once become one digest: measured, gathered and joined in the transaction that plans them.

A gathered notice is stored as suppressed for the reason `digest`, in the same transaction in which the digest takes it in.
So it is in one digest and in one only, whatever dies when, and a notice that was planned before is not taken in again.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

import orjson

from services.notify.catalog import BY_KIND, Audience
from services.notify.plan import Limits, Planned
from shared.db.engine import Tx
from shared.runtime.ids import new_id

DIGEST: Final = "digest"
"""The kind of a digest, and the reason why the notices that it stands for are suppressed."""
LISTED_MAX: Final = 100
"""Notices that a digest names; of the others it says how many they are."""

Facts = dict[str, Any]

# One row for each of ours who was ever told anything, locked until the plan is stored: two planners count one after the
# other. A window that follows on a crowded one is crowded from its first notice, so that a storm costs one mail a window.
_MEASURE: Final = """
    insert into notice_window as w (recipient, began_at, notices, crowded)
    select t.recipient, $3, t.notices, t.notices > $4
    from unnest($1::text[], $2::int[]) as t(recipient, notices) order by t.recipient
    on conflict (recipient) do update set
      began_at = case when $3 < w.began_at + $5::interval then w.began_at else $3 end,
      notices = case when $3 < w.began_at + $5::interval then w.notices else 0 end + excluded.notices,
      crowded = case when $3 < w.began_at + $5::interval then w.crowded or w.notices + excluded.notices > $4
                     else excluded.notices > $4 or (w.notices > $4 and $3 < w.began_at + 2 * $5::interval) end
    returning recipient, crowded, digest_id
"""
_OPEN: Final = """
    select recipient, id, facts from delivery
    where id = any($1::uuid[]) and state = 'pending' and attempts = 0 order by id for update
"""
_JOIN: Final = """
    update delivery d set facts = t.facts from unnest($1::uuid[], $2::json[]) as t(id, facts) where d.id = t.id
"""
_BEGIN: Final = """
    with begun as (
      insert into delivery (id, dispute_id, kind, occasion, audience, channel, recipient, facts, state, due_at, created_at)
      select t.id, null, $4, t.id::text, $5, 'email', t.recipient, t.facts, 'pending', $6, $7
      from unnest($1::uuid[], $2::text[], $3::json[]) as t(id, recipient, facts)
      returning id, recipient)
    update notice_window w set digest_id = begun.id from begun where w.recipient = begun.recipient
"""


def gathers(row: Planned) -> bool:
    """Whether a digest may stand for it: a notice to one of ours that could be sent. Never a letter to a customer."""
    entry = BY_KIND.get(row.kind)
    return row.reason is None and entry is not None and entry.internal and entry.gathers


async def crowded(tx: Tx, rows: Iterable[Planned], limits: Limits) -> dict[str, UUID | None]:
    """Those to whom more goes within a window than they should get one by one, each with the latest digest, if any."""
    count = Counter(row.recipient for row in rows if gathers(row))
    if not count:
        return {}
    found = await tx.raw.fetch(
        _MEASURE, list(count), list(count.values()), tx.now, limits.digest_above, limits.digest_window
    )
    return {row["recipient"]: row["digest_id"] for row in found if row["crowded"]}


def gathered(rows: Sequence[Planned], recipients: Collection[str]) -> list[Planned]:
    """The same rows; those that a digest stands for carry its name as the reason why they are not sent."""
    return [replace(row, reason=DIGEST) if row.recipient in recipients and gathers(row) else row for row in rows]


async def join(tx: Tx, rows: Iterable[Planned], digests: Mapping[str, UUID | None], window: timedelta) -> None:
    """Takes notices into the digest that waits for each recipient, or into a new one that is due after the window.

    A digest that has been tried is not added to: its name may be known on the other side, where a second mail of the
    same name would be dropped.
    """
    by_recipient: defaultdict[str, list[Facts]] = defaultdict(list)
    for row in rows:
        by_recipient[row.recipient].append(_notice(row))
    if not by_recipient:
        return
    known = [digests[each] for each in by_recipient if digests.get(each) is not None]
    waiting = {row["recipient"]: row for row in await tx.raw.fetch(_OPEN, known)}
    joined = [(row["id"], _more(row["facts"], by_recipient[name])) for name, row in waiting.items()]
    begun = [(new_id(), name, _more(None, told)) for name, told in by_recipient.items() if name not in waiting]
    if joined:
        await tx.raw.execute(_JOIN, *_columns(joined))
    if begun:
        await tx.raw.execute(_BEGIN, *_columns(begun), DIGEST, Audience.HANDLER.value, tx.now + window, tx.now)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _notice(row: Planned) -> Facts:
    """What a digest keeps of a notice: nothing personal."""
    facts = orjson.loads(row.facts)
    due_at = facts.get("due_at") or facts.get("next_due_at") or min((facts.get("clocks") or {}).values(), default=None)
    return {
        "dispute_id": str(row.dispute_id),
        "kind": row.kind,
        "clock": facts.get("clock"),
        "due_at": due_at,
        "order": due_at or facts["caused_at"],
    }


def _more(facts: Mapping[str, Any] | None, told: Sequence[Facts]) -> str:
    """The digest's facts with these notices in them, those of the earliest deadline listed first."""
    before: Mapping[str, Any] = facts or {"count": 0, "notices": []}
    listed = sorted([*before["notices"], *told], key=itemgetter("order"))[:LISTED_MAX]
    return orjson.dumps({"count": before["count"] + len(told), "notices": listed}).decode()
