"""Who is told in the house: the handler, or those who act for the tier. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.notify.catalog import Audience
from shared.domain.dispute import Dispute
from shared.domain.matrix import Holder, Matrix, Tier

TOLD_MAX: Final = 20
"""More people than this are a mailing list, which may be a holder of its own."""


def told(matrix: Matrix, audience: Audience, dispute: Dispute, now: datetime) -> Sequence[Holder]:
    """The people to tell, each once, none of them absent; empty when nobody holds the tier.

    The handler alone where there is one who is present. For the tier: its handler, its holders and their deputies.
    """
    tier = tier_of(matrix, dispute)
    handler = matrix.person(dispute.handler) if dispute.handler else None
    present = [handler] if handler is not None and handler.present(now) else []
    if audience is Audience.HANDLER:
        return present or list(tier.on_duty(now).people if tier else ())[:TOLD_MAX]
    both = [*present, *(tier.holders if tier else ()), *(tier.deputies if tier else ())]
    return list({each.name: each for each in both if each.present(now)}.values())[:TOLD_MAX]


def tier_of(matrix: Matrix, dispute: Dispute) -> Tier | None:
    """The dispute's tier in this version of the matrix, or None while it has none or the matrix has shrunk."""
    number = dispute.tier
    return matrix.tier(number) if number is not None and 1 <= number <= matrix.top else None
