"""A dispute with an outside body: what was referred, what came back, and by when its decision must be carried out."""

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from shared.domain.calendar import Calendar
from shared.domain.counting import Rules
from shared.domain.duration import Duration, MinOf, parse_term, parts_of
from shared.domain.errors import InvalidValue

COMPLY_WITHIN: Final = "28 calendar days"
"""How long the house has where the body does not say; a usual term of ombudsmen, and the product's own figure."""
_ALWAYS: Final = Calendar.always()


class ReferralState(StrEnum):
    """Where a referral stands; `closed` ends one that asks nothing of the house or was followed by another."""

    REFERRED = "referred"
    DECIDED = "decided"
    COMPLIED = "complied"
    BREACHED = "breached"
    CLOSED = "closed"


class ExternalOutcome(StrEnum):
    """What the body found. `declined` says that it did not take the case, `settled` that the parties agreed before it."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    NOT_UPHELD = "not_upheld"
    SETTLED = "settled"
    DECLINED = "declined"


class Expected(NamedTuple):
    """When an outside body is to answer, as it announced, and since when the dispute lies there."""

    since: datetime
    at: datetime


BINDING: Final = frozenset({ExternalOutcome.UPHELD, ExternalOutcome.PARTLY_UPHELD, ExternalOutcome.SETTLED})
"""Outcomes that ask something of the house, so that there is something to comply with."""


def comply_by(decided_at: datetime, within: str | None = None) -> datetime:
    """By when a decision is to be carried out: so long after it, counted day and night; 28 calendar days when unsaid.

    Raises:
        InvalidValue: no term, or one in working time, of which an outside body knows no calendar.
    """
    term: Duration | MinOf = parse_term(within or COMPLY_WITHIN)
    if any(part.unit.is_business for part in parts_of(term)):
        raise InvalidValue("/comply_within", "Give calendar days or weeks, or the instant as comply_by.")
    return Rules(_ALWAYS).first_end_of(term, decided_at)
