"""Routes whose handler meets the request without a framework between them, and which are documented like every other.

Filing is the busiest door of the product. What routing, middleware and dependency injection do per request costs about as
much there as everything else together, so its handler is called with the bare request; the declared signature is what
the OpenAPI document is made from. Everything else goes the ordinary way.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final, NamedTuple

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

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


class _Matched(NamedTuple):
    """What the counts and traces of a request want to know of its route."""

    path: str


class Shortcut:
    """The application, with some of its routes reached before its router; errors become what they become there."""

    def __init__(self, app: FastAPI, handlers: Mapping[tuple[str, str], Handler]) -> None:
        """`handlers` by method and exact path."""
        self._app = app
        self._handlers = {key: (handler, _Matched(key[1])) for key, handler in handlers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        short = self._handlers.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if short is None:
            await self._app(scope, receive, send)
            return
        handler, scope["route"] = short
        scope["app"] = self._app
        request = Request(scope, receive)
        response = await self._answered(request, handler)
        await response(scope, receive, send)

    async def _answered(self, request: Request, handler: Handler) -> Response:
        try:
            return finish(request, await handler(request))
        except Exception as error:
            answer = self._answer_to(error)
            if answer is None:
                raise  # an error that nobody expected is answered and logged by the edge
            return await answer(request, error)

    def _answer_to(self, error: Exception) -> Callable[[Request, Exception], Awaitable[Response]] | None:
        known: Mapping[Any, Any] = self._app.exception_handlers
        return next((known[cls] for cls in type(error).__mro__ if cls in known and cls is not Exception), None)


def shortened(app: FastAPI, handlers: Mapping[tuple[str, str], Handler]) -> ASGIApp:
    """The application with shortcuts, or as it is where middleware of its own (CORS) must see every request."""
    return app if app.user_middleware else Shortcut(app, handlers)
