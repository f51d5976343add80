"""Converse: a message joins a dispute and moves what it moves. One command behind the API, mail, chat and the portal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.intake.commands.record import record
from shared.db import messages
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.frozen import altered
from shared.domain.lifecycle import ENDED, SETTLED, Status, Trigger
from shared.messages.events import DisputeCorrected, DisputeReopened, Event, MessageAdded, StatusChanged
from shared.runtime.ids import new_id

REOPENED_BY_MESSAGES_MAX: Final = 3
"""A dispute reopened this often is not reopened by a mere message any more; it is marked for a person instead."""

BECAUSE: Final = "customer_message"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message as it comes. `author` is customer, agent or system; `automatic` says that no person wrote it.

    An internal message is for the house alone, whoever wrote it. `letter` says which letter of a regime it is.
    """

    direction: str
    channel: str
    author: str
    body: str
    author_name: str | None = None
    internal: bool = False
    automatic: bool = False
    inbound_delivery_id: UUID | None = None
    letter: str | None = None

    @property
    def from_customer(self) -> bool:
        """Whether the customer herself said it, and not her out-of-office."""
        return self.author == "customer" and not self.internal and not self.automatic

    @property
    def to_customer(self) -> bool:
        """Whether a person of the house said it to the customer."""
        return self.author == "agent" and self.direction == "out" and not self.internal and not self.automatic


def note(body: str, author_name: str | None, author: str = "agent") -> NewMessage:
    """An internal message."""
    return NewMessage(direction="out", channel="note", author=author, body=body, author_name=author_name, internal=True)


async def add_message(tx: Tx, dispute: Dispute, new: NewMessage, actor: str) -> tuple[Dispute, UUID]:
    """Adds a message to a locked dispute; returns the dispute after it, saved, and the message's id.

    A customer's message is counted, ends the wait for the customer, and reopens a dispute that was settled or ended, at
    most three times. An agent's message to the customer is the first response and news; it begins the investigation.
    Internal and automatic messages move nothing.
    """
    message_id = new_id()
    after, events = _moved(dispute, new, tx.now)
    added = MessageAdded(
        message_id=str(message_id),
        direction=new.direction,
        channel=new.channel,
        author=new.author,
        internal=new.internal,
        automatic=new.automatic,
        letter=new.letter,
    )
    saved = await record(tx, dispute, after, added, *events, actor=actor)
    await messages.add(tx, _stored(new, message_id, dispute.id, tx.now))
    return saved, message_id


def _moved(dispute: Dispute, new: NewMessage, now: datetime) -> tuple[Dispute, tuple[Event, ...]]:
    if new.from_customer:
        return _heard(dispute.changed(now, contact_count=dispute.contact_count + 1), now)
    if new.to_customer:
        return _answered(dispute, now)
    return altered(dispute, updated_at=now), ()


def _heard(dispute: Dispute, now: datetime) -> tuple[Dispute, tuple[Event, ...]]:
    """What a customer's message makes of a dispute."""
    if dispute.status is Status.AWAITING_CUSTOMER:
        return stepped(dispute, Trigger.RESUME, now, reason_code=BECAUSE)
    if dispute.status not in SETTLED | ENDED:
        return dispute, ()
    if dispute.reopen_count >= REOPENED_BY_MESSAGES_MAX:
        return _marked_for_a_person(dispute)
    after = _same_version(dispute.after(Trigger.REOPEN, now), dispute)
    return after, (DisputeReopened(because=BECAUSE, occasion=after.reopen_count),)


def _marked_for_a_person(dispute: Dispute) -> tuple[Dispute, tuple[Event, ...]]:
    if dispute.category.needs_person:
        return dispute, ()
    marked = altered(dispute, category=altered(dispute.category, needs_person=True))
    return marked, (DisputeCorrected(changes={"needs_person": ("false", "true")}, reason=BECAUSE),)


def _answered(dispute: Dispute, now: datetime) -> tuple[Dispute, tuple[Event, ...]]:
    """What an agent's message to the customer makes of a dispute."""
    told = dispute.changed(now, responded_at=dispute.responded_at or now, informed_at=now)
    if dispute.status in {Status.RECEIVED, Status.TRIAGED}:
        return stepped(told, Trigger.INVESTIGATE, now, reason_code="answered")
    return told, ()


def stepped(
    dispute: Dispute, trigger: Trigger, now: datetime, *, reason_code: str | None = None
) -> tuple[Dispute, tuple[Event, ...]]:
    """A dispute whose version has moved on already, after one more step in the same change, and the step's event."""
    after = _same_version(dispute.after(trigger, now), dispute)
    before, then = dispute.status.value, after.status.value
    return after, (StatusChanged(before=before, after=then, trigger=trigger.value, reason_code=reason_code),)


def _same_version(after: Dispute, before: Dispute) -> Dispute:
    return altered(after, version=before.version)  # one change is one version


def _stored(new: NewMessage, message_id: UUID, dispute_id: UUID, now: datetime) -> messages.Message:
    return messages.Message(
        id=message_id,
        dispute_id=dispute_id,
        direction=new.direction,
        channel=new.channel,
        author=new.author,
        author_name=new.author_name,
        body=new.body,
        internal=new.internal,
        automatic=new.automatic,
        inbound_delivery_id=new.inbound_delivery_id,
        created_at=now,
    )
