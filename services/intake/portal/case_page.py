"""The customer's own page: where the complaint stands, who looks after it, by when there is news, and what was decided.

Whoever holds the link is the customer, so the subject is shown; nothing that others wrote is.
"""

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response

from services.intake.api.deps import InTx
from services.intake.parts import parts_of
from services.intake.portal import pages
from services.intake.portal.door import PageRoute, named
from services.intake.portal.words import OUTCOME, STANDING, TEAM, reader_of
from shared.db import clocks, disputes, feedback, privates
from shared.db.engine import Tx
from shared.domain.clock_record import ClockState, Kind
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import ENDED, Status
from shared.messages.links import PORTAL, PORTAL_OCCASION, follow_up_path

NEWS: Final = (Kind.FIRST_RESPONSE, Kind.NEXT_UPDATE)
"""The clocks that promise the customer word from us."""

router = APIRouter(prefix="/portal", route_class=PageRoute, include_in_schema=False)


@router.get("/{token}")
async def show_case(token: str, request: Request, tx: InTx) -> Response:
    """How the case of this link stands now."""
    found = named(request, token, PORTAL)
    dispute = await disputes.find(tx, found[0]) if found and found[1] == PORTAL_OCCASION else None
    private = await privates.get(tx, dispute.id) if dispute else None
    if dispute is None or private is None or private.erased_at is not None:
        return pages.say(pages.UNKNOWN)
    reader, due = reader_of(dispute), await _news_due(tx, dispute)
    return pages.case(
        case_reference=dispute.reference,
        topic=private.subject,
        standing=STANDING[dispute.status],
        received=reader.day(dispute.received_at),
        handler=None if dispute.status in ENDED else dispute.handler or TEAM,
        next_due=reader.moment(due) if due else None,
        outcome=OUTCOME[dispute.outcome] if dispute.outcome else None,
        remedy=reader.remedy(dispute.remedy),
        decided=reader.day(dispute.resolved_at) if dispute.resolved_at else None,
        follow_up=await _follow_up(request, tx, dispute),
        open=dispute.active,
        by_mail=private.email is not None,
    )


async def _news_due(tx: Tx, dispute: Dispute) -> datetime | None:
    """By when the customer was promised word from us; None when nothing is promised now."""
    if not dispute.active:
        return None
    running = (await clocks.newest(tx, [dispute.id]))[dispute.id]
    kept = [running[kind] for kind in NEWS if kind in running]
    return min((each.due_at for each in kept if each.state is ClockState.RUNNING and each.due_at), default=None)


async def _follow_up(request: Request, tx: Tx, dispute: Dispute) -> str | None:
    """Where the customer answers whether it is settled; None unless we asked and have no answer yet."""
    if dispute.status is not Status.FOLLOW_UP:
        return None
    given = await feedback.find(tx, dispute.id, dispute.reopen_count)
    if given is not None and given.solved is not None:
        return None
    parts = parts_of(request)
    return parts.public_url + follow_up_path(parts.sealer, dispute.id, dispute.reopen_count)
