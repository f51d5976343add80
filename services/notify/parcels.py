"""From a claimed delivery and its material to a parcel for its channel, or the reason why there is none. Pure."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from services.notify.catalog import BY_KIND, WITH_MESSAGE, Notification
from services.notify.channels.mime import House
from services.notify.channels.ports import Letter, Parcel, Signal
from services.notify.deliveries import Claim
from services.notify.digest_letter import digest, still_told, unlisted
from services.notify.digests import DIGEST
from services.notify.letters import Case, Writer
from services.notify.material import Material, Private, Told
from services.notify.people import tier_of
from services.notify.plan import CUSTOMER, EXPERT, unreachable
from shared.db.webhooks import PING, SEALED_FOR, Endpoint
from shared.domain.clock_record import Kind
from shared.domain.dispute import Dispute
from shared.messages.envelope import TYPE_PREFIX
from shared.messages.links import message_id
from shared.runtime.sealing import Sealer

BODY_BYTES_MAX: Final = 20_000
"""Standard Webhooks asks for small payloads; a larger event is sent without its facts, to be read by the API."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Why a delivery is not made: `suppressed` says that it need not be, otherwise it cannot be."""

    reason: str
    suppressed: bool


@dataclass(frozen=True, slots=True)
class Packer:
    """Makes parcels for one installation."""

    writer: Writer
    house: House
    sealer: Sealer
    source: str

    def pack(self, claim: Claim, material: Material) -> Parcel | NotSent:
        """The parcel, or why there is none.

        Raises:
            Unwritable: the letter cannot say what it must.
            BrokenSeal: the endpoint's secret was sealed by another installation.
        """
        if claim.kind == PING:
            return self._signal(claim, material)
        if claim.kind == DIGEST:
            return self._digest(claim, material)
        entry = BY_KIND.get(claim.kind)
        if entry is None:
            return NotSent("unknown_kind", suppressed=False)
        return self._letter(entry, claim, material) if entry.template else self._signal(claim, material)

    def _letter(self, entry: Notification, claim: Claim, material: Material) -> Parcel | NotSent:
        dispute, private = material.disputes.get(claim.dispute_id), material.private.get(claim.dispute_id)
        if dispute is None or private is None or private.erased:
            return NotSent("erased", suppressed=True)
        if entry.overtaken(dispute, claim.facts):
            return NotSent("overtaken", suppressed=True)
        address = private.email if claim.recipient == CUSTOMER else self._colleague(claim, material)
        problem = unreachable(address, self.house.domain) if claim.recipient == CUSTOMER else None
        if problem is not None or not address:
            return NotSent(problem or "no_address", suppressed=True)
        if claim.kind in WITH_MESSAGE and UUID(claim.facts["message_id"]) not in material.messages:
            return NotSent("erased", suppressed=True)
        thread = message_id(self.sealer, dispute.id, dispute.id, self.house.domain)
        letter = self.writer.letter(entry, _case(claim, dispute, private, material), thread)
        return _parcel(claim, material, address, letter)

    def _digest(self, claim: Claim, material: Material) -> Parcel | NotSent:
        address = self._colleague(claim, material)
        if not address:
            return NotSent("no_address", suppressed=True)
        notices = still_told(claim.facts["notices"], material.disputes)
        if not notices and not unlisted(claim.facts):
            return NotSent("overtaken", suppressed=True)
        return _parcel(claim, material, address, digest(self.writer, claim.facts, notices, material.disputes))

    def _colleague(self, claim: Claim, material: Material) -> str | None:
        if material.matrix is None:
            return None
        if claim.recipient.startswith(EXPERT):
            desk = material.matrix.experts.get(claim.recipient.removeprefix(EXPERT))
            return desk.email if desk else None
        person = material.matrix.person(claim.recipient)
        return person.email if person else None

    def _signal(self, claim: Claim, material: Material) -> Parcel | NotSent:
        endpoint = material.endpoints.get(UUID(claim.recipient))
        if endpoint is None or not endpoint.active:
            return NotSent("endpoint_disabled", suppressed=True)
        if claim.kind == PING:
            body = body_of(_test(claim), endpoint.id, self.source)
        elif told := material.events.get((claim.dispute_id, int(claim.occasion))):
            body = body_of(told, claim.dispute_id, self.source)
        else:
            return NotSent("erased", suppressed=True)
        return _parcel(claim, material, endpoint.url, Signal(body=body, secrets=self._secrets(endpoint)))

    def _secrets(self, endpoint: Endpoint) -> tuple[str, ...]:
        sealed = [each for each in (endpoint.secret, endpoint.previous_secret) if each is not None]
        return tuple(self.sealer.decrypt(SEALED_FOR, each) for each in sealed)


def body_of(told: Told, subject: UUID, source: str) -> str:
    """The event as CloudEvents 1.0 JSON, with the fields that Standard Webhooks names too; nothing personal is in it."""
    head = {
        "specversion": "1.0",
        "id": str(told.id),
        "source": source,
        "type": f"{TYPE_PREFIX}{told.type}.v{told.version}",
        "subject": str(subject),
        "time": told.occurred_at,
        "timestamp": told.occurred_at,
        "datacontenttype": "application/json",
        "sequence": told.sequence,
    }
    body = orjson.dumps(head | {"data": orjson.Fragment(told.data)}, option=orjson.OPT_UTC_Z)
    if len(body) > BODY_BYTES_MAX:
        body = orjson.dumps(head | {"data": {"omitted": "too_large"}}, option=orjson.OPT_UTC_Z)
    return body.decode()


def _test(claim: Claim) -> Told:
    """What a test says: that it is one."""
    return Told(claim.id, "webhook.ping", 1, 0, claim.created_at, "{}")


def _case(claim: Claim, dispute: Dispute, private: Private, material: Material) -> Case:
    tier = tier_of(material.matrix, dispute) if material.matrix else None
    message = material.messages[UUID(claim.facts["message_id"])] if claim.kind in WITH_MESSAGE else None
    return Case(
        dispute=dispute,
        facts=claim.facts,
        name=private.name,
        topic=private.subject,
        resolution=private.resolution,
        inbound=private.inbound,
        message=message.body if message else None,
        author=message.author if message else None,
        tier=tier.label if tier else None,
        due=private.due,
        follows_up=material.matrix is None or Kind.FOLLOW_UP in material.matrix.clocks,
        milestones=private.milestones,
    )


def _parcel(claim: Claim, material: Material, address: str, content: Letter | Signal) -> Parcel:
    return Parcel(
        delivery_id=claim.id,
        dispute_id=claim.dispute_id,
        recipient=claim.recipient,
        address=address,
        at=material.now,
        content=content,
    )
