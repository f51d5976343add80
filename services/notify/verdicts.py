"""What becomes of a delivery after an attempt: sent, again at a time, or dead for a reason. Pure."""

from datetime import datetime, timedelta
from typing import Final

from services.notify.channels.ports import Handed, Outcome, Terms
from services.notify.deliveries import Claim, Ending
from services.notify.parcels import NotSent

JITTER: Final = 0.1
"""Retries spread over a tenth of their wait, so that what failed together does not return together."""

DETAIL_LENGTH_MAX: Final = 200


def verdict(claim: Claim, handed: Handed, terms: Terms, now: datetime, *, spread: float) -> Ending:
    """The ending of an attempt. `spread`, from 0 to 1, picks the retry's place in its jitter."""
    detail = handed.detail[:DETAIL_LENGTH_MAX]
    ending = Ending(claim=claim, outcome=handed.outcome.value, detail=detail, state="pending")
    if handed.outcome is Outcome.SENT:
        return _as(ending, "sent")
    if handed.outcome in (Outcome.REFUSED, Outcome.GONE):
        return _as(ending, "dead", detail)
    if claim.attempt > len(terms.schedule):
        return _as(ending, "dead", f"given up after {claim.attempt} attempts: {detail}")
    wait = terms.schedule[claim.attempt - 1]
    wait = max(wait, handed.retry_after or timedelta()) + wait * JITTER * spread
    return Ending(claim=claim, outcome=ending.outcome, detail=detail, state="pending", due_at=now + wait)


def without_attempt(claim: Claim, why: NotSent) -> Ending:
    """The ending of a delivery for which nothing was sent."""
    state = "suppressed" if why.suppressed else "dead"
    return Ending(claim=claim, outcome="not_sent", detail=why.reason, state=state, reason=why.reason)


def _as(ending: Ending, state: str, reason: str | None = None) -> Ending:
    return Ending(claim=ending.claim, outcome=ending.outcome, detail=ending.detail, state=state, reason=reason)
