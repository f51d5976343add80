"""Clusters: the same text from several customers, proposed as one incident, and what people decide about it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field

from services.intake.api.deps import InTx, OnceOnly, problems, require, secured_router
from services.intake.api.fields import Body, Line100, Line200
from services.intake.api.paging import Paged, PageOut
from services.intake.security import Caller
from shared.db import clusters
from shared.db.clusters import Cluster, Decision, Member
from shared.db.engine import Tx
from shared.domain.errors import NotFound
from shared.domain.passage import TEXTS_MIN, common_passage
from shared.domain.relating import ClusterState

router = secured_router("/v1/insight/clusters", "insight", codes=("invalid_value", "not_found"))

Watcher = Annotated[Caller, Depends(require("ops:read", "cases:work"))]
Decider = Annotated[Caller, Depends(require("cases:work"))]
SAMPLES: Final = 5
_DAY: Final = timedelta(days=1)
_DECIDING: Final = problems(
    "conflict",
    "malformed_json",
    "request_in_flight",
    "idempotency_key_reused",
    "unsupported_media_type",
    "body_too_large",
)


class AcceptIn(Body):
    """What the incident is called, and why the disputes belong to it."""

    label: Line100 = Field(examples=["service fee of the May run"], description="No personal data.")
    reason: Line200 = Field(examples=["one invoice run charged the fee twice"], description="No personal data.")


class DismissIn(Body):
    """Why the disputes do not belong together."""

    reason: Line200 = Field(examples=["a form letter of a consumer site, about different fees"])


class ClusterOut(BaseModel):
    """Disputes of several customers in the same words."""

    id: UUID
    state: ClusterState
    label: str | None = Field(description="The incident's name, once it is accepted.")
    size: int = Field(description="Disputes in it.")
    first_at: datetime = Field(description="When the first of them was received.")
    last_at: datetime = Field(description="When the newest was.")
    customers: int = Field(description="Customers among the newest hundred.")
    per_day: float | None = Field(
        description="Disputes a day over the newest hundred, of a smaller cluster over a day at least."
    )
    categories: dict[str, int] = Field(
        description="Of the newest hundred.", examples=[{"billing_error": 97, "other": 3}]
    )
    references: list[str] = Field(description="Of the newest five.", examples=[["D-2026-000123"]])

    @classmethod
    def of(cls, found: Cluster, members: Sequence[Member]) -> "ClusterOut":
        """How a caller sees it."""
        return cls(**_figures(found, members))


class DecisionOut(BaseModel):
    """What somebody decided."""

    state: ClusterState
    label: str | None
    author: str = Field(examples=["principal:0198c0de-0000-7000-8000-000000000002"])
    reason: str
    decided_at: datetime


class OneClusterOut(ClusterOut):
    """A cluster with what its texts have in common, and what was decided about it."""

    passage: str | None = Field(
        description="The longest row of words that the newest texts of five customers share, numbers as `#`; none of "
        "fewer customers, or where they share no eight words in a row.",
        examples=["i demand that you pay back the monthly service fee"],
    )
    decisions: list[DecisionOut] = Field(description="The first first; the last one holds.")


def _figures(found: Cluster, members: Sequence[Member]) -> dict[str, Any]:
    return {
        "id": found.id,
        "state": found.state,
        "label": found.label,
        "size": found.size,
        "first_at": found.first_at,
        "last_at": found.last_at,
        "customers": len({each.customer_id for each in members}),
        "per_day": _per_day(found, members),
        "categories": dict(Counter(each.category for each in members).most_common()),
        "references": [each.reference for each in members[:SAMPLES]],
    }


def _per_day(found: Cluster, members: Sequence[Member]) -> float | None:
    """Over the newest hundred; of fewer, which may all have come within an hour, over a day at least."""
    if not members:
        return None
    took = members[0].received_at - members[-1].received_at
    if len(members) >= found.size:
        took = max(took, _DAY)
    return round(len(members) / (took / _DAY), 2) if took else None


@router.get("", operation_id="listClusters", summary="List clusters", responses=problems("invalid_cursor"))
async def list_clusters(
    caller: Watcher,
    tx: InTx,
    paging: Paged,
    state: Annotated[ClusterState, Query(description="Those that wait for a person unless asked otherwise.")] = (
        ClusterState.PROPOSED
    ),
) -> PageOut[ClusterOut]:
    """The one that grew last first. Keys that see only what they filed see none."""
    listing = f"clusters/{state.value}"
    before, limit = paging.after(listing), paging.limit + 1
    found = [] if caller.only_own else await clusters.listed(tx, state, before=before, limit=limit)
    members = await clusters.members(tx, [each.id for each in found])
    return paging.page(
        listing, found, lambda each: (each.last_at, each.id), lambda each: ClusterOut.of(each, members[each.id])
    )


@router.get("/{cluster_id}", operation_id="getCluster", summary="Read a cluster")
async def get_cluster(cluster_id: UUID, caller: Watcher, tx: InTx) -> OneClusterOut:
    """With the words that its texts have in common, and what was decided about it."""
    return await _shown(tx, await _found(tx, caller, cluster_id))


@router.post(
    "/{cluster_id}/accept",
    operation_id="acceptCluster",
    summary="Accept a cluster as one incident",
    response_model=OneClusterOut,
    responses=_DECIDING,
)
async def accept_cluster(cluster_id: UUID, body: AcceptIn, caller: Decider, tx: InTx, once: OnceOnly) -> Response:
    """Each of its disputes, and each that joins later, gets `dispute.linked` in its own history within moments.

    The disputes stay open; each gets its own answer.
    """
    await _found(tx, caller, cluster_id)
    return await _decided(tx, once, cluster_id, ClusterState.ACCEPTED, body.label, body.reason, caller)


@router.post(
    "/{cluster_id}/dismiss",
    operation_id="dismissCluster",
    summary="Dismiss a cluster",
    response_model=OneClusterOut,
    responses=_DECIDING,
)
async def dismiss_cluster(cluster_id: UUID, body: DismissIn, caller: Decider, tx: InTx, once: OnceOnly) -> Response:
    """It goes on taking in what is near it, so that the same text is not proposed again."""
    await _found(tx, caller, cluster_id)
    return await _decided(tx, once, cluster_id, ClusterState.DISMISSED, None, body.reason, caller)


async def _found(tx: Tx, caller: Caller, cluster_id: UUID) -> Cluster:
    if caller.only_own:
        raise NotFound("cluster", cluster_id)
    return await clusters.get(tx, cluster_id)


async def _decided(
    tx: Tx, once: OnceOnly, cluster_id: UUID, state: ClusterState, label: str | None, reason: str, caller: Caller
) -> Response:
    made = Decision(state.value, label, caller.actor, reason, tx.now)
    return await once.reply(200, await _shown(tx, await clusters.decide(tx, cluster_id, made)))


async def _shown(tx: Tx, found: Cluster) -> OneClusterOut:
    members = (await clusters.members(tx, [found.id]))[found.id]
    of_each_customer = {each.customer_id: each.dispute_id for each in members}
    texts = await clusters.texts(tx, list(of_each_customer.values())[:TEXTS_MIN])
    decisions = [DecisionOut(**each._asdict()) for each in await clusters.decisions(tx, found.id)]
    return OneClusterOut(**_figures(found, members), passage=common_passage(texts), decisions=decisions)
