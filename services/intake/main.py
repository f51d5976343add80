"""Composes intake: the application, its routers, its loops and its way in."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from services.intake import errors
from services.intake.api import (
    assignments,
    batch,
    categorisation,
    clocks,
    clusters,
    conclusions,
    customers,
    dead_letters,
    disputes,
    erasure,
    experts,
    extensions,
    feedback,
    filing,
    found,
    history,
    inbound,
    inbound_deliveries,
    inbound_endpoints,
    insight,
    keys,
    letters,
    marks,
    messages,
    moves,
    notifications,
    policies,
    policy_migrations,
    policy_trials,
    precedents,
    principals,
    referrals,
    regimes,
    related,
    risk,
    themes,
    webhook_endpoints,
)
from services.intake.api import taxonomy as taxonomy_api
from services.intake.api.deps import scopes_of
from services.intake.api.direct import shortened
from services.intake.categorise import Categoriser
from services.intake.categorise.phrases import PhraseError
from services.intake.inbound.consumer import inbound_consumer
from services.intake.inbound.quarantine import Quarantine
from services.intake.inbound.senders import WEBHOOK_BODY_BYTES_MAX
from services.intake.model_watch import ModelWatch
from services.intake.openapi import describe
from services.intake.parts import IntakeParts
from services.intake.portal import case_page, follow_up
from services.intake.precedents import PrecedentKeeper
from services.intake.settings import IntakeSettings
from services.intake.sketcher import Sketcher
from services.intake.themes import ThemeCounter
from services.intake.upkeep import Upkeep
from shared.broker.ports import Broker
from shared.db.engine import Database
from shared.domain.errors import PolicyFault
from shared.domain.taxonomy import Taxonomy
from shared.policy.taxonomy import load_taxonomy
from shared.runtime.asgi import guarded
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer
from shared.runtime.service import Service
from shared.runtime.settings import ConfigurationError, variable

BODY_BYTES_MAX_BY_PATH: Final = {"/v1/disputes/batch": 16 * 1024 * 1024, **WEBHOOK_BODY_BYTES_MAX}
"""Where a body may be longer than elsewhere."""

SHORTCUTS: Final = {("POST", filing.router.prefix): filing.handle, ("POST", batch.PATH): batch.handle}
"""Where the router is not asked."""

ROUTERS: Final[tuple[APIRouter, ...]] = (
    filing.router,
    batch.router,
    disputes.router,
    history.router,
    principals.router,
    keys.router,
    messages.router,
    moves.router,
    assignments.router,
    experts.router,
    referrals.router,
    conclusions.router,
    feedback.router,
    clocks.router,
    extensions.router,
    risk.router,
    categorisation.router,
    related.router,
    precedents.router,
    taxonomy_api.router,
    found.router,
    marks.router,
    letters.router,
    erasure.router,
    customers.router,
    notifications.router,
    policies.router,
    policy_trials.router,
    insight.router,
    themes.router,
    clusters.router,
    policy_migrations.router,
    regimes.router,
    regimes.of_a_dispute,
    webhook_endpoints.router,
    inbound.router,
    inbound_endpoints.router,
    inbound_deliveries.router,
    dead_letters.router,
    follow_up.router,
    case_page.router,
)
"""Every router of the API, in the order in which paths are matched; a new noun adds its own here."""


def build(settings: IntakeSettings, *, database: Database, broker: Broker, metrics: Metrics, sealer: Sealer) -> Service:
    """Intake on these parts, ready to be run; raises ConfigurationError for a taxonomy that does not hold."""
    taxonomy, categoriser = _taxonomy(settings.taxonomy)
    parts = IntakeParts(
        settings=settings,
        database=database,
        sealer=sealer,
        categoriser=categoriser,
        metrics=metrics,
        taxonomy=taxonomy,
    )
    consumer = inbound_consumer(parts, broker)
    upkeep = Upkeep(database, settings)
    watch = ModelWatch(database, parts.in_use, metrics)
    return Service(
        "intake",
        (
            upkeep.run,
            Quarantine(database, metrics).run,
            watch.run,
            PrecedentKeeper(database).run,
            ThemeCounter(database).run,
            Sketcher(database, metrics).run,
            consumer.run,
        ),
        app=door(parts),
    )


def _taxonomy(name: str) -> tuple[Taxonomy, Categoriser]:
    """The taxonomy, and the shipped model that answers by it."""
    try:
        taxonomy = load_taxonomy(name)
        return taxonomy, Categoriser.of(taxonomy)
    except PolicyFault as fault:
        where = f"{fault.place}, line {fault.line}" if fault.line else fault.place
        raise ConfigurationError([f"{variable('taxonomy')}: {where}: {fault.detail}"]) from fault
    except PhraseError as fault:
        raise ConfigurationError([f"{variable('taxonomy')}: {name}: {fault}"]) from fault


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
    describe(app, scopes_of, [batch.ItemIn])
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
    served = shortened(app if app is not None else create_app(parts), SHORTCUTS)
    return guarded(served, parts.metrics, body_bytes_max_by_path=BODY_BYTES_MAX_BY_PATH)
