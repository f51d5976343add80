"""Which dispute a message belongs to. A stranger never joins another's case by knowing its number.

The order: our signed reply address, In-Reply-To and References (our signed Message-IDs, or outside messages that are known),
then a case number in the subject. The first two kinds of signed name are proof enough; the others need a participant.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.intake.inbound.ports import Incoming, Person
from shared.db import threads
from shared.db.engine import Tx
from shared.db.threads import Case
from shared.messages.links import read_message_id, read_reply_address
from shared.runtime.sealing import Sealer

RECIPIENTS_MAX: Final = 50
NAMED_MAX: Final = 50
_REFERENCE: Final = re.compile(r"\bD-[0-9]{4}-[0-9]{6,12}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Belongs:
    """The dispute, by which name it was found, and whether a participant of it wrote."""

    dispute_id: UUID
    by: str
    participant: bool


@dataclass(frozen=True, slots=True)
class Apart:
    """No dispute it may join. `related` names those it mentions without the right to join them."""

    related: tuple[UUID, ...] = ()


def is_ours(sealer: Sealer, incoming: Incoming) -> bool:
    """Whether we sent this very message: it came back by a loop, or wrote itself to a mailbox of ours."""
    own_id = incoming.key is not None and incoming.key.kind == "mail" and read_message_id(sealer, incoming.key.value)
    own_address = incoming.person.email is not None and read_reply_address(sealer, incoming.person.email)
    return bool(own_id or own_address)


async def find_case(tx: Tx, sealer: Sealer, incoming: Incoming) -> Belongs | Apart:
    """The dispute that a message joins, or those it only mentions."""
    signed = _signed(sealer, incoming)
    known = await threads.find(tx, list(incoming.answers[:NAMED_MAX]))
    numbers = list(dict.fromkeys(found.upper() for found in _REFERENCE.findall(incoming.subject)))[:5]
    named = [known[key] for key in incoming.answers[:NAMED_MAX] if key in known]
    cases = await threads.cases(tx, list(dict.fromkeys([*(each for each, _ in signed), *named])), numbers)
    by_id = {case.dispute_id: case for case in cases}
    for dispute_id, by in signed:
        if dispute_id in by_id:
            return Belongs(dispute_id, by, takes_part(by_id[dispute_id], incoming.person))
    mentioned = [by_id[each] for each in named if each in by_id]
    if mentioned and incoming.key is not None and incoming.key.kind != "mail":
        # The outside system keeps the thread; who writes in it was let in there.
        return Belongs(mentioned[0].dispute_id, "thread", takes_part(mentioned[0], incoming.person))
    mentioned += [case for case in cases if case.reference in numbers]
    return _of_participant(mentioned, incoming.person)


def takes_part(case: Case, person: Person) -> bool:
    """Whether the author is the customer or another party of the dispute."""
    if person.email is not None and person.email in case.emails:
        return True
    return person.reference is not None and person.reference == case.customer_reference


def _of_participant(mentioned: Sequence[Case], person: Person) -> Belongs | Apart:
    for case in mentioned:
        if takes_part(case, person):
            return Belongs(case.dispute_id, "thread or number, and the sender is known", participant=True)
    return Apart(tuple(dict.fromkeys(case.dispute_id for case in mentioned)))


def _signed(sealer: Sealer, incoming: Incoming) -> list[tuple[UUID, str]]:
    """The disputes that names signed by us stand for, best first."""
    by_address = (read_reply_address(sealer, each) for each in incoming.recipients[:RECIPIENTS_MAX])
    found = [(dispute_id, "reply address") for dispute_id in by_address if dispute_id is not None]
    quoted = incoming.bounce.message_ids[:NAMED_MAX] if incoming.bounce else ()
    names = [*(key.value for key in incoming.answers[:NAMED_MAX] if key.kind == "mail"), *quoted]
    return [*found, *((dispute_id, "our Message-ID") for dispute_id in _by_message_id(sealer, names))]


def _by_message_id(sealer: Sealer, names: Iterable[str]) -> list[UUID]:
    sent = (read_message_id(sealer, each) for each in names)
    return [each.dispute_id for each in sent if each is not None]
