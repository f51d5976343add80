"""Sends what is due: claims in batches, hands over side by side, and never waits for the slow with the quick.

No transaction is open while anything outside is spoken to. A process that dies between the other side's yes and our
record sends the same message again later, under the same name.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from services.notify import deliveries, material
from services.notify.channels.ports import Channel, Handed, Outcome
from services.notify.deliveries import Claim
from services.notify.material import Material
from services.notify.parcels import NotSent, Packer
from services.notify.recorder import Recorder
from services.notify.render import Unwritable
from services.notify.verdicts import verdict, without_attempt
from shared.db import heartbeats
from shared.db.engine import Database, Tx
from shared.db.faults import RAISED_BY_DATABASE
from shared.domain.matrix import Matrix
from shared.runtime.logs import logger
from shared.runtime.loops import Pace, every
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import BrokenSeal
from shared.runtime.stop import Stop

HEARTBEAT: Final = "notify.sender"
BEAT_SECONDS: Final = 5.0
PACE: Final = Pace(0.5)
CUT_OFF_SECONDS: Final = 2.0
"""Kept of the grace of a stop, to record that attempts were cut off."""

log = logger(__name__)

CurrentMatrix = Callable[[Tx], Awaitable[Matrix]]


class Sender:
    """Drains the table of deliveries through the channels, each in a lane of its own."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        *,
        packer: Packer,
        matrix: CurrentMatrix,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._channels = channels
        self._recorder = Recorder(database, metrics)
        self._metrics = metrics
        self._lanes = [
            Lane(name, channel, database=database, packer=packer, matrix=matrix, recorder=self._recorder)
            for name, channel in channels.items()
        ]
        database.on_commit("delivery", self._wake)

    async def run(self, stop: Stop) -> None:
        """Sends until the stop is requested; what is under way is finished and recorded."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._recorder.run())
            lanes = [group.create_task(lane.run(stop, self._metrics)) for lane in self._lanes]
            group.create_task(
                every(self._beat, stop, pace=Pace(BEAT_SECONDS), name=HEARTBEAT, retry_on=RAISED_BY_DATABASE)
            )
            await asyncio.wait(lanes)
            self._recorder.finish()
        for channel in self._channels.values():
            await channel.close()

    def _wake(self) -> None:
        for lane in self._lanes:
            lane.wake.set()

    async def _beat(self) -> bool:
        async with self._database.transaction() as tx:
            await heartbeats.beat(tx, HEARTBEAT, under_way=sum(lane.under_way for lane in self._lanes))
        return False


class Lane:
    """One channel's way: claims what it has room for, and hands over as many at once as its terms allow."""

    def __init__(
        self,
        name: str,
        channel: Channel,
        *,
        database: Database,
        packer: Packer,
        matrix: CurrentMatrix,
        recorder: Recorder,
    ) -> None:
        self.name = name
        self.wake = asyncio.Event()
        self._channel = channel
        self._database = database
        self._packer = packer
        self._matrix = matrix
        self._recorder = recorder
        self._held: Counter[str] = Counter()
        self._hungry = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        """How many parcels are being handed over."""
        return len(self._tasks)

    async def run(self, stop: Stop, metrics: Metrics) -> None:
        """Sends until the stop is requested, then waits for what is under way, and cuts off what outlasts the grace."""

        def count(error: BaseException) -> None:
            metrics.loop_failures.labels(loop=f"notify.{self.name}", reason=type(error).__name__).inc()

        name = f"notify.{self.name}"
        try:
            await every(
                self.step, stop, pace=PACE, name=name, retry_on=RAISED_BY_DATABASE, on_retry=count, wake=self.wake
            )
            await self._ends(max(0.0, stop.remaining_seconds - CUT_OFF_SECONDS))
        finally:
            for task in self._tasks:
                task.cancel()
        await self._ends(CUT_OFF_SECONDS / 2)

    async def step(self) -> bool | float:
        """Claims once; True when more may be due and there is room for it, else the seconds until the next is due."""
        room = self._channel.terms.at_once - len(self._tasks)
        self._hungry = room <= 0
        if self._hungry:
            return False
        async with self._database.transaction() as tx:
            claims = await self._claim(tx, room)
            found = await self._material(tx, claims) if claims else None
            due = None if claims else await deliveries.next_due(tx, self.name)
        if found is not None:
            self._begin(claims, found)
        self._hungry = len(claims) == min(room, deliveries.CLAIM_MAX)
        if due is not None:
            return (due - tx.now).total_seconds()
        return self._hungry and len(self._tasks) < self._channel.terms.at_once

    async def _claim(self, tx: Tx, room: int) -> list[Claim]:
        terms = self._channel.terms
        return await deliveries.claim(
            tx,
            self.name,
            limit=room,
            held=self._held,
            per_recipient=terms.per_recipient,
            visible_after=timedelta(seconds=terms.seconds_max + terms.margin_seconds),
        )

    async def _material(self, tx: Tx, claims: Sequence[Claim]) -> Material:
        if self.name == "webhook":
            return await material.for_signals(tx, claims)
        return await material.for_letters(tx, claims, await self._matrix(tx))

    async def _ends(self, seconds: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _begin(self, claims: Sequence[Claim], found: Material) -> None:
        for claim in claims:
            self._held[claim.recipient] += 1
            task = asyncio.create_task(self._deliver(claim, found))
            self._tasks.add(task)
            task.add_done_callback(partial(self._ended, claim.recipient))

    def _ended(self, recipient: str, task: asyncio.Task[None]) -> None:
        """Makes room, and wakes the lane when there is room enough to be worth a claim."""
        self._tasks.discard(task)
        terms = self._channel.terms
        held_back = self._held[recipient] >= terms.per_recipient
        self._held[recipient] -= 1
        if not self._held[recipient]:
            del self._held[recipient]
        if held_back or (self._hungry and len(self._tasks) <= terms.at_once // 2):
            self.wake.set()

    async def _deliver(self, claim: Claim, found: Material) -> None:
        """One attempt, from parcel to ending; every failure becomes one of the fates."""
        began = time.monotonic()
        handed = await self._attempt(claim, found)
        if isinstance(handed, NotSent):
            self._recorder.put(without_attempt(claim, handed))
            return
        now = found.now + timedelta(seconds=time.monotonic() - began)
        spread = random.random()  # noqa: S311 - it only keeps retries from marching in step
        self._recorder.put(verdict(claim, handed, self._channel.terms, now, spread=spread))

    async def _attempt(self, claim: Claim, found: Material) -> Handed | NotSent:
        try:
            parcel = self._packer.pack(claim, found)
            if isinstance(parcel, NotSent):
                return parcel
            async with asyncio.timeout(self._channel.terms.seconds_max):
                return await self._channel.send(parcel)
        except (Unwritable, BrokenSeal) as error:
            log.warning("delivery_unwritable", kind=claim.kind, dispute_id=str(claim.dispute_id), reason=str(error))
            return NotSent(str(error), suppressed=False)
        except TimeoutError:
            return Handed(Outcome.UNKNOWN, "it took too long")
        except asyncio.CancelledError:
            return Handed(Outcome.UNKNOWN, "the process stopped")
        except Exception as error:
            # A fault of ours in one parcel: tried again, then dead with this reason, and never all the others with it.
            log.exception("delivery_faulty", kind=claim.kind, channel=self.name)
            return Handed(Outcome.FAILED, f"our own fault: {type(error).__name__}")
