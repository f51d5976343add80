"""The follow-up page: is it solved? Opening it changes nothing, for mail scanners open links too; the button answers."""

from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.intake.api.deps import InTx
from services.intake.commands.feedback import Answer, give
from services.intake.portal import pages
from services.intake.portal.door import PageRoute, named
from services.intake.portal.pages import COMMENT_LENGTH_MAX, Filled
from shared.db import disputes, feedback
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import SETTLED, Status
from shared.messages.links import FOLLOW_UP

FORM_FIELDS_MAX: Final = 10

_ANSWERS: Final = {"solved": "solved", "not_solved": "not_solved", "unsolved": "not_solved"}
_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)))


router = APIRouter(prefix="/portal/follow-up", route_class=PageRoute, include_in_schema=False)


@router.get("/{token}")
async def open_page(
    token: str,
    request: Request,
    tx: InTx,
    answer: Annotated[str | None, Query()] = None,
    rating: Annotated[str | None, Query()] = None,
) -> Response:
    """The question, filled in as the link says."""
    asked = _asked(request, token)
    dispute = await disputes.find(tx, asked[0]) if asked else None
    if asked is None or dispute is None:
        return pages.say(pages.UNKNOWN)
    settled = await _settled(tx, dispute, asked[1])
    filled = Filled(answer=_ANSWERS.get(answer or ""), rating=_rating(rating))
    return settled or pages.ask(dispute.reference, filled)


@router.post("/{token}")
async def answer_page(token: str, request: Request, tx: InTx) -> Response:
    """The customer's answer; the second press of the button changes nothing and says the same."""
    asked = _asked(request, token)
    found = (await disputes.lock_many(tx, [asked[0]])).get(asked[0]) if asked else None
    if asked is None or found is None:
        return pages.say(pages.UNKNOWN)
    settled = await _settled(tx, found, asked[1])
    if settled is not None:
        return settled
    filled = _filled(await request.body())
    if filled.fault is not None:
        return pages.ask(found.reference, filled)
    solved = filled.answer == "solved"
    said = Answer(rating=filled.rating, solved=solved, comment=filled.comment or None)
    await give(tx, found, said, channel="portal", actor=f"customer:{found.customer_id}")
    return pages.say(pages.SOLVED if solved else pages.NOT_SOLVED, found.reference)


def _asked(request: Request, token: str) -> tuple[UUID, int] | None:
    """The dispute and occasion of a link of ours.

    Raises:
        Problem: `rate_limited`.
    """
    found = named(request, token, FOLLOW_UP)
    return None if found is None or not found[1].isdecimal() else (found[0], int(found[1]))


async def _settled(tx: Tx, dispute: Dispute, occasion: int) -> Response | None:
    """What is said when there is no question any more: it was answered, or the case moved on.

    A rating alone is no answer.
    """
    given = await feedback.find(tx, dispute.id, occasion)
    if given is not None and given.solved is not None:
        return pages.say(pages.SOLVED if given.solved else pages.NOT_SOLVED, dispute.reference)
    open_still = dispute.status in SETTLED or dispute.status is Status.CLOSED
    if occasion != dispute.reopen_count or not open_still:
        return pages.say(pages.OUTDATED, dispute.reference)
    return None


def _filled(body: bytes) -> Filled:
    """What was sent: unknown fields are ignored, the last of a field counts."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        return Filled(fault="Please choose yes or no.")
    sent = dict(pairs)
    answer, comment = _ANSWERS.get(sent.get("answer", "")), sent.get("comment", "")
    comment = comment.replace("\r\n", "\n").translate(_CONTROLS).strip()
    filled = Filled(answer=answer, rating=_rating(sent.get("rating")), comment=comment)
    if answer is None:
        return replace(filled, fault="Please choose yes or no.")
    if len(comment) > COMMENT_LENGTH_MAX:
        return replace(filled, fault=f"Please write at most {COMMENT_LENGTH_MAX} characters.")
    return filled


def _rating(text: str | None) -> int | None:
    return int(text) if text in {"1", "2", "3", "4", "5"} else None
