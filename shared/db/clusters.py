"""Clusters of near duplicates: who is in them, what people decided about them, and which histories are yet to tell of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.db.engine import Tx
from shared.domain.clustering import Known
from shared.domain.errors import Conflict, NotFound
from shared.domain.likeness import TEXT_CHARACTERS_MAX, Sketch
from shared.domain.relating import ClusterState
from shared.runtime.ids import new_id

LOOKED_AT_MAX: Final = 100
"""The newest members of a cluster, of which rate, categories and customers are counted."""
DECISIONS_MAX: Final = 50

_MEMBER_OF: Final = "select dispute_id, cluster_id from cluster_member where dispute_id = any($1::uuid[])"
_KNOWN: Final = (
    "select c.id, c.last_at, l.runs, l.minima from cluster c join likeness l on l.dispute_id = c.seed_id "
    "where c.id = any($1::uuid[])"
)
_BEGIN: Final = "insert into cluster (id, seed_id, state, size, first_at, last_at, created_at) values ($1, $2, 'proposed', 1, $3, $3, $4)"
_JOIN: Final = (
    "with j as (insert into cluster_member (dispute_id, cluster_id, received_at, linked) "
    "select dispute_id, $1, received_at, false from unnest($2::uuid[], $3::timestamptz[]) as t(dispute_id, received_at) "
    "on conflict (dispute_id) do nothing returning received_at) "
    "update cluster set size = size - $4 + j.count, first_at = least(first_at, j.first), last_at = greatest(last_at, j.last) "
    "from (select count(*)::int as count, min(received_at) as first, max(received_at) as last from j) as j where id = $1"
)
_COLUMNS: Final = "c.id, c.state, c.label, c.size, c.first_at, c.last_at, c.created_at"
_LIST: Final = (
    f"select {_COLUMNS} from cluster c where c.state = $1 "
    "and ($2::timestamptz is null or (c.last_at, c.id) < ($2, $3)) order by c.last_at desc, c.id desc limit $4"
)
_OF_DISPUTE: Final = (
    f"select {_COLUMNS} from cluster_member m join cluster c on c.id = m.cluster_id where m.dispute_id = $1"
)
_MEMBERS: Final = (
    "select m.cluster_id, m.dispute_id, m.received_at, d.reference, d.customer_id, d.category "
    "from unnest($1::uuid[]) as c(id) cross join lateral (select cluster_id, dispute_id, received_at from cluster_member "
    f"where cluster_id = c.id order by received_at desc, dispute_id desc limit {LOOKED_AT_MAX}) as m "
    "join dispute d on d.id = m.dispute_id order by m.received_at desc, m.dispute_id desc"
)
_TEXTS: Final = (
    "select subject || ' ' || left(description, $2) as text from dispute_private "
    "where dispute_id = any($1::uuid[]) and erased_at is null"
)
_DECIDE: Final = "update cluster set state = $2, label = $3 where id = $1 and (state, label) is distinct from ($2, $3)"
_DECISION: Final = "insert into cluster_decision (cluster_id, state, label, author, reason, decided_at) values ($1, $2, $3, $4, $5, $6)"
_DECISIONS: Final = f"select state, label, author, reason, decided_at from cluster_decision where cluster_id = $1 order by id limit {DECISIONS_MAX}"
_UNLINKED: Final = (
    "select m.dispute_id, m.cluster_id from cluster c join lateral (select dispute_id, cluster_id from cluster_member "
    "where cluster_id = c.id and not linked order by dispute_id limit $1) as m on true "
    "where c.state = 'accepted' limit $1"
)
_LINKED: Final = (
    "update cluster_member set linked = true where dispute_id = any($1::uuid[]) and not linked returning dispute_id"
)


class Cluster(NamedTuple):
    """A cluster as it is listed. `label` names the incident once it is accepted."""

    id: UUID
    state: str
    label: str | None
    size: int
    first_at: datetime
    last_at: datetime
    created_at: datetime


class Member(NamedTuple):
    """A dispute of a cluster."""

    dispute_id: UUID
    received_at: datetime
    reference: str
    customer_id: UUID
    category: str


class Decision(NamedTuple):
    """What somebody decided about a cluster, and why."""

    state: str
    label: str | None
    author: str
    reason: str
    decided_at: datetime


async def members_of(tx: Tx, dispute_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The cluster of each of the disputes that are in one."""
    rows = await tx.raw.fetch(_MEMBER_OF, list(dispute_ids))
    return {row["dispute_id"]: row["cluster_id"] for row in rows}


