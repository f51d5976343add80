"""Sketches the texts of new disputes behind the filing, gathers near duplicates, and tells histories of accepted clusters.

Every step is one transaction: what it stored and how far it came are committed together, so a crash repeats a step and
loses none. Of several processes the one that holds the row of progress sketches; the others leave it alone and look again.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shared.db import clusters, disputes, likeness
from shared.db.disputes import Change
from shared.db.engine import Database, Tx
from shared.db.faults import RAISED_BY_DATABASE
from shared.db.likeness import FIRST, LAST, Places, Slice, Text
from shared.domain.clustering import Gathered, Known, Told, gather, nearest_to
from shared.domain.frozen import altered
from shared.messages.link_events import DisputeLinked
from shared.runtime.loops import Pace, every
from shared.runtime.metrics import Metrics
from shared.runtime.stop import Stop

SKETCHED_AT_ONCE: Final = 200
"""Texts in one transaction."""
LOOKED_AT: Final = 5000
"""Ids looked at in one step."""
TOLD_AT_ONCE: Final = 100
"""Histories written in one transaction."""
ROUNDS_OF_REVIEW: Final = 16
"""Every so many rounds the walks behind and around go on, a step each."""

RESTS: Final = 9
"""So that a storm of filings keeps nine tenths of the process it comes to; what waits is sketched when it is over. No rest is
much longer than a second: of a machine so slow that a batch takes longer than a ninth of that, a storm keeps less."""

_LATE: Final = timedelta(seconds=2)
_SETTLED: Final = timedelta(minutes=5)
_AHEAD: Final = timedelta(seconds=5)
_BREATH: Final = 20
"""Texts sketched before requests that wait in the same process are served: about three milliseconds."""
_PACE: Final = Pace(seconds=1)
_ACTOR: Final = "system:intake"


@dataclass
class _Gathering:
    """The clusters around one batch, as they become while it is gone through."""

    member_of: dict[UUID, UUID]
    known: dict[UUID, Known]
    joining: dict[UUID, list[Told]] = field(default_factory=dict)
    begun: set[UUID] = field(default_factory=set)


class Sketcher:
    """Goes after the filings a bounded batch at a time, and rests between batches nine times as long as they took, a second at most."""

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics
        self._rounds = 0

    async def run(self, stop: Stop) -> None:
        """Sketches until the stop; a database that is away is tried again."""
        await every(self.round, stop, pace=_PACE, name="intake_sketcher", retry_on=RAISED_BY_DATABASE)

    async def round(self) -> bool | float:
        """One batch, and now and then a look back; the seconds to rest when more is waiting."""
        began = time.monotonic()
        more = await self._follow()
        if self._rounds % ROUNDS_OF_REVIEW == 0:
            await self._look_back()
            await self._go_round()
        self._rounds += 1
        more = await self._tell() or more
        return RESTS * (time.monotonic() - began) if more else False

    async def _follow(self) -> bool:
        """The newest disputes; True when more are waiting."""
        async with self._database.transaction() as tx:
            places = await likeness.hold(tx)
            if places is None:
                self._metrics.likeness_lag_seconds.set(0)  # of several processes the highest is shown: its holder's
                return False
            until = likeness.bound(tx.now + _AHEAD)
            found = await likeness.unsketched(tx, places.front, until, look_at=LOOKED_AT, limit=SKETCHED_AT_ONCE)
            await self._sketch(tx, found.texts)
            # Until two seconds ago only: a dispute filed then may be committed a moment after this look.
            front = max(places.front, min(found.next_from, likeness.bound(tx.now - _LATE)))
            await _keep(tx, places, places._replace(front=front))
            lag = 0.0 if found.ended else tx.now.timestamp() - likeness.made_at(found.next_from)
        self._metrics.likeness_lag_seconds.set(max(0.0, lag))
        return not found.ended

    async def _look_back(self) -> None:
        """Once over everything older than any filing takes to commit."""
        async with self._database.transaction() as tx:
            places = await likeness.hold(tx)
            if places is not None:
                found = await self._step(tx, places.behind, likeness.bound(tx.now - _SETTLED))
                await _keep(tx, places, places._replace(behind=found.next_from))

    async def _go_round(self) -> None:
        """Over all disputes, again and again: what clocks that differ, or a restored backup, left out."""
        async with self._database.transaction() as tx:
            places = await likeness.hold(tx)
            if places is not None:
                found = await self._step(tx, places.circle, LAST)
                await _keep(tx, places, places._replace(circle=FIRST if found.ended else found.next_from))

    async def _step(self, tx: Tx, after: UUID, until: UUID) -> Slice:
        found = await likeness.unsketched(tx, after, until, look_at=LOOKED_AT, limit=SKETCHED_AT_ONCE)
        await self._sketch(tx, found.texts)
        return found

    async def _sketch(self, tx: Tx, texts: Sequence[Text]) -> None:
        told: list[Told] = []
        for place, each in enumerate(texts, 1):
            told.append(each.told())
            if place % _BREATH == 0:
                await asyncio.sleep(0)
        stored = await likeness.add(tx, told)
        await _gather(tx, [each for each in told if each.dispute_id in stored])
        self._metrics.likeness_sketched.inc(len(stored))

    async def _tell(self) -> bool:
        """The histories of a slice of the disputes in accepted clusters; True when there may be more."""
        async with self._database.transaction() as tx:
            found = await clusters.unlinked(tx, TOLD_AT_ONCE)
            if not found:
                return False
            locked = await disputes.lock_many(tx, found)
            ours = await clusters.mark_linked(tx, list(found))
            changes = [
                Change(
                    dispute,
                    altered(dispute, updated_at=tx.now),
                    (DisputeLinked(kind="cluster", other=str(found[dispute_id])),),
                    _ACTOR,
                )
                for dispute_id, dispute in locked.items()
                if dispute_id in ours
            ]
            await disputes.save_many(tx, changes)
        return len(found) == TOLD_AT_ONCE


async def _keep(tx: Tx, before: Places, after: Places) -> None:
    if after != before:
        await likeness.keep(tx, after)


async def _gather(tx: Tx, told: Sequence[Told]) -> None:
    """Puts newly sketched disputes where they belong, one after the other, and stores it together."""
    found = await likeness.candidates(tx, told)
    if not found:
        return
    around = await likeness.of_many(tx, likeness.every(found))
    member_of = await clusters.members_of(tx, {*around, *found})
    gathering = _Gathering(member_of, await clusters.known(tx, set(member_of.values())))
    for each in told:
        if each.dispute_id in found and each.dispute_id not in gathering.member_of:
            await _place(tx, each, [around[other] for other in found[each.dispute_id] if other in around], gathering)
    for cluster_id, joining in gathering.joining.items():
        arrived: dict[UUID, datetime] = {one.dispute_id: one.received_at for one in joining}
        await clusters.join(tx, cluster_id, arrived, begun=cluster_id in gathering.begun)


async def _place(tx: Tx, new: Told, around: Sequence[Told], gathering: _Gathering) -> None:
    decided = gather(new, around, gathering.known, gathering.member_of)
    if decided.begins_with:
        decided = await _after_all(tx, new, decided, gathering)
    cluster_id = decided.joins
    if decided.begins_with:
        cluster_id = await clusters.begin(tx, new.dispute_id, new.received_at)
        gathering.known[cluster_id] = Known(cluster_id, new.sketch, new.received_at)
        gathering.begun.add(cluster_id)
    if cluster_id is None:
        return
    for each in (new, *decided.begins_with):
        gathering.member_of[each.dispute_id] = cluster_id
        gathering.joining.setdefault(cluster_id, []).append(each)


async def _after_all(tx: Tx, new: Told, decided: Gathered, gathering: _Gathering) -> Gathered:
    """A last look before a cluster begins: of a text that hundreds sent at once the newest belong nowhere yet, the oldest may."""
    nearest = nearest_to(new, gathering.known.values())
    if nearest is None:
        oldest = await likeness.candidates(tx, [new], oldest=True)
        belonging = await clusters.members_of(tx, oldest.get(new.dispute_id, ()))
        gathering.known |= await clusters.known(tx, set(belonging.values()))
        nearest = nearest_to(new, gathering.known.values())
    return decided if nearest is None else Gathered(joins=nearest)
