"""What all pages of the portal share: the signed link that opens one, how often it may be, and refusals as pages."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute

from services.intake.limits import Buckets
from services.intake.parts import parts_of
from services.intake.portal import pages
from services.intake.problems import Problem
from services.intake.storage_faults import storage_problem
from shared.messages.links import read_link_token

TAKES_MAX: Final = 30
TAKES_SECONDS: Final = 60


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


def named(request: Request, token: str, purpose: str) -> tuple[UUID, str] | None:
    """The dispute and occasion of a link of ours, one opening of which is counted; None when it is not ours.

    Raises:
        Problem: `rate_limited`.
    """
    found = read_link_token(parts_of(request).sealer, purpose, token)
    if found is not None:
        _buckets(request).take(found[0])
    return found


def _buckets(request: Request) -> Buckets:
    """How often each dispute's pages may be opened in this process; made with the first."""
    state = request.app.state
    if not hasattr(state, "portal_buckets"):
        state.portal_buckets = Buckets(TAKES_MAX, TAKES_SECONDS)
    buckets: Buckets = state.portal_buckets
    return buckets
