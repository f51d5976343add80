"""The clocks of disputes: rows and back, many disputes at a time. Written by escalation alone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from msgspec import Struct

from shared.db.engine import Tx
from shared.domain.clock_record import Clock, ClockState, Kind, OnBreach, Promise
from shared.domain.clock_spec import ClockSpec, Extension
from shared.domain.duration import Duration, parse_term

_COLUMNS: Final = (
    ("dispute_id", "uuid"),
    ("kind", "text"),
    ("generation", "int"),
    ("phase", "smallint"),
    ("state", "text"),
    ("tier", "smallint"),
    ("spec", "json"),
    ("policy_version", "int"),
    ("started_at", "timestamptz"),
    ("opened_at", "timestamptz"),
    ("due_at", "timestamptz"),
    ("extensions", "json"),
    ("warned", "text"),
    ("met_at", "timestamptz"),
    ("missed_at", "timestamptz"),
    ("fired_at", "timestamptz"),
    ("stopped_at", "timestamptz"),
)
_NO_EXTENSIONS: Final = "[]"
_KINDS: Final = {kind.value: kind for kind in Kind}
_STATES: Final = {state.value: state for state in ClockState}
_READ: Final = ", ".join(f"c.{name}::text" if type_ == "json" else f"c.{name}" for name, type_ in _COLUMNS)
_NEWEST: Final = (
    f"select distinct on (c.dispute_id, c.kind) {_READ} from clock c where c.dispute_id = any($1::uuid[]) "
    "order by c.dispute_id, c.kind, c.generation desc"
)
_NAMED: Final = (
    f"select {_READ} from unnest($1::uuid[], $2::text[], $3::int[]) as t(dispute_id, kind, generation) "
    "join clock c on c.dispute_id = t.dispute_id and c.kind = t.kind and c.generation = t.generation"
)
_ALL: Final = f"select {_READ} from clock c where c.dispute_id = $1 order by c.started_at desc, c.kind limit $2"


_KEY: Final = ("dispute_id", "kind", "generation")
_CHANGING: Final = ("state", "due_at", "warned", "met_at", "missed_at", "fired_at", "stopped_at")
_TYPES: Final = dict(_COLUMNS)


def _arrays(names: Sequence[str]) -> str:
    """The row set whose columns are the parameters, in the order of the names."""
    arrays = ", ".join(f"${n}::{_TYPES[name]}[]" for n, name in enumerate(names, 1))
    return f"unnest({arrays}) as t({', '.join(names)})"


def _insert_sql() -> str:
    names = [name for name, _ in _COLUMNS]
    values = ", ".join(names).replace("warned", "warned::smallint[]")
    return f"insert into clock ({', '.join(names)}) select {values} from {_arrays(names)}"


def _update_sql() -> str:
    sets = ", ".join(f"{name} = t.{name}" for name in _CHANGING).replace("t.warned", "t.warned::smallint[]")
    same = " and ".join(f"c.{name} = t.{name}" for name in _KEY)
    return f"update clock c set {sets} from {_arrays((*_KEY, *_CHANGING))} where {same}"


_INSERT: Final = _insert_sql()
_UPDATE: Final = _update_sql()


class Kept(Struct, frozen=True, gc=False):
    """A clock and the dispute it belongs to; `new` when it was never stored before."""

    dispute_id: UUID
    clock: Clock
    new: bool


async def newest(tx: Tx, dispute_ids: Iterable[UUID]) -> dict[UUID, dict[Kind, Clock]]:
    """The newest generation of each clock of these disputes; a dispute without clocks is there, empty."""
    ids = list(dispute_ids)
    found: dict[UUID, dict[Kind, Clock]] = {each: {} for each in ids}
    for row in await tx.raw.fetch(_NEWEST, ids) if ids else ():
        clock = to_clock(row)
        found[row["dispute_id"]][clock.kind] = clock
    return found


async def named(tx: Tx, keys: Sequence[tuple[UUID, Kind, int]]) -> dict[tuple[UUID, Kind], Clock]:
    """Those of the clocks named by dispute, kind and generation that exist."""
    if not keys:
        return {}
    ids, kinds, generations = (list(column) for column in zip(*keys, strict=True))
    rows = await tx.raw.fetch(_NAMED, ids, kinds, generations)
    return {(row["dispute_id"], clock.kind): clock for row in rows if (clock := to_clock(row))}


async def for_api(tx: Tx, dispute_id: UUID, limit: int = 200) -> list[Clock]:
    """Every generation of every clock of one dispute, newest first, at most `limit`."""
    return [to_clock(row) for row in await tx.raw.fetch(_ALL, dispute_id, limit)]


async def write_many(tx: Tx, kept: Sequence[Kept]) -> None:
    """Stores new and changed clocks; a clock's rule and start never change once stored.

    Of one kind only one may be open, so those that were stored before, and may end now, are written first.
    """
    stored = [_changes(each) for each in kept if not each.new]
    if stored:
        await tx.raw.execute(_UPDATE, *(list(column) for column in zip(*stored, strict=True)))
    fresh = [_row(each) for each in kept if each.new]
    if fresh:
        await tx.raw.execute(_INSERT, *(list(column) for column in zip(*fresh, strict=True)))


def to_clock(row: asyncpg.Record | Mapping[str, Any]) -> Clock:
    """The clock that a row holds, its JSON columns as text."""
    extensions = row["extensions"]
    return Clock(
        kind=_KINDS[row["kind"]],
        generation=row["generation"],
        phase=row["phase"],
        state=_STATES[row["state"]],
        tier=row["tier"],
        promise=promise_of(row["spec"]),
        policy_version=row["policy_version"],
        started_at=row["started_at"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        warned=tuple(row["warned"]),
        extensions=() if extensions == _NO_EXTENSIONS else _extensions_of(extensions),
        met_at=row["met_at"],
        missed_at=row["missed_at"],
        fired_at=row["fired_at"],
        stopped_at=row["stopped_at"],
    )


def _row(kept: Kept) -> tuple[Any, ...]:
    clock = kept.clock
    return (
        kept.dispute_id,
        clock.kind.value,
        clock.generation,
        clock.phase,
        clock.state.value,
        clock.tier,
        spec_text(clock.promise),
        clock.policy_version,
        clock.started_at,
        clock.opened_at,
        clock.due_at,
        _extensions_text(clock.extensions) if clock.extensions else _NO_EXTENSIONS,
        _warned_text(clock.warned),
        clock.met_at,
        clock.missed_at,
        clock.fired_at,
        clock.stopped_at,
    )


def _changes(kept: Kept) -> tuple[Any, ...]:
    clock = kept.clock
    return (
        kept.dispute_id,
        clock.kind.value,
        clock.generation,
        clock.state.value,
        clock.due_at,
        _warned_text(clock.warned),
        clock.met_at,
        clock.missed_at,
        clock.fired_at,
        clock.stopped_at,
    )


def _warned_text(warned: tuple[int, ...]) -> str:
    """An array as text, because arrays of arrays of unlike lengths cannot be sent."""
    return f"{{{','.join(map(str, warned))}}}" if warned else "{}"


@lru_cache(maxsize=4096)
def spec_text(promise: Promise) -> str:
    """A promise as the JSON text that is stored and shown; what is left out is the ordinary."""
    spec = promise.spec
    facts = {
        "kind": spec.kind,
        "duration": str(spec.duration),
        "calendar": spec.calendar,
        "pausable": spec.pausable,
        "warn_at": spec.warn_at,
        "on_breach": promise.on_breach,
        "count_receipt_day": spec.count_receipt_day or None,
        "cap": None if spec.cap is None else str(spec.cap),
        "recurring": spec.recurring or None,
        "owe_at": promise.owe_at,
        "reminder": promise.reminder or None,
        "source": spec.source,
        "as_of": spec.as_of,
    }
    return orjson.dumps({name: fact for name, fact in facts.items() if fact is not None}).decode()


@lru_cache(maxsize=4096)
def promise_of(text: str) -> Promise:
    """The promise that was stored as this text."""
    facts = orjson.loads(text)
    spec = ClockSpec(
        kind=facts["kind"],
        duration=parse_term(facts["duration"]),
        calendar=facts["calendar"],
        pausable=facts["pausable"],
        warn_at=tuple(facts["warn_at"]),
        count_receipt_day=facts.get("count_receipt_day", False),
        cap=parse_term(facts["cap"]) if "cap" in facts else None,
        recurring=facts.get("recurring", False),
        source=facts.get("source"),
        as_of=facts.get("as_of"),
    )
    return Promise(spec, OnBreach(facts["on_breach"]), facts.get("owe_at"), facts.get("reminder", 0))


def _extensions_text(extensions: tuple[Extension, ...]) -> str:
    facts = [
        {"until": each.by, "reason": each.reason}
        if isinstance(each.by, datetime)
        else {"by": str(each.by), "reason": each.reason}
        for each in extensions
    ]
    return orjson.dumps(facts, option=orjson.OPT_UTC_Z).decode()


def _extensions_of(text: str) -> tuple[Extension, ...]:
    return tuple(Extension(_by(facts), facts["reason"]) for facts in orjson.loads(text))


def _by(facts: Mapping[str, str]) -> Duration | datetime:
    if "until" in facts:
        return datetime.fromisoformat(facts["until"]).astimezone(UTC)
    term = parse_term(facts["by"])
    assert isinstance(term, Duration)
    return term
