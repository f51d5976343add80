"""Facts of a dispute with their instants: those it carries itself, and those reported or read from its history."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from shared.domain.dispute import Dispute
from shared.domain.lifecycle import ENDED, SETTLED, Status

Marks = Mapping[str, tuple[datetime, ...]]
"""Each fact's instants in order, by the fact's name."""

NO_MARKS: Final[Marks] = MappingProxyType({})
REOPENED: Final = "reopened"
STAGE_2_REQUESTED: Final = "stage_2_requested"
REFERRED_EXTERNAL: Final = "referred_external"
EXTERNAL_DECIDED: Final = "external_decided"

DROPPED: Final = frozenset({Status.WITHDRAWN, Status.NOT_A_DISPUTE})


def facts_of(dispute: Dispute, marks: Marks) -> Marks:
    """The marks together with what the dispute knows of itself."""
    own = {
        "received": dispute.received_at,
        "acknowledged": dispute.acknowledged_at,
        "responded": dispute.responded_at,
        "informed": dispute.informed_at,
        "resolved": _resolved_at(dispute),
        "closed": dispute.closed_at,
    }
    return {**marks, **{name: (at,) for name, at in own.items() if at is not None}}


def first_of(facts: Marks, names: Iterable[str], since: datetime, *, later: bool = False) -> datetime | None:
    """The earliest of these facts from `since` on, or only after it when `later`."""
    found = (at for name in names for at in facts.get(name, ()) if at > since or (at == since and not later))
    return min(found, default=None)


def latest_of(facts: Marks, name: str, now: datetime) -> datetime | None:
    """The newest instant of a fact that has come by now."""
    return max((at for at in facts.get(name, ()) if at <= now), default=None)


def _resolved_at(dispute: Dispute) -> datetime | None:
    if dispute.resolved_at is not None or dispute.status in DROPPED:
        return dispute.resolved_at
    if dispute.status in ENDED:
        return dispute.closed_at
    return dispute.updated_at if dispute.status in SETTLED else None
