"""What becomes of a message that could be read: it joins a dispute, opens one, is ignored, or waits for a person."""

import hashlib
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from services.intake.commands import file
from services.intake.commands.categoriser_in_use import CategoriserInUse
from services.intake.commands.converse import NewMessage, add_message, note
from services.intake.commands.current_matrix import CurrentMatrix
from services.intake.commands.new_dispute import Customer, NewDispute, customer_id
from services.intake.email_address import email_address
from services.intake.inbound import words
from services.intake.inbound.belonging import Belongs, find_case, is_ours
from services.intake.inbound.ports import Incoming, Person
from shared.db import disputes, threads
from shared.db.engine import Tx
from shared.db.inbound import State
from shared.domain.dispute import Dispute
from shared.runtime import traces
from shared.runtime.sealing import Sealer

ACTOR: Final = "system:intake"
COPY: Final = "copy"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery; the reason is a short text without anything the customer wrote."""

    state: State
    reason: str | None = None
    dispute_id: UUID | None = None
    filed: file.Filed | None = None


@dataclass(frozen=True, slots=True)
class Settler:
    """Settles messages with what one process has: the categoriser in use, its matrix and its secret."""

    in_use: CategoriserInUse
    matrix: CurrentMatrix
    sealer: Sealer

    async def settle(self, tx: Tx, delivery_id: UUID, incoming: Incoming) -> Outcome:
        """Does what the message calls for, in this transaction; raises what filing and conversing raise."""
        if is_ours(self.sealer, incoming):
            return Outcome("ignored", "our own message came back")
        names = self._names(incoming)
        await threads.hold(tx, names)
        copy_of = next(iter((await threads.find(tx, [each for each in names if each[0] == COPY])).values()), None)
        if copy_of is not None:
            return Outcome("ignored", "the same mail came to another mailbox", copy_of)
        found = await find_case(tx, self.sealer, incoming)
        if isinstance(found, Belongs):
            return await self._join(tx, delivery_id, incoming, found)
        return _no_dispute(incoming) or await self._open(tx, incoming, found.related)

    async def _join(self, tx: Tx, delivery_id: UUID, incoming: Incoming, found: Belongs) -> Outcome:
        dispute = await disputes.lock(tx, found.dispute_id)
        if incoming.bounce is not None:
            told = note(words.bounced(incoming), None, "system")
            await add_message(tx, dispute, replace(told, inbound_delivery_id=delivery_id), ACTOR)
            return Outcome("joined", f"bounce, by {found.by}", dispute.id)
        body, cut = words.description(incoming.reply or incoming.text)
        message = self._message(delivery_id, incoming, found, body)
        automatic = message.automatic or message.internal
        dispute, _ = await add_message(tx, dispute, message, ACTOR if automatic else f"customer:{dispute.customer_id}")
        others = [] if found.participant else [_stranger(incoming.person)]
        await self._note(tx, dispute, words.remarks(incoming, cut=cut, others=others))
        await threads.tie(tx, self._names(incoming), dispute.id)
        return Outcome("joined", f"by {found.by}", dispute.id)

    def _message(self, delivery_id: UUID, incoming: Incoming, found: Belongs, body: str) -> NewMessage:
        """A thread outside lets anybody in it write, so another person there is heard by the house alone."""
        return NewMessage(
            direction="in",
            channel=incoming.channel,
            author="customer",
            body=body,
            author_name=words.signature(incoming.person, participant=found.participant),
            internal=found.by == "thread" and not found.participant,
            automatic=incoming.automatic is not None,
            inbound_delivery_id=delivery_id,
        )

    async def _open(self, tx: Tx, incoming: Incoming, related: tuple[UUID, ...]) -> Outcome:
        body, cut = words.description(incoming.text)
        new = _new_dispute(incoming, body)
        customer = new.customer
        who = customer_id(self.sealer, email=customer.email, reference=customer.reference)
        trace = traces.inject().get("traceparent")
        brought = file.read(self.in_use, new, customer_id=who, actor=f"customer:{who}", traceparent=trace)
        filed = await file.file_one(tx, await self.matrix.get(tx), brought)
        others = [f"Possibly about the same: {case.reference}." for case in await threads.cases(tx, related)]
        await self._note(tx, filed.dispute, words.remarks(incoming, cut=cut, others=others))
        await threads.tie(tx, self._names(incoming), filed.dispute.id)
        return Outcome("filed", None, filed.dispute.id, filed)

    async def _note(self, tx: Tx, dispute: Dispute, remarks: str | None) -> None:
        if remarks is not None:
            await add_message(tx, dispute, note(remarks, None, "system"), ACTOR)

    def _names(self, incoming: Incoming) -> list[threads.Key]:
        """What later messages may call this one, and for a mail what a copy of it would be called."""
        if incoming.key is None:
            return []
        copy = [(COPY, _fingerprint(incoming, incoming.key.value))] if incoming.key.kind == "mail" else []
        return [incoming.key, *copy]


def _no_dispute(incoming: Incoming) -> Outcome | None:
    """Why a message that belongs nowhere opens no dispute; None when it does."""
    if incoming.automatic is not None:
        return Outcome("ignored", f"automatic: {incoming.automatic}")
    if incoming.person.email is None and incoming.person.reference is None:
        return Outcome("quarantined", "nobody to answer: no sender could be read")
    if not words.says_something(incoming):
        return Outcome("quarantined", "nothing was said: no subject, no text, no attachment")
    return None


def _fingerprint(incoming: Incoming, name: str) -> str:
    """The same for the same mail through two mailboxes, another for another mail under the same Message-ID."""
    files = [each.sha256 for each in incoming.attachments]
    said = "\0".join([name, incoming.person.email or "", incoming.subject, incoming.text, *files])
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _stranger(person: Person) -> str:
    address = person.email or person.reference or "an unknown address"
    return f"Written from {address}, which is not the customer's. Contact data was not changed."


def _new_dispute(incoming: Incoming, body: str) -> NewDispute:
    return NewDispute(
        customer=_customer(incoming),
        subject=words.subject(incoming),
        description=body,
        channel=incoming.channel,
        order_reference=incoming.order_reference,
        product=incoming.product,
        metadata=incoming.metadata,
    )


def _customer(incoming: Incoming) -> Customer:
    """Who complains; an address that no mail could be sent to becomes a mere reference."""
    person = incoming.person
    if person.email is None:
        return Customer(name=person.name, reference=person.reference, language=incoming.language)
    try:
        email = email_address(person.email)
    except ValueError:
        reference = person.reference or f"mail:{person.email}"[:100]
        return Customer(name=person.name, reference=reference, language=incoming.language)
    return Customer(name=person.name, email=email, reference=person.reference, language=incoming.language)
