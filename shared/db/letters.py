"""Letters that were sent, as the history says: handed over by the notify service, or recorded by somebody."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.db.engine import Tx
from shared.domain.regime import Marker
from shared.messages.casework_events import LetterRecorded
from shared.messages.events import CustomerNotified

LISTED_MAX: Final = 500
_SENT: Final = (
    "select dispute_id, occurred_at, actor, data->>'letter' as letter, data->>'channel' as channel, "
    "data->>'sent_at' as sent_at, data->>'delivery_id' as delivery_id from event "
    f"where dispute_id = any($1::uuid[]) and (type = '{LetterRecorded.type}' or type = '{CustomerNotified.type}' "
    "and data->>'outcome' = 'sent' and data->>'letter' is not null) order by dispute_id, sequence"
)


class Sent(NamedTuple):
    """One letter: by which channel, when, and who says so; `delivery_id` where the notify service handed it over."""

    letter: str
    sent_at: datetime
    channel: str
    actor: str
    delivery_id: str | None

    @property
    def facts(self) -> tuple[str, ...]:
        """What it makes true: any letter after the acknowledgement is news in writing."""
        if self.letter in (Marker.ACKNOWLEDGED, Marker.UPDATE_SENT):
            return (self.letter,)
        return (self.letter, Marker.UPDATE_SENT.value)


async def of_many(tx: Tx, ids: Collection[UUID]) -> dict[UUID, list[Sent]]:
    """The letters of these disputes in the order of their histories; one without any is not there."""
    found: dict[UUID, list[Sent]] = {}
    for row in await tx.raw.fetch(_SENT, list(ids)) if ids else ():
        at = row["occurred_at"] if row["sent_at"] is None else datetime.fromisoformat(row["sent_at"])
        sent = Sent(row["letter"], at, row["channel"], row["actor"], row["delivery_id"])
        found.setdefault(row["dispute_id"], []).append(sent)
    return found
