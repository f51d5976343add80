"""What belongs to a dispute: proposals worked out when asked for, and what people said of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.intake.commands.record import record
from shared.db import clusters, disputes, likeness, links
from shared.db.clusters import Cluster
from shared.db.engine import Tx
from shared.db.keys import Caller
from shared.db.links import Duplicated, Link
from shared.domain.clustering import Told
from shared.domain.dispute import Dispute
from shared.domain.errors import Conflict, InvalidValue
from shared.domain.relating import LinkKind, Proposal, Relation, Side, relate
from shared.messages.link_events import DisputeLinked, DisputeUnlinked


class Proposed(NamedTuple):
    """Another dispute, and what it seems to be to the one asked about."""

    other: Dispute
    proposal: Proposal


class Linked(NamedTuple):
    """Another dispute, and what a person said of it."""

    other: Dispute
    link: Link


class Related(NamedTuple):
    """All that is known to belong to a dispute."""

    proposed: Sequence[Proposed]
    linked: Sequence[Linked]
    cluster: Cluster | None


async def related(tx: Tx, dispute: Dispute, *, filed_by: UUID | None) -> Related:
    """The proposals, those of one matter first and then the strongest, without pairs of which a person has spoken; `filed_by` sees its own only.

    Worked out from the indexes and this dispute's text, so that it does not wait for the text to be sketched.
    """
    said = await links.living(tx, dispute.id)
    told = await likeness.of_texts(tx, [dispute.id])
    alike = await likeness.candidates(tx, list(told.values()))
    near_by = await likeness.neighbours(tx, dispute)
    across = {each.across(dispute.id) for each in said}
    known = await disputes.get_many(tx, near_by | likeness.every(alike) | across)
    seen = {each.id: each for each in known.values() if filed_by is None or each.filed_by == filed_by}
    asked = {key: each for key, each in seen.items() if key not in across}
    sketches = {**await _sketches(tx, list(asked)), **told}
    return Related(
        proposed=_proposed(dispute, asked, sketches),
        linked=[Linked(seen[other], each) for each in said if (other := each.across(dispute.id)) in seen],
        cluster=await clusters.of_dispute(tx, dispute.id) if filed_by is None else None,
    )


async def _sketches(tx: Tx, ids: Sequence[UUID]) -> Mapping[UUID, Told]:
    """Those stored; those not yet stored are made now, and there are at most ninety."""
    stored = await likeness.of_many(tx, ids)
    missing = [each for each in ids if each not in stored]
    return {**stored, **await likeness.of_texts(tx, missing)} if missing else stored


def _proposed(dispute: Dispute, others: Mapping[UUID, Dispute], told: Mapping[UUID, Told]) -> list[Proposed]:
    this = _side(dispute, told)
    found = [Proposed(each, made) for each in others.values() if (made := relate(this, _side(each, told))) is not None]
    return sorted(found, key=_order)


def _order(each: Proposed) -> tuple[bool, float, datetime, UUID]:
    """The same matter before the same text: of a campaign there may be many."""
    relation, score, _ = each.proposal
    return relation is Relation.SIMILAR, -score, each.other.received_at, each.other.id


def _side(dispute: Dispute, told: Mapping[UUID, Told]) -> Side:
    found = told.get(dispute.id)
    return Side(dispute, None if found is None else found.sketch)


async def link(tx: Tx, dispute: Dispute, other_id: UUID, kind: LinkKind, *, reason: str, caller: Caller) -> Dispute:
    """The dispute with what a person said of it and another, in its history. It stays open, with all its promises.

    Raises:
        InvalidValue: the other is this one, does not exist, or is not this caller's to know.
        Conflict: something is said of the two already, or duplicates would hang in a chain.
    """
    other = await disputes.find(tx, other_id)
    if not _known(other, caller):
        raise InvalidValue("/dispute", "There is no such dispute.")
    if other_id == dispute.id:
        raise InvalidValue("/dispute", "A dispute is not linked to itself.")
    try:
        await links.add(tx, dispute.id, other_id, kind, author=caller.actor, reason=reason)
    except Duplicated as refused:
        if not _known(await disputes.find(tx, refused.original), caller):
            raise Conflict("That dispute is itself a duplicate.") from refused
        raise
    told = DisputeLinked(kind=kind.value, other=str(other_id))
    return await record(tx, dispute, dispute, told, actor=caller.actor)


def _known(dispute: Dispute | None, caller: Caller) -> bool:
    return dispute is not None and (not caller.only_own or dispute.filed_by == caller.principal_id)


async def unlink(tx: Tx, dispute: Dispute, other_id: UUID, *, reason: str, caller: Caller) -> Dispute:
    """The dispute without what was said of it and another, in its history; the pair may be proposed again.

    Raises:
        NotFound: nothing is said of them from this side.
    """
    ended = await links.end(tx, dispute.id, other_id, author=caller.actor, reason=reason)
    told = DisputeUnlinked(kind=ended.kind, other=str(other_id))
    return await record(tx, dispute, dispute, told, actor=caller.actor)
