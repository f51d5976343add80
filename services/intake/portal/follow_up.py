"""The follow-up page: is it solved? Opening it changes nothing, for mail scanners open links too; the button answers."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute

from services.intake.api.deps import InTx
from services.intake.commands.feedback import Answer, give
from services.intake.limits import Buckets
from services.intake.parts import parts_of
from services.intake.portal import pages
from services.intake.portal.pages import COMMENT_LENGTH_MAX, Filled
from services.intake.problems import Problem
from services.intake.storage_faults import storage_problem
from shared.db import disputes, feedback
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import SETTLED, Status
from shared.messages.links import read_link_token

PURPOSE: Final = "follow-up"
TAKES_MAX: Final = 30
TAKES_SECONDS: Final = 60
FORM_FIELDS_MAX: Final = 10

_ANSWERS: Final = {"solved": "solved", "not_solved": "not_solved", "unsolved": "not_solved"}
_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)))


class PageRoute(APIRoute):
    """A route whose every reply is a page, also when it is refused."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def paged(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                if problem.code != "rate_limited":
                    raise
                return pages.say(replace(pages.TOO_MANY, headers={"retry-after": problem.headers["retry-after"]}))
            except Exception as error:
                if storage_problem(error) is None:
                    raise
                return pages.say(replace(pages.BUSY, headers={"retry-after": "5"}))

        return paged


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
    named = _named(request, token)
    dispute = await disputes.find(tx, named[0]) if named else None
    if named is None or dispute is None:
        return pages.say(pages.UNKNOWN)
    settled = await _settled(tx, dispute, named[1])
    filled = Filled(answer=_ANSWERS.get(answer or ""), rating=_rating(rating))
    return settled or pages.ask(dispute.reference, filled)


@router.post("/{token}")
async def answer_page(token: str, request: Request, tx: InTx) -> Response:
    """The customer's answer; the second press of the button changes nothing and says the same."""
    named = _named(request, token)
    found = (await disputes.lock_many(tx, [named[0]])).get(named[0]) if named else None
    if named is None or found is None:
        return pages.say(pages.UNKNOWN)
    settled = await _settled(tx, found, named[1])
    if settled is not None:
        return settled
    filled = _filled(await request.body())
    if filled.fault is not None:
        return pages.ask(found.reference, filled)
    solved = filled.answer == "solved"
    said = Answer(rating=filled.rating, solved=solved, comment=filled.comment or None)
    await give(tx, found, said, channel="portal", actor=f"customer:{found.customer_id}")
    return pages.say(pages.SOLVED if solved else pages.NOT_SOLVED, found.reference)


def _named(request: Request, token: str) -> tuple[UUID, int] | None:
    """The dispute and occasion of a link of ours.

    Raises:
        Problem: `rate_limited`.
    """
    found = read_link_token(parts_of(request).sealer, PURPOSE, token)
    if found is None or not found[1].isdecimal():
        return None
    _buckets(request).take(found[0])
    return found[0], int(found[1])


def _buckets(request: Request) -> Buckets:
    """How often each dispute's page may be opened in this process; made with the first."""
    state = request.app.state
    if not hasattr(state, "portal_buckets"):
        state.portal_buckets = Buckets(TAKES_MAX, TAKES_SECONDS)
    buckets: Buckets = state.portal_buckets
    return buckets


async def _settled(tx: Tx, dispute: Dispute, occasion: int) -> Response | None:
    """What is said when there is no question any more: it was answered, or the case moved on."""
    given = await feedback.find(tx, dispute.id, occasion)
    if given is not None and given.solved is not None:
        return pages.say(pages.SOLVED if given.solved else pages.NOT_SOLVED, dispute.reference)
    open_still = dispute.status in SETTLED or dispute.status is Status.CLOSED
    if given is not None or occasion != dispute.reopen_count or not open_still:
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
