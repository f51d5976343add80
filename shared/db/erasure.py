"""Everything personal and every free text of one dispute taken away; what stays are ids, kinds, amounts and instants."""

from typing import Final
from uuid import UUID

from shared.db.engine import Tx
from shared.messages.casework_events import DisputeErased

_DONE: Final = "select type from event where dispute_id = $1 order by sequence desc limit 1"
_PRIVATE: Final = (
    "update dispute_private set name = null, email = null, phone = null, customer_reference = null, subject = '', "
    "description = '', parties = '[]', reasons = '[]', evidence = '[]', resolution = null, erased_at = $2 "
    "where dispute_id = $1"
)
"""Triggers on `erased_at` take the sketch of the text and the copy that was kept to learn from, whoever erases."""

_RAW: Final = (
    "update inbound_delivery set headers = '{}', body = '', reason = null where dispute_id = $1 "
    "or id in (select m.inbound_delivery_id from message m where m.dispute_id = $1)"
)
_LINKS: Final = (
    "update dispute_link set reason = '', end_reason = case when end_reason is not null then '' end "
    "where dispute_id = $1 or other_id = $1"
)
_EXTENSIONS: Final = (
    """update clock set extensions = (select json_agg(each::jsonb || '{"reason": ""}' order by place) """
    "from json_array_elements(extensions) with ordinality as e (each, place)) "
    "where dispute_id = $1 and json_array_length(extensions) > 0"
)
_REST: Final = (
    _RAW,  # before the messages, which name what they came with
    "delete from message where dispute_id = $1",
    "delete from thread where dispute_id = $1",
    "delete from precedent where dispute_id = $1",
    "update feedback set comment = null where dispute_id = $1",
    "update mark set note = null where dispute_id = $1",
    "update referral set body = null, reference = null where dispute_id = $1",
    _LINKS,
    _EXTENSIONS,
    "update delivery_attempt set detail = null where delivery_id in (select id from delivery where dispute_id = $1)",
    "update delivery set reason = 'erased' where dispute_id = $1 and state = 'dead'",
    "update delivery set facts = (facts::jsonb - 'reason')::json where dispute_id = $1 and kind = 'deadline_extended'",
)
"""One statement for each place, each by the dispute's id: an index answers. Questions to experts and their answers, the reasons
of referrals and other notes are messages."""

_REPLIES: Final = (
    "update idempotency set body = '{}' where created_at >= (select received_at - interval '1 day' from dispute "
    "where id = $1) and position(convert_to($1::text, 'UTF8') in body) > 0"
)
"""Kept replies to a filing have the words that led to its category; the key still answers, with nothing in it."""


async def erase(tx: Tx, dispute_id: UUID) -> bool:
    """Erases the texts of a locked dispute; False when its history ends with that. Its own row and its event are the caller's.

    One that was erased goes on having a history: what is said of it later is erased by the next time.
    """
    if await tx.raw.fetchval(_DONE, dispute_id) == DisputeErased.type:
        return False
    await tx.raw.execute(_PRIVATE, dispute_id, tx.now)
    for statement in _REST:
        await tx.raw.execute(statement, dispute_id)
    await tx.raw.execute(_REPLIES, dispute_id)
    return True
