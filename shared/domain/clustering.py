"""Near duplicates from several customers gathered around a seed, in work bounded by what is handed in.

The first text of a cluster is its seed, and every member is near the seed itself: a chain of small changes never joins two
texts that have nothing in common, clusters are never merged, and nothing is ever looked at again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from shared.domain.likeness import Sketch, likeness, near

CUSTOMERS_MIN: Final = 3
"""Two customers may know each other; from three on, a text goes round or one fault hit several."""
LULL_MAX: Final = timedelta(days=60)
"""A text that comes back after so long is another campaign, or another fault."""


class Told(NamedTuple):
    """A dispute whose text was sketched."""

    dispute_id: UUID
    customer_id: UUID
    received_at: datetime
    sketch: Sketch


class Known(NamedTuple):
    """A cluster that exists: the sketch of its seed, and when its newest member was received."""

    id: UUID
    seed: Sketch
    last_at: datetime


class Gathered(NamedTuple):
    """What a dispute joins: a cluster that exists, or one to be begun by it with these others; both None: nothing."""

    joins: UUID | None = None
    begins_with: tuple[Told, ...] = ()


def gather(
    new: Told, around: Sequence[Told], clusters: Mapping[UUID, Known], member_of: Mapping[UUID, UUID]
) -> Gathered:
    """Where a newly sketched dispute belongs, among candidates and the clusters that these are in.

    It joins the cluster whose seed it is nearest to. It begins one when, with it, at least three customers' disputes
    are near it that belong nowhere yet.
    """
    met = {member_of[each.dispute_id] for each in around if each.dispute_id in member_of}
    nearest = nearest_to(new, [clusters[each] for each in met if each in clusters])
    if nearest is not None:
        return Gathered(joins=nearest)
    free = [
        each
        for each in around
        if each.dispute_id not in member_of
        and abs(each.received_at - new.received_at) <= LULL_MAX
        and near(new.sketch, each.sketch)
    ]
    if len({new.customer_id, *(each.customer_id for each in free)}) < CUSTOMERS_MIN:
        return Gathered()
    return Gathered(begins_with=tuple(free))


def nearest_to(new: Told, clusters: Iterable[Known]) -> UUID | None:
    """The cluster whose seed a dispute is nearest to, if it is near one and comes within the lull."""
    near_enough = [
        (likeness(new.sketch, each.seed), each.id)
        for each in clusters
        if abs(new.received_at - each.last_at) <= LULL_MAX and near(new.sketch, each.seed)
    ]
    return max(near_enough)[1] if near_enough else None
