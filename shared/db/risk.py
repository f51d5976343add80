"""Breach risk as it is kept: models in versions, which of them answers, and the scores of open disputes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from shared.db import disputes, heartbeats
from shared.db.clocks import READ, to_clock
from shared.db.engine import Tx
from shared.domain.breach_features import BACKLOG_MAX
from shared.domain.breach_model import DamagedModel, document, model_of
from shared.domain.breach_risk import Model
from shared.domain.clock_record import Clock, Kind
from shared.domain.dispute import Dispute
from shared.domain.errors import NotFound
from shared.domain.lifecycle import ACTIVE
from shared.messages.events import DisputeEscalated
from shared.policy.matrix import NAME
from shared.runtime.logs import logger

log = logger(__name__)

SHOWN_MAX: Final = 100
_ACTIVE: Final = sorted(status.value for status in ACTIVE)

_ADD: Final = (
    "insert into risk_model (version, body, report, author, created_at) "
    "select coalesce(max(version), 0) + 1, $1::json, $2::json, $3, $4 from risk_model returning version"
)
_PUBLISH: Final = "insert into risk_publication (version, author, reason, published_at) values ($1, $2, $3, $4)"
_CURRENT: Final = "select version from risk_publication order by id desc limit 1"
_BODY: Final = "select body::text from risk_model where version = $1"
_LIST: Final = (
    "select m.version, m.author, m.created_at, m.report::text as report, m.body->>'digest' as digest, "
    "(m.body->>'n')::int as n, (select max(p.published_at) from risk_publication p where p.version = m.version) "
    "as published_at from risk_model m order by m.version desc limit $1"
)
_OPEN: Final = "select count(*) from (select 1 from dispute where status = any($1::text[]) limit $2) t"
_CLIMBS: Final = (
    "select dispute_id, count(*) as climbs from event where dispute_id = any($1::uuid[]) "
    f"and type = '{DisputeEscalated.type}' group by dispute_id"
)
_RUNNING: Final = (
    f"select {READ} from clock c where c.dispute_id > $1 and c.kind = '{Kind.RESOLUTION.value}' "
    "and c.state in ('running', 'paused') order by c.dispute_id limit $2"
)
_SCORES: Final = "select dispute_id, probability from risk_score where dispute_id = any($1::uuid[])"
_KEEP: Final = (
    "insert into risk_score (dispute_id, probability, model_version, as_of) "
    "select t.id, t.p, $3, $4 from unnest($1::uuid[], $2::float8[]) as t(id, p) order by t.id "
    "on conflict (dispute_id) do update set probability = excluded.probability, "
    "model_version = excluded.model_version, as_of = excluded.as_of"
)
_FORGET: Final = (
    "delete from risk_score s where s.dispute_id > $1 and s.dispute_id <= $2 and not (s.dispute_id = any($3::uuid[]))"
)
ASKED: Final = "risk.asked"
"""The heartbeat that says when somebody last listed disputes by their risk."""
ASKED_FOR: Final = timedelta(days=7)
"""So long after that scores are kept for such lists."""
_ASK: Final = (
    "insert into heartbeat as h (name, beat_at, detail) values ($1, $2, '{}') "
    "on conflict (name) do update set beat_at = excluded.beat_at where h.beat_at < excluded.beat_at - interval '1 hour'"
)
_FORGET_SOME: Final = (
    "delete from risk_score where dispute_id in (select dispute_id from risk_score order by dispute_id limit $1)"
)
_WITH_RISK: Final = (
    "select exists (select 1 from policy where name = $1 and jsonb_path_exists(body::jsonb, "
    """'$.thresholds[*].when ? (@.type() == "string" && @ like_regex "breach_risk")'))"""
)


class Listed(NamedTuple):
    """A stored model as a list shows it; `published_at` is when it was last made the one that answers."""

    version: int
    n: int
    digest: str
    author: str
    created_at: datetime
    published_at: datetime | None
    report: Mapping[str, Any]


class Running(NamedTuple):
    """A dispute whose resolution clock has not ended, and how often it has climbed."""

    dispute: Dispute
    clock: Clock
    climbs: int


async def add(tx: Tx, model: Model, report: Mapping[str, Any], *, author: str) -> int:
    """Stores a model as a candidate; returns its version."""
    await tx.raw.execute("lock table risk_model in share row exclusive mode")  # two who learn at once take turns
    texts = (orjson.dumps(document(model)).decode(), orjson.dumps(dict(report)).decode())
    return int(await tx.raw.fetchval(_ADD, *texts, author, tx.now))


async def publish(tx: Tx, version: int | None, *, author: str, reason: str) -> None:
    """Makes this model the one that answers, or the prior when there is no version.

    Raises:
        NotFound: there is no such model.
        DamagedModel: it is damaged.
    """
    if version is not None:
        await get(tx, version)
    await tx.raw.execute(_PUBLISH, version, author, reason, tx.now)


async def current_version(tx: Tx) -> int | None:
    """The version that answers, None while the prior does."""
    found: int | None = await tx.raw.fetchval(_CURRENT)
    return found


async def get(tx: Tx, version: int) -> Model:
    """A stored model.

    Raises:
        NotFound: there is no such model.
        DamagedModel: it is damaged.
    """
    text = await tx.raw.fetchval(_BODY, version)
    if text is None:
        raise NotFound("risk model", version)
    return model_of(orjson.loads(text))


async def listed(tx: Tx, limit: int = SHOWN_MAX) -> list[Listed]:
    """The stored models, newest first."""
    rows = await tx.raw.fetch(_LIST, limit)
    return [Listed(**{**dict(row), "report": orjson.loads(row["report"])}) for row in rows]


class Models:
    """The model that answers, parsed once for each version."""

    def __init__(self) -> None:
        self._known: tuple[int, Model | None] | None = None

    async def current(self, tx: Tx) -> tuple[int | None, Model | None]:
        """The version in force and its model; no model while the prior answers or the stored one is damaged."""
        version = await current_version(tx)
        if version is None:
            return None, None
        if self._known is None or self._known[0] != version:
            try:
                self._known = version, await get(tx, version)
            except DamagedModel as fault:
                # A figure nobody can trust is worse than the prior.
                log.warning("risk_model_damaged", version=version, reason=str(fault))
                self._known = version, None
        return (version if self._known[1] is not None else None), self._known[1]


async def backlog(tx: Tx) -> int:
    """How many disputes are unresolved, counted up to `BACKLOG_MAX`."""
    return int(await tx.raw.fetchval(_OPEN, _ACTIVE, BACKLOG_MAX))


async def climbs_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, int]:
    """How often each of these disputes has climbed; one that never has is not there."""
    return {row["dispute_id"]: row["climbs"] for row in await tx.raw.fetch(_CLIMBS, list(ids))}


async def running_after(tx: Tx, after: UUID, limit: int) -> list[Running]:
    """The disputes with an open resolution clock that follow an id, in the order of their ids."""
    rows = await tx.raw.fetch(_RUNNING, after, limit)
    clocks = {row["dispute_id"]: to_clock(row) for row in rows}
    found = await disputes.get_many(tx, clocks)
    climbs = await climbs_of(tx, clocks)
    return [Running(found[each], clock, climbs.get(each, 0)) for each, clock in clocks.items() if each in found]


async def scores(tx: Tx, ids: Collection[UUID]) -> dict[UUID, float]:
    """The stored scores of these disputes; one that has none is not there."""
    return {row["dispute_id"]: row["probability"] for row in await tx.raw.fetch(_SCORES, list(ids))}


async def keep(tx: Tx, found: Mapping[UUID, float], model_version: int | None) -> None:
    """Stores these scores, each over the one before."""
    if found:
        await tx.raw.execute(_KEEP, list(found), list(found.values()), model_version, tx.now)


async def forget_others(tx: Tx, after: UUID, until: UUID, still: Sequence[UUID]) -> None:
    """Takes away the scores between two ids whose disputes have no open resolution clock any more."""
    await tx.raw.execute(_FORGET, after, until, list(still))


async def forget_some(tx: Tx, limit: int) -> None:
    """Takes away scores that nobody looks at any more, at most so many."""
    await tx.raw.execute(_FORGET_SOME, limit)


async def ask(tx: Tx) -> None:
    """Says that somebody lists disputes by their risk, so that scores are kept for a time; written once an hour."""
    await tx.raw.execute(_ASK, ASKED, tx.now)


async def listed_by(tx: Tx) -> bool:
    """Whether somebody listed disputes by their risk lately."""
    age = await heartbeats.age(tx, ASKED)
    return age is not None and age < ASKED_FOR


async def looked_at(tx: Tx) -> bool:
    """Whether a stored version of the matrix has a threshold in words that may look at breach risk."""
    return bool(await tx.raw.fetchval(_WITH_RISK, NAME))
