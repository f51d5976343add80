"""POST /v1/disputes/batch: many disputes in one request, for imports; each succeeds or fails by itself."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, WithJsonSchema

from services.intake import idempotency, security
from services.intake.api import deps, filing
from services.intake.api.direct import DirectRoute, handled_by
from services.intake.api.fields import Body, Instant
from services.intake.api.schemas_filing import DisputeIn, FiledOut
from services.intake.commands.file import Brought, Filed, count, file_many
from services.intake.commands.new_dispute import NewDispute
from services.intake.errors import faults
from services.intake.parts import IntakeParts, parts_of
from services.intake.problems import Problem, invalid, problem_of
from services.intake.security import Caller
from services.intake.strict_json import loads
from shared.db import idempotency as kept
from shared.db.engine import Tx
from shared.domain.errors import InvalidValue

ITEMS_MAX: Final = 1_000
READ_AT_ONCE_SECONDS: Final = 0.003
"""How long texts are read before others get their turn; a long one may take several milliseconds by itself."""
TURN_SECONDS: Final = 0.001
"""What others get: a request needs many turns of the loop, of which a mere pause would give it one."""

PATH: Final = "/v1/disputes/batch"

router = APIRouter(
    prefix="/v1/disputes",
    tags=["disputes"],
    route_class=DirectRoute,
    responses={
        **deps.ALWAYS,
        **deps.SECURED,
        **deps.problems(
            "malformed_json",
            "request_in_flight",
            "body_too_large",
            "unsupported_media_type",
            "invalid_value",
            "idempotency_key_reused",
            "overloaded",
        ),
    },
)


class ItemIn(DisputeIn):
    """A dispute of a batch."""

    key: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,255}$")] | None = Field(
        None, description="An Idempotency-Key for this dispute alone: it is filed once, in whatever batch it comes."
    )
    received_at: Instant | None = Field(
        None, description="When it was really received, for imports; needs the scope admin. All clocks begin there."
    )


_ITEM: Final = TypeAdapter(ItemIn)
_ITEM_SCHEMA: Final = {
    "type": "array",
    "minItems": 1,
    "maxItems": ITEMS_MAX,
    "items": {"$ref": "#/components/schemas/ItemIn"},
}


class BatchIn(Body):
    """Up to 1,000 disputes."""

    disputes: Annotated[list[Any], Field(min_length=1, max_length=ITEMS_MAX), WithJsonSchema(_ITEM_SCHEMA)]


_BATCH: Final = TypeAdapter(BatchIn)


class ItemOut(BaseModel):
    """How one dispute of the batch went: filed (201), or refused with its problem."""

    status: int
    replayed: bool = Field(False, description="It was filed before, with the same key.")
    dispute: FiledOut | None = None
    problem: dict[str, Any] | None = None


class BatchOut(BaseModel):
    """The answers, in the order of the disputes."""

    items: list[ItemOut]
    filed: int
    refused: int


async def handle(request: Request) -> Response:
    """Answers a request to file many disputes; raises Problem, InvalidValue and what the database raises."""
    parts = parts_of(request)
    caller = await deps.admit(request)
    security.demand(caller, "disputes:write")
    deps.refuse_unknown(request)
    deps.require_json(request)
    values = _values(loads(await request.body()))
    await _refuse_or_replay(request, parts, caller)
    # Reading long texts takes a while, and PostgreSQL ends a transaction that rests: it is done before one is opened.
    items = [_Item(parts, caller, value) for value in values]
    await _read(items)
    async with parts.database.transaction() as tx:
        once = await idempotency.begin(request, tx, caller, PATH)
        await _find_known(tx, items)
        filed = await _file(tx, parts, [item for item in items if item.told is None])
        told = [item.told or {} for item in items]
        stored = sum(each["status"] == 201 for each in told)
        answer = {"items": told, "filed": stored, "refused": len(told) - stored}
        reply = await once.reply(200, orjson.dumps(answer, option=orjson.OPT_UTC_Z))
    count(parts.metrics, filed)
    return reply


@router.post("/batch", operation_id="fileDisputes", summary="File many disputes", response_model=BatchOut)
@handled_by(handle)
async def file_disputes(
    body: BatchIn, caller: Annotated[Caller, Depends(deps.require("disputes:write"))], once: deps.OnceOnly
) -> Any:
    """Files up to 1,000 disputes in one transaction and answers for each, in order.

    A dispute that breaks a rule is refused with its problem and does not hinder the others. With a `key` of its own a
    dispute is filed once, in whatever batch it comes; the `Idempotency-Key` header stands for the whole request.
    """


async def _refuse_or_replay(request: Request, parts: IntakeParts, caller: Caller) -> None:
    """Who is refused, or was answered before, is not read."""
    if idempotency.HEADER not in request.headers and not parts.back_pressure.due:
        parts.back_pressure.refuse()
        return
    async with parts.database.transaction() as tx:
        await idempotency.begin(request, tx, caller, PATH)
        await parts.back_pressure.check(tx)


def _values(value: object) -> list[Any]:
    try:
        return _BATCH.validate_python(value).disputes
    except ValidationError as error:
        raise invalid(faults(error.errors(include_url=False, include_input=False), at_body=True)) from None


async def _read(items: Sequence["_Item"]) -> None:
    """Checks the items, then reads their texts, each for all of them in a row; other requests get their turns between."""
    began = time.monotonic()
    for step in (_Item.check, _Item.read):
        for item in items:
            if time.monotonic() - began > READ_AT_ONCE_SECONDS:
                await asyncio.sleep(TURN_SECONDS)
                began = time.monotonic()
            step(item)


class _Item:
    """One dispute of the batch on its way to an answer, `told`."""

    def __init__(self, parts: IntakeParts, caller: Caller, value: object) -> None:
        self._parts = parts
        self._caller = caller
        self._value = value
        self._traceparent = filing.traceparent()
        self._new: NewDispute | None = None
        self.key: kept.Key | None = None
        self.mark = b""
        self.brought: Brought | None = None
        self.told: dict[str, Any] | None = None

    def check(self) -> None:
        """Checks it, or tells why it is refused."""
        try:
            item = _ITEM.validate_python(self._value)
            if item.received_at is not None:
                security.demand(self._caller, "admin")
            self._new = item.to_new(item.received_at)
        except ValidationError as error:
            self.refuse(invalid(faults(error.errors(include_url=False, include_input=False), at_body=True)))
            return
        except InvalidValue as error:
            self.refuse(problem_of(error))
            return
        except Problem as error:
            self.refuse(error)
            return
        if item.key is not None:
            self.key = kept.Key(self._caller.principal_id, item.key, filing.ROUTE + "#item")
            body = orjson.dumps(self._value, option=orjson.OPT_SORT_KEYS)
            self.mark = idempotency.fingerprint("POST", "item", body)

    def read(self) -> None:
        """Reads its text, if it is sound."""
        if self._new is not None:
            self.brought = filing.brought(self._parts, self._caller, self._new, traceparent=self._traceparent)

    def refuse(self, problem: Problem) -> None:
        """Answers with the problem."""
        self.told = {"status": problem.status, "problem": problem.document(PATH)}

    def file(self, filed: Filed | InvalidValue) -> None:
        """Answers with the dispute, or with what its dates break."""
        if isinstance(filed, InvalidValue):
            self.refuse(problem_of(filed))
        else:
            self.told = {"status": 201, "replayed": False, "dispute": filing.document(self._parts, filed)}

    def replay(self, before: kept.Reply) -> None:
        """Answers as before, if it is the same dispute."""
        try:
            idempotency.replay(before, self.mark)
        except Problem as error:
            self.refuse(error)
        else:
            self.told = {"status": 201, "replayed": True, "dispute": orjson.Fragment(before.body)}


async def _find_known(tx: Tx, items: Sequence[_Item]) -> None:
    """Answers those whose key is under way elsewhere, was used before, or stands twice in the batch."""
    keyed: dict[kept.Key, _Item] = {}
    for item in items:
        if item.key is None or item.told is not None:
            continue
        if item.key in keyed:
            item.refuse(Problem("conflict", "The key stands twice in this batch."))
        else:
            keyed[item.key] = item
    if not keyed:
        return
    held = await kept.hold_many(tx, list(keyed))
    before = await kept.find(tx, list(keyed))
    for key, item in keyed.items():
        if key not in held:
            item.refuse(idempotency.in_flight())
        elif key in before:
            item.replay(before[key])


async def _file(tx: Tx, parts: IntakeParts, items: Sequence[_Item]) -> list[Filed | InvalidValue]:
    brought = [item.brought for item in items if item.brought is not None]
    filed = await file_many(tx, await parts.matrix.get(tx), brought)
    for item, each in zip(items, filed, strict=True):
        item.file(each)
    replies = {
        item.key: kept.Reply(item.mark, 201, {}, orjson.dumps(item.told["dispute"], option=orjson.OPT_UTC_Z))
        for item in items
        if item.key is not None and item.told is not None and item.told["status"] == 201
    }
    await kept.keep(tx, replies)
    return filed
