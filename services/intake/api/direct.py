"""A route whose handler meets the request without FastAPI between them, and is documented like every other.

Filing is the busiest door of the product. What FastAPI does per request (parse, solve dependencies, encode) costs about
as much there as everything else together, so the handler does it by hand; the declared signature is what the OpenAPI
document is made from.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from services.intake.api.deps import admit
from services.intake.errors import finish

Handler = Callable[[Request], Awaitable[Response]]
_ATTRIBUTE: Final = "handled_by"


def handled_by(handler: Handler) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Marks a documented signature with the handler that does its work."""

    def mark(signature: Callable[..., Any]) -> Callable[..., Any]:
        setattr(signature, _ATTRIBUTE, handler)
        return signature

    return mark


class DirectRoute(APIRoute):
    """A secured route that calls its handler with the request alone."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler: Handler = getattr(self.endpoint, _ATTRIBUTE)

        async def direct(request: Request) -> Response:
            await admit(request)
            return finish(request, await handler(request))

        return direct
