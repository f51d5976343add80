"""The clocks of disputes: rows and back, many disputes at a time. Written by escalation alone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from msgspec import Struct

from shared.db.engine import Tx
from shared.db.promises import promise_of, spec_text
from shared.domain.clock_record import Clock, ClockState, Kind, stored_kind
from shared.domain.clock_spec import Extension
from shared.domain.duration import Duration, parse_term

IMAGE: Final = (
    ("dispute_id", "uuid"),
    ("kind", "text"),
    ("generation", "int"),
    ("phase", "smallint"),
    ("state", "text"),
    ("tier", "smallint"),
    ("spec", "text"),
    ("policy_version", "int"),
    ("started_at", "timestamptz"),
    ("opened_at", "timestamptz"),
    ("due_at", "timestamptz"),
    ("extensions", "text"),
    ("warned", "text"),
    ("met_at", "timestamptz"),
    ("missed_at", "timestamptz"),
    ("fired_at", "timestamptz"),
    ("stopped_at", "timestamptz"),
)
"""The columns of the composite type `clock_image`; lists and JSON travel as text."""

_JSON: Final = frozenset({"spec", "extensions"})
_CARRIED: Final = {"spec": "t.spec::json", "extensions": "t.extensions::json", "warned": "t.warned::smallint[]"}
_NO_EXTENSIONS: Final = "[]"
_STATES: Final = {state.value: state for state in ClockState}
READ: Final = ", ".join(f"c.{name}::text" if name in _JSON else f"c.{name}" for name, _ in IMAGE)
_NEWEST: Final = (
    f"select distinct on (c.dispute_id, c.kind) {READ} from clock c where c.dispute_id = any($1::uuid[]) "
    "order by c.dispute_id, c.kind, c.generation desc"
)
_NAMED: Final = (
    f"select {READ} from unnest($1::uuid[], $2::text[], $3::int[]) as t(dispute_id, kind, generation) "
    "join clock c on c.dispute_id = t.dispute_id and c.kind = t.kind and c.generation = t.generation"
)
_ALL: Final = f"select {READ} from clock c where c.dispute_id = $1 order by c.started_at desc, c.kind limit $2"


_CHANGING: Final = ("state", "due_at", "extensions", "warned", "met_at", "missed_at", "fired_at", "stopped_at")
_TYPES: Final = dict(IMAGE)
MOVED: Final = tuple((name, _TYPES[name]) for name in ("dispute_id", "kind", "generation", *_CHANGING))
"""The columns of the composite type `clock_move`: what may change of a clock that is stored."""


def _insert_sql(images: int) -> str:
    names = [name for name, _ in IMAGE]
    values = ", ".join(_CARRIED.get(name, f"t.{name}") for name in names)
    return f"insert into clock ({', '.join(names)}) select {values} from unnest(${images}::clock_image[]) as t"


def _update_sql(images: int) -> str:
    sets = ", ".join(f"{name} = {_CARRIED.get(name, f't.{name}')}" for name in _CHANGING)
    same = "c.dispute_id = t.dispute_id and c.kind = t.kind and c.generation = t.generation"
    return f"update clock c set {sets} from unnest(${images}::clock_move[]) as t where {same}"


def writing(ended: int, begun: int) -> str:
    """The parts of a statement, named `cu` and `ci`, that write changed and new clocks from the images in these parameters.

    Of one kind only one may be open: that the second part counts the first has the first done before it.
    """
    return (
        f"cu as ({_update_sql(ended)} returning 1), ci as ({_insert_sql(begun)} where (select count(*) from cu) >= 0)"
    )


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


def images(kept: Iterable[Kept]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The clocks that were stored before and the new ones, each as its statement takes it."""
    changed: list[tuple[Any, ...]] = []
    begun: list[tuple[Any, ...]] = []
    for each in kept:
        if each.new:
            begun.append(_image(each.dispute_id, each.clock))
        else:
            changed.append(_move(each.dispute_id, each.clock))
    return changed, begun


def to_clock(row: Sequence[Any]) -> Clock:
    """The clock that the values of `READ` hold, in their order."""
    (
        _,
        kind,
        generation,
        phase,
        state,
        tier,
        spec,
        policy_version,
        started_at,
        opened_at,
        due_at,
        extensions,
        warned,
        met_at,
        missed_at,
        fired_at,
        stopped_at,
    ) = row
    return Clock(
        kind=stored_kind(kind),
        generation=generation,
        phase=phase,
        state=_STATES[state],
        tier=tier,
        promise=promise_of(spec),
        policy_version=policy_version,
        started_at=started_at,
        opened_at=opened_at,
        due_at=due_at,
        warned=tuple(warned),
        extensions=() if extensions == _NO_EXTENSIONS else _extensions_of(extensions),
        met_at=met_at,
        missed_at=missed_at,
        fired_at=fired_at,
        stopped_at=stopped_at,
    )


def _image(dispute_id: UUID, clock: Clock) -> tuple[Any, ...]:
    return (
        dispute_id,
        clock.kind,
        clock.generation,
        clock.phase,
        clock.state,
        clock.tier,
        spec_text(clock.promise),
        clock.policy_version,
        clock.started_at,
        clock.opened_at,
        clock.due_at,
        *_lists(clock),
        clock.met_at,
        clock.missed_at,
        clock.fired_at,
        clock.stopped_at,
    )


def _move(dispute_id: UUID, clock: Clock) -> tuple[Any, ...]:
    return (
        dispute_id,
        clock.kind,
        clock.generation,
        clock.state,
        clock.due_at,
        *_lists(clock),
        clock.met_at,
        clock.missed_at,
        clock.fired_at,
        clock.stopped_at,
    )


def _lists(clock: Clock) -> tuple[str, str]:
    return (
        _extensions_text(clock.extensions) if clock.extensions else _NO_EXTENSIONS,
        f"{{{','.join(map(str, clock.warned))}}}" if clock.warned else "{}",
    )


def _extensions_text(extensions: tuple[Extension, ...]) -> str:
    facts = [
        ({"until": each.by} if isinstance(each.by, datetime) else {"by": str(each.by)})
        | {"reason": each.reason}
        | ({} if each.request is None else {"request": each.request})
        for each in extensions
    ]
    return orjson.dumps(facts, option=orjson.OPT_UTC_Z).decode()


def _extensions_of(text: str) -> tuple[Extension, ...]:
    return tuple(Extension(_by(facts), facts["reason"], facts.get("request")) for facts in orjson.loads(text))


def _by(facts: Mapping[str, str]) -> Duration | datetime:
    if "until" in facts:
        return datetime.fromisoformat(facts["until"]).astimezone(UTC)
    term = parse_term(facts["by"])
    assert isinstance(term, Duration)
    return term
