"""Everything personal and every free text of disputes taken away; what stays are ids, kinds, amounts and instants."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from shared.db.engine import Tx
from shared.messages.casework_events import DisputeErased

NOT_ERASED: Final = (
    "(select e.type from event e where e.dispute_id = d.id and e.sequence = d.sequence) "
    f"is distinct from '{DisputeErased.type}'"
)
"""Of a dispute `d`: that its history does not end with an erasure."""

_TO_DO: Final = f"select d.id from dispute d where d.id = any($1::uuid[]) and {NOT_ERASED}"
_PRIVATE: Final = (
    "update dispute_private set name = null, email = null, phone = null, customer_reference = null, subject = '', "
    "description = '', parties = '[]', reasons = '[]', evidence = '[]', resolution = null, erased_at = $2 "
    "where dispute_id = any($1::uuid[])"
)
"""Triggers on `erased_at` take the sketch of the text and the copy that was kept to learn from, whoever erases."""

_RAW: Final = (
    "update inbound_delivery set headers = '{}', body = '', reason = null where id in "
    "(select id from inbound_delivery where dispute_id = any($1::uuid[]) "
    "union select inbound_delivery_id from message where dispute_id = any($1::uuid[]))"
)
_LINKS: Final = (
    "update dispute_link set reason = '', end_reason = case when end_reason is not null then '' end "
    "where dispute_id = any($1::uuid[]) or other_id = any($1::uuid[])"
)
_EXTENSIONS: Final = (
    """update clock set extensions = (select json_agg(each::jsonb || '{"reason": ""}' order by place) """
    "from json_array_elements(extensions) with ordinality as e (each, place)) "
    "where dispute_id = any($1::uuid[]) and json_array_length(extensions) > 0"
)
_REPLIES: Final = (
    "update idempotency as i set body = '{}' "
    "where created_at in (select occurred_at from event where dispute_id = any($1::uuid[])) and exists "
    "(select from unnest($1::uuid[]) as t (id) where position(convert_to(t.id::text, 'UTF8') in i.body) > 0)"
)
"""Kept replies to a filing have the words that led to its category; the key still answers, with nothing in it. A reply is kept in
the transaction that wrote the history, so it has the instant of an event: an index finds the few to be looked into."""

_REST: Final = (
    _RAW,  # before the messages, which name what they came with
    "delete from message where dispute_id = any($1::uuid[])",
    "delete from thread where dispute_id = any($1::uuid[])",
    "delete from erasure_due where dispute_id = any($1::uuid[])",
    "delete from precedent where dispute_id = any($1::uuid[])",
    "update feedback set comment = null where dispute_id = any($1::uuid[])",
    "update mark set note = null where dispute_id = any($1::uuid[])",
    "update referral set body = null, reference = null where dispute_id = any($1::uuid[])",
    _LINKS,
    _EXTENSIONS,
    "update delivery_attempt set detail = null where delivery_id in (select id from delivery where dispute_id = any($1::uuid[]))",
    "update delivery set reason = 'erased' where dispute_id = any($1::uuid[]) and state = 'dead'",
    "update delivery set facts = (facts::jsonb - 'reason')::json where dispute_id = any($1::uuid[]) and kind = 'deadline_extended'",
    _REPLIES,
)
"""One statement for each place, each by the ids of the disputes: an index answers. Questions to experts and their answers, the reasons
of referrals and other notes are messages."""


async def erase(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Erases the texts of locked disputes; returns those whose history did not end with that already.

    Their own rows and their events are the caller's. One that was erased goes on having a history: what is said of it later
    is erased by the next time.
    """
    wanted = [row["id"] for row in await tx.raw.fetch(_TO_DO, list(ids))]
    if wanted:
        await tx.raw.execute(_PRIVATE, wanted, tx.now)
        for statement in _REST:
            await tx.raw.execute(statement, wanted)
    return set(wanted)