async def known(tx: Tx, cluster_ids: Iterable[UUID]) -> dict[UUID, Known]:
    """Those of the clusters that can still be joined; one whose seed was erased is closed."""
    rows = await tx.raw.fetch(_KNOWN, list(cluster_ids))
    return {row["id"]: Known(row["id"], Sketch(row["runs"], row["minima"], ()), row["last_at"]) for row in rows}


async def begin(tx: Tx, seed_id: UUID, received_at: datetime) -> UUID:
    """A new cluster around a seed, proposed; its members, the seed among them, are yet to join."""
    made = new_id()
    await tx.raw.execute(_BEGIN, made, seed_id, received_at, tx.now)
    return made


async def join(tx: Tx, cluster_id: UUID, joining: Mapping[UUID, datetime], *, begun: bool = False) -> None:
    """Adds disputes, with when each was received, to a cluster; `begun` says that it has no members yet."""
    await tx.raw.execute(_JOIN, cluster_id, list(joining), list(joining.values()), int(begun))


async def listed(tx: Tx, state: ClusterState, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Cluster]:
    """Clusters in a state, the one that grew last first."""
    rows = await tx.raw.fetch(_LIST, state.value, *(before or (None, None)), limit)
    return [Cluster(*row) for row in rows]


async def get(tx: Tx, cluster_id: UUID, *, lock: bool = False) -> Cluster:
    """One cluster; raises NotFound."""
    row = await tx.raw.fetchrow(
        f"select {_COLUMNS} from cluster c where c.id = $1{' for update' if lock else ''}", cluster_id
    )
    if row is None:
        raise NotFound("cluster", cluster_id)
    return Cluster(*row)


async def of_dispute(tx: Tx, dispute_id: UUID) -> Cluster | None:
    """The cluster that a dispute is in, if any."""
    row = await tx.raw.fetchrow(_OF_DISPUTE, dispute_id)
    return None if row is None else Cluster(*row)


async def members(tx: Tx, cluster_ids: Sequence[UUID]) -> dict[UUID, list[Member]]:
    """The newest hundred members of each cluster, the newest first."""
    found: dict[UUID, list[Member]] = {each: [] for each in cluster_ids}
    for row in await tx.raw.fetch(_MEMBERS, list(cluster_ids)):
        found[row["cluster_id"]].append(Member(*list(row)[1:]))
    return found


async def texts(tx: Tx, dispute_ids: Sequence[UUID]) -> list[str]:
    """The texts of these disputes, as far as they are looked at; one that was erased is not there."""
    return [row["text"] for row in await tx.raw.fetch(_TEXTS, list(dispute_ids), TEXT_CHARACTERS_MAX)]


async def decide(tx: Tx, cluster_id: UUID, decision: Decision) -> Cluster:
    """The cluster with what was decided about it; every decision is kept.

    Raises:
        NotFound: there is none with this id.
        Conflict: it was decided so already, or as often as any cluster can be.
    """
    before = await get(tx, cluster_id, lock=True)
    if not (await tx.raw.execute(_DECIDE, cluster_id, decision.state, decision.label)).endswith(" 1"):
        raise Conflict(f"This cluster is {before.state} already.")
    if len(await decisions(tx, cluster_id)) >= DECISIONS_MAX:
        raise Conflict(f"This cluster was decided about {DECISIONS_MAX} times already.")
    await tx.raw.execute(_DECISION, cluster_id, *decision)
    return await get(tx, cluster_id)


async def decisions(tx: Tx, cluster_id: UUID) -> list[Decision]:
    """What was decided about a cluster, the first first."""
    return [Decision(*row) for row in await tx.raw.fetch(_DECISIONS, cluster_id)]


async def unlinked(tx: Tx, limit: int) -> dict[UUID, UUID]:
    """Members of accepted clusters whose history does not tell of it yet, each with its cluster."""
    return {row["dispute_id"]: row["cluster_id"] for row in await tx.raw.fetch(_UNLINKED, limit)}


async def mark_linked(tx: Tx, dispute_ids: Sequence[UUID]) -> set[UUID]:
    """Says that the histories of these are going to tell of their cluster; those that this call did it for."""
    return {row["dispute_id"] for row in await tx.raw.fetch(_LINKED, list(dispute_ids))}
