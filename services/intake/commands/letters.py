"""Record a letter that went out by other means, and say which letters a dispute's regimes demand that were not sent."""

from datetime import datetime
from typing import Final

from services.intake.commands.converse import add_message, note
from services.intake.commands.record import record
from shared.db import letters
from shared.db.engine import Tx
from shared.db.keys import Caller
from shared.domain.dispute import Dispute
from shared.domain.errors import Conflict, InvalidValue
from shared.domain.regime import BY_ITSELF, WRITTEN, Marker
from shared.messages.casework_events import LetterRecorded

NAMES: Final = tuple(letter.value for letter in (*BY_ITSELF, *WRITTEN))
BY_MESSAGE: Final = tuple(letter.value for letter in WRITTEN)
"""Letters that a message to the customer may be."""

SPOKEN: Final = ("telephone", "in_person")
CHANNELS: Final = ("post", "courier", "by_hand", "email", "portal", "chat", "sms", "fax", *SPOKEN)
MAY_BE_SPOKEN: Final = frozenset({Marker.ACKNOWLEDGED, Marker.PROVISIONAL_CREDIT_TOLD})
RECORDED_MAX: Final = 100
"""Of one dispute; no case has so many."""


async def record_letter(
    tx: Tx,
    dispute: Dispute,
    letter: str,
    *,
    channel: str,
    sent_at: datetime | None,
    reason: str | None,
    caller: Caller,
) -> Dispute:
    """The dispute with the letter in its history; recorded twice with the same channel and instant, it is there once.

    It is news to the customer as of that instant, and what a person wrote is an answer. An acknowledgement recorded this way
    is the acknowledgement, if there was none.

    Raises:
        InvalidValue: it is said to be sent in the future or before the receipt, or was spoken and must be written.
        Conflict: the dispute has as many letters recorded as any case can have.
    """
    at = tx.now if sent_at is None else sent_at
    _check(dispute, letter, channel, at, tx.now)
    known = (await letters.of_many(tx, [dispute.id])).get(dispute.id, [])
    if any((each.letter, each.channel, each.sent_at) == (letter, channel, at) for each in known):
        return dispute
    if sum(each.delivery_id is None for each in known) >= RECORDED_MAX:
        raise Conflict(f"This dispute already has {RECORDED_MAX} letters recorded.")
    told = LetterRecorded(letter=letter, channel=channel, sent_at=at.isoformat().replace("+00:00", "Z"))
    saved = await record(tx, dispute, _told(dispute, letter, at, tx.now), told, actor=caller.actor)
    if reason is None:
        return saved
    return (await add_message(tx, saved, note(reason, caller.name), caller.actor))[0]


def _check(dispute: Dispute, letter: str, channel: str, at: datetime, now: datetime) -> None:
    if at > now:
        raise InvalidValue("/sent_at", "A letter is recorded once it was sent; this instant is in the future.")
    if at < dispute.received_at:
        raise InvalidValue("/sent_at", "No letter on a dispute was sent before the dispute was received.")
    if channel in SPOKEN and letter not in MAY_BE_SPOKEN:
        raise InvalidValue("/channel", "This letter is given in writing; what was said aloud is none.")


def _told(dispute: Dispute, letter: str, at: datetime, now: datetime) -> Dispute:
    facts: dict[str, datetime] = {"informed_at": max(at, dispute.informed_at or at)}
    if letter == Marker.ACKNOWLEDGED and dispute.acknowledged_at is None:
        facts["acknowledged_at"] = at
    elif letter in WRITTEN and dispute.responded_at is None:
        facts["responded_at"] = at
    return dispute.changed(now, **facts)
