"""What routes ask for: a caller with a scope, a transaction, idempotency, the parts; and the routers that hold them.

A route reads as: parse, call one command, shape the reply. Routers made here read JSON strictly, check the key and the
rate limit before the body is read, and document every problem.
"""

import re
from collections.abc import AsyncIterator, Callable, Container, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from services.intake import security
from services.intake.errors import finish
from services.intake.idempotency import Once, begin
from services.intake.parts import IntakeParts, parts_of
from services.intake.problems import KINDS, Fault, Problem, invalid
from services.intake.security import Caller
from services.intake.strict_json import loads
from shared.db import disputes
from shared.db.engine import Tx
from shared.domain.dispute import Dispute
from shared.domain.errors import NotFound
from shared.runtime.asgi import route_template

_BEARER: Final = HTTPBearer(
    scheme_name="apiKey",
    bearerFormat="rk_<prefix>_<secret>",
    description="An API key, sent as `Authorization: Bearer <key>`.",
    auto_error=False,
)
UNKNOWN_MAX: Final = 20
"""So many parameters that are not known are named."""
_BODIES: Final = frozenset({"POST", "PUT", "PATCH"})
_TAG: Final = re.compile(r'(?P<quote>"?)(?P<version>[0-9]{1,9})(?:\.[0-9]{1,9})?(?P=quote)')
_NARROW: Final = "This key sees only the disputes that its principal filed; this is about all of them."


async def admit(request: Request) -> Caller:
    """The caller of this request, one token of whose rate limit is taken; asked once per request.

    Raises:
        Problem: `unauthenticated` or `rate_limited`.
    """
    state = request.scope.setdefault("state", {})
    known: Caller | None = state.get("caller")
    if known is not None:
        return known
    parts = parts_of(request)
    header = security.authorization(request.scope)
    caller = None if header is None else await parts.keys.caller(header)
    if caller is None:
        raise security.unauthenticated(header)
    state["caller"] = caller
    state["limits"] = parts.buckets.take(caller.key_id)
    return caller


@dataclass(frozen=True, slots=True, eq=False)
class Required:
    """A dependency: the caller, whose key has one of these scopes; `house` refuses one that sees only its own disputes."""

    scopes: tuple[str, ...]
    house: bool = False

    async def __call__(self, request: Request, _shown: Annotated[object, Security(_BEARER)] = None) -> Caller:
        """The caller; raises Problem."""
        caller = await admit(request)
        if not any(caller.may(scope) for scope in self.scopes):
            security.demand(caller, self.scopes[0])
        if self.house and caller.only_own:
            raise Problem("not_permitted", _NARROW)
        return caller


def require(*scopes: str) -> Required:
    """A dependency: the caller, whose key has this scope, or one of these."""
    return Required(scopes)


def require_house(*scopes: str) -> Required:
    """The same for what is about all disputes, of which a key that sees only its own is told nothing."""
    return Required(scopes, house=True)


async def transaction(request: Request) -> AsyncIterator[Tx]:
    """The request's transaction, committed before the reply is sent; an exception rolls it back."""
    async with parts_of(request).database.transaction() as tx:
        yield tx


Parts = Annotated[IntakeParts, Depends(parts_of)]
InTx = Annotated[Tx, Depends(transaction, scope="function")]


async def once(
    request: Request,
    tx: InTx,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Makes the request safe to repeat: the same key with the same request gives the same reply. "
            "1 to 255 visible ASCII characters; kept for 24 hours.",
            examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
        ),
    ] = None,
) -> Once:
    """The request's idempotency; needs a route whose caller is required."""
    return await begin(request, tx, await admit(request), route_template(request.scope))


OnceOnly = Annotated[Once, Depends(once, scope="function")]


async def dispute_for(tx: Tx, caller: Caller, dispute_id: UUID) -> Dispute:
    """The dispute, if this caller may know of it; raises NotFound."""
    return seen_by(caller, await disputes.get(tx, dispute_id))


async def lock_for(tx: Tx, caller: Caller, dispute_id: UUID, *, version: int | None = None) -> Dispute:
    """The dispute under its row lock, if this caller may know of it; raises NotFound, StaleVersion."""
    if caller.only_own:
        await dispute_for(tx, caller, dispute_id)  # a stale version must not tell that it exists
    return seen_by(caller, await disputes.lock(tx, dispute_id, version=version))


