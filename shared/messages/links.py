"""Signed names that leave the house and come back: reply addresses, Message-IDs and the links of the portal.

Notify writes them, intake reads them; nobody can make one without the installation's secret, so a stranger who knows a
case number still cannot join the case.
"""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.runtime.sealing import Sealer

PORTAL: Final = "portal"
PORTAL_OCCASION: Final = "1"
"""The customer's page keeps its address for as long as the dispute exists."""
FOLLOW_UP: Final = "follow-up"
"""The question after a decision; its occasion is how often the dispute had been reopened before."""

_HEX: Final = "[0-9a-f]{32}"
_REPLY: Final = re.compile(rf"(?:.*[+=])?({_HEX})\.([a-z2-7]{{16}})")
_MESSAGE: Final = re.compile(rf"<?({_HEX})\.({_HEX})\.([a-z2-7]{{16}})@[^<>\s]+>?")
_LINK: Final = re.compile(rf"({_HEX})\.([0-9a-z]{{1,12}})\.([a-z2-7]{{16}})")


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What one of our own Message-IDs says."""

    dispute_id: UUID
    delivery_id: UUID


def reply_address(sealer: Sealer, dispute_id: UUID, mailbox: str, domain: str, separator: str = "+") -> str:
    """Where an answer about this dispute goes: `reply+<dispute>.<tag>@domain`. Some providers want another separator."""
    return f"{mailbox}{separator}{dispute_id.hex}.{sealer.tag('reply', dispute_id.bytes)}@{domain}"


def read_reply_address(sealer: Sealer, address: str) -> UUID | None:
    """The dispute that an address of ours belongs to; None for every other address."""
    found = _REPLY.fullmatch(address.rpartition("@")[0].lower()) if len(address) <= 320 else None
    if found is None:
        return None
    dispute_id = UUID(found[1])
    return dispute_id if sealer.holds("reply", dispute_id.bytes, found[2]) else None


def message_id(sealer: Sealer, dispute_id: UUID, delivery_id: UUID, domain: str) -> str:
    """The stable Message-ID of a delivery, with its angle brackets: the same at every attempt."""
    tag = sealer.tag("message", dispute_id.bytes + delivery_id.bytes)
    return f"<{dispute_id.hex}.{delivery_id.hex}.{tag}@{domain}>"


def read_message_id(sealer: Sealer, text: str) -> SentMessage | None:
    """What a Message-ID of ours says; None for every other."""
    found = _MESSAGE.fullmatch(text.strip().lower()) if len(text) <= 998 else None
    if found is None:
        return None
    sent = SentMessage(UUID(found[1]), UUID(found[2]))
    whole = sent.dispute_id.bytes + sent.delivery_id.bytes
    return sent if sealer.holds("message", whole, found[3]) else None


def link_token(sealer: Sealer, purpose: str, dispute_id: UUID, occasion: str) -> str:
    """The token of a customer's link; `occasion` (lower-case letters and digits) lets a later link outdate it."""
    tag = sealer.tag(f"link/{purpose}", dispute_id.bytes + occasion.encode())
    return f"{dispute_id.hex}.{occasion}.{tag}"


def read_link_token(sealer: Sealer, purpose: str, token: str) -> tuple[UUID, str] | None:
    """The dispute and occasion of a customer's link; None when it is not ours."""
    found = _LINK.fullmatch(token)
    if found is None:
        return None
    dispute_id, occasion = UUID(found[1]), found[2]
    whole = dispute_id.bytes + occasion.encode()
    return (dispute_id, occasion) if sealer.holds(f"link/{purpose}", whole, found[3]) else None


def portal_path(sealer: Sealer, dispute_id: UUID) -> str:
    """Where the customer sees how the dispute stands, below the public address."""
    return f"/portal/{link_token(sealer, PORTAL, dispute_id, PORTAL_OCCASION)}"


def follow_up_path(sealer: Sealer, dispute_id: UUID, occasion: int) -> str:
    """Where the customer says whether the decision of this occasion holds, below the public address."""
    return f"/portal/follow-up/{link_token(sealer, FOLLOW_UP, dispute_id, str(occasion))}"
