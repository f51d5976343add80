"""Composes intake: the application, its routers and its way in."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from services.intake import errors
from services.intake.api import filing
from services.intake.openapi import describe
from services.intake.parts import IntakeParts
from shared.runtime.asgi import guarded
from shared.runtime.health import health_routes

BODY_BYTES_MAX_BY_PATH: Final = {"/v1/disputes/batch": 16 * 1024 * 1024}
"""Where a body may be longer than elsewhere."""

ROUTERS: Final[tuple[APIRouter, ...]] = (filing.router,)
"""Every router of the API, in the order in which paths are matched; a new noun adds its own here."""


def create_app(parts: IntakeParts, routers: Sequence[APIRouter] = ROUTERS) -> FastAPI:
    """The application around these parts. Serve it inside `door`, which bounds bodies and dresses replies."""
    app = FastAPI(
        title="Recourse",
        openapi_url="/openapi.json",
        docs_url=None,  # the interactive pages load their scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.parts = parts
    errors.install(app)
    for router in routers:
        app.include_router(router)
    app.router.routes.extend(health_routes(parts.health, parts.metrics))
    describe(app)
    if parts.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=parts.settings.cors_origins,
            allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
            allow_headers=["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"],
            expose_headers=["etag", "location", "link", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id"],
        )
    return app


def door(parts: IntakeParts, app: FastAPI | None = None) -> ASGIApp:
    """The application as it is served: inside its body limit and its edge."""
    served = app if app is not None else create_app(parts)
    return guarded(served, parts.metrics, body_bytes_max_by_path=BODY_BYTES_MAX_BY_PATH)