def seen_by(caller: Caller, dispute: Dispute) -> Dispute:
    """The same dispute; raises NotFound when the caller's key sees only its own and this is another's."""
    if caller.only_own and dispute.filed_by != caller.principal_id:
        raise NotFound("dispute", dispute.id)
    return dispute


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def dispute_etag(dispute: Dispute) -> str:
    """The strong entity tag of a dispute as it stands: its version, and the newest event of its history.

    A letter that was sent, say, changes what is told of a dispute but no decision, so it leaves the version as it is.
    """
    return f'"{dispute.version}.{dispute.sequence}"'


def expected_version(if_match: str | None) -> int:
    """The version that an If-Match header names; what follows the version in a dispute's tag does not count.

    Raises:
        Problem: `precondition_required` when there is none, `malformed_request` when it is no entity tag of ours.
    """
    if if_match is None:
        detail = "Send If-Match with the ETag of the version you decided on."
        raise Problem("precondition_required", detail)
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        raise Problem("malformed_request", 'If-Match holds one strong entity tag such as "3".')
    return int(tag["version"])


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The responses of a route that may answer with these problems, for its documentation."""
    told: dict[int, list[str]] = {}
    for code in codes:
        told.setdefault(KINDS[code].status, []).append(code)
    return {status: {"description": f"Problem: {', '.join(names)}."} for status, names in sorted(told.items())}


ALWAYS: Final = problems("malformed_request", "internal_error", "busy", "database_unavailable")
SECURED: Final = problems("unauthenticated", "insufficient_scope", "rate_limited", "invalid_value")


class StrictRoute(APIRoute):
    """A route that reads its body strictly before FastAPI does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            await self.before_body(request)
            if request.method in _BODIES:
                await self._read(request)
            return finish(request, await handle(request))

        return strictly

    async def before_body(self, request: Request) -> None:
        """What is checked before the body is read."""

    async def _read(self, request: Request) -> None:
        body = await request.body()
        if self.body_field is None:
            return
        if not body and not self.body_field.field_info.is_required():
            return
        require_json(request)
        request._json = loads(body)  # noqa: SLF001 - where Starlette keeps what it parsed


class SecuredRoute(StrictRoute):
    """A strict route behind an API key: who may not enter is not read, and a parameter that is not known is refused."""

    async def before_body(self, request: Request) -> None:
        await admit(request)
        refuse_unknown(request, self.parameters)

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The names of the query parameters that this route reads."""
        asked = (each for part in beneath(self.dependant) for each in part.query_params)
        return frozenset(name for each in asked for name in _names(each.alias, each.field_info.annotation))


def refuse_unknown(request: Request, known: Container[str] = ()) -> None:
    """Refuses query parameters that nobody reads.

    Raises:
        Problem: `invalid_value`, which names them.
    """
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        raise invalid([Fault("This parameter is not known here.", parameter=name) for name in unknown[:UNKNOWN_MAX]])


def beneath(dependant: Dependant) -> Iterator[Dependant]:
    """What a route depends on: itself, and everything below."""
    yield dependant
    for each in dependant.dependencies:
        yield from beneath(each)


def scopes_of(route: APIRoute) -> tuple[str, ...]:
    """The scopes of which a route wants one."""
    return next((each.call.scopes for each in beneath(route.dependant) if isinstance(each.call, Required)), ())


def _names(alias: str, kind: Any) -> Iterable[str]:
    """The one name of a parameter, or the names of the fields of a model that is read from the whole query."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [field.alias or name for name, field in kind.model_fields.items()]
    return [alias]


def require_json(request: Request) -> None:
    """Refuses a body that is not declared as JSON in UTF-8.

    Raises:
        Problem: `unsupported_media_type`.
    """
    media, _, rest = request.headers.get("content-type", "").lower().partition(";")
    media, charset = media.strip(), rest.strip().removeprefix("charset=").strip('"')
    is_json = media == "application/json" or (media.startswith("application/") and media.endswith("+json"))
    if not is_json or charset not in ("", "utf-8"):
        raise Problem(
            "unsupported_media_type", "Send application/json in UTF-8.", headers={"accept": "application/json"}
        )


def secured_router(prefix: str, tag: str, *, codes: Sequence[str] = ()) -> APIRouter:
    """A router for callers with an API key; each route still names its scope with `require`."""
    responses = {**ALWAYS, **SECURED, **problems(*codes)}
    return APIRouter(prefix=prefix, tags=[tag], route_class=SecuredRoute, responses=responses)
