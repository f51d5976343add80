"""Concurrent filings share one commit: each waits for its own answer, and one that fails fails alone.

A commit costs the database nearly the same for one dispute as for thirty. Filings without a key are written by one statement,
which is whole by itself and needs no transaction around it. A lane takes what is there, and what comes while it works is
the next batch. Only where the batch before was larger does it wait a moment for others: clients that were answered together
send together what comes next. Who files alone waits for nobody.
"""

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from services.intake.commands.back_pressure import BackPressure
from services.intake.commands.current_matrix import CurrentMatrix
from services.intake.commands.file import Brought, Filed, count, file_many
from services.intake.idempotency import in_flight
from services.intake.problems import Problem
from services.intake.storage_faults import storage_problem
from shared.db import idempotency as kept
from shared.db.engine import Database, Tx
from shared.domain.errors import InvalidValue
from shared.domain.matrix import Matrix
from shared.runtime.metrics import Metrics

ATTEMPTS_MAX: Final = 3
"""How often one filing is tried when another process keeps its key in the meantime."""

OVERLAP_MIN: Final = 16
"""Filings that must wait before another lane opens beside a busy one: smaller batches cost more than they gain."""

READ_AT_ONCE_SECONDS: Final = 0.003
"""How long texts are read before others get their turn."""

COMPANY_SECONDS: Final = 0.001
"""How long a batch waits for others where the one before had more."""


@dataclass(slots=True, eq=False)
class Asked:
    """One filing on its way through a batch. `bring` reads its text, `shape` makes the reply that is kept and sent."""

    bring: Callable[[], Brought]
    shape: Callable[[Filed], kept.Reply]
    brought: Brought = field(init=False)
    key: kept.Key | None = None
    answer: "asyncio.Future[Answer]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Answer(Struct, frozen=True, gc=False):
    """The reply, and whether it was given before."""

    reply: kept.Reply
    before: bool = False


Outcome = Answer | Exception


class Batcher:
    """Files disputes many at a time. At most `lanes_max` transactions at once, of at most `batch_max` disputes each."""

    def __init__(
        self,
        database: Database,
        matrix: CurrentMatrix,
        back_pressure: BackPressure,
        metrics: Metrics,
        *,
        batch_max: int,
        lanes_max: int,
        queue_max: int,
    ) -> None:
        self._database = database
        self._matrix = matrix
        self._back_pressure = back_pressure
        self._metrics = metrics
        self._batch_max = batch_max
        self._lanes_max = lanes_max
        self._queue_max = queue_max
        self._waiting: deque[Asked] = deque()
        self._under_way: set[kept.Key] = set()
        self._lanes: set[asyncio.Task[None]] = set()
        self._working = 0
        self._gathering = False
        self._before = 0

    async def file(self, asked: Asked) -> Answer:
        """The answer to one filing, after its transaction was committed.

        Raises:
            Problem: `overloaded` when too many wait or messages pile up, `request_in_flight` for a key under way.
            InvalidValue: a date lies in the future.
        """
        if len(self._waiting) >= self._queue_max:
            detail = "More filings are waiting than can be stored soon; try again."
            raise Problem("overloaded", detail, headers={"retry-after": "1"})
        if asked.key is None:
            return await self._join(asked)
        if asked.key in self._under_way:
            raise in_flight()
        self._under_way.add(asked.key)
        try:
            return await self._join(asked)
        finally:
            self._under_way.discard(asked.key)

    async def _join(self, asked: Asked) -> Answer:
        self._waiting.append(asked)
        overlap = len(self._waiting) >= OVERLAP_MIN and not self._gathering
        if not self._working or (overlap and self._working < self._lanes_max):
            self._working += 1
            # A context of its own, so that nothing the lane logs bears the ids of whoever came first.
            lane = asyncio.create_task(self._lane(), context=contextvars.Context())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return await asked.answer

    async def _lane(self) -> None:
        batch: list[Asked] = []
        try:
            # Between the last look at those who wait and the count going down nobody else runs, so that none is missed.
            while self._waiting:
                await self._gather()
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._batch_max))]
                self._before = len(taken) or self._before
                # Who gave up waiting must find nothing filed: their key is free again.
                batch = _wanted(taken)
                await _read(batch)
                batch = _wanted(batch)
                if batch:
                    await self._store(batch)
        finally:
            self._working -= 1
            for asked in batch:
                asked.answer.cancel()  # nothing happens to those that are answered

    async def _gather(self) -> None:
        """Waits a moment for others, if the batch before had more; one lane at a time."""
        if len(self._waiting) < self._before and not self._gathering:
            self._gathering = True
            try:
                await asyncio.sleep(COMPANY_SECONDS)
            finally:
                self._gathering = False

    async def _store(self, batch: Sequence[Asked]) -> None:
        try:
            outcomes = await self._in_one(batch)
        except Exception as error:  # noqa: BLE001 - every waiting request gets it, or a try of its own
            if _concerns_all(error) or (len(batch) == 1 and not isinstance(error, kept.KeptByAnother)):
                outcomes = [error] * len(batch)
            else:
                for asked in batch:
                    if not asked.answer.done():
                        await self._store_alone(asked)
                return
        for asked, outcome in zip(batch, outcomes, strict=True):
            _tell(asked, outcome)

    async def _store_alone(self, asked: Asked) -> None:
        """A second try without neighbours: what is wrong with one of them is not the others' fault."""
        outcome: Outcome = in_flight()
        for _ in range(ATTEMPTS_MAX):
            try:
                (outcome,) = await self._in_one([asked])
            except kept.KeptByAnother:
                continue
            except Exception as error:  # noqa: BLE001 - raised again in the request that waits for it
                outcome = error
            break
        _tell(asked, outcome)

    async def _in_one(self, batch: Sequence[Asked]) -> list[Outcome]:
        if any(asked.key is not None for asked in batch):
            return await self._in_one_transaction(batch)
        matrix = await self._judged()
        async with self._database.stroke() as stroke:
            filed = await file_many(stroke, matrix, [asked.brought for asked in batch])
        count(self._metrics, filed)
        return [_shaped_once_stored(asked, each) for asked, each in zip(batch, filed, strict=True)]

    async def _judged(self) -> Matrix:
        """The matrix, when messages do not pile up; both are remembered for a while and seldom need the database."""
        if not self._back_pressure.due and self._matrix.known is not None:
            self._back_pressure.refuse()
            return self._matrix.known
        async with self._database.transaction() as tx:
            await self._back_pressure.check(tx)
            return await self._matrix.get(tx)

    async def _in_one_transaction(self, batch: Sequence[Asked]) -> list[Outcome]:
        """With keys there is more to be written than one statement does."""
        async with self._database.transaction() as tx:
            await self._back_pressure.check(tx)
            matrix = await self._matrix.get(tx)
            known = await self._answered(tx, [asked for asked in batch if asked.key is not None])
            fresh = [asked for asked in batch if asked not in known]
            filed = await file_many(tx, matrix, [asked.brought for asked in fresh])
            made = {asked: _shaped(asked, each) for asked, each in zip(fresh, filed, strict=True)}
            await kept.keep(tx, _replies(made))
        count(self._metrics, filed)
        return [known.get(asked) or made[asked] for asked in batch]

    async def _answered(self, tx: Tx, keyed: Sequence[Asked]) -> Mapping[Asked, Outcome]:
        """Those whose key is held elsewhere, or was answered before."""
        if not keyed:
            return {}
        keys = [asked.key for asked in keyed if asked.key is not None]
        held = await kept.hold_many(tx, keys)
        before = await kept.find(tx, keys)
        outcomes: dict[Asked, Outcome] = {}
        for asked, key in zip(keyed, keys, strict=True):
            if key not in held:
                outcomes[asked] = in_flight()
            elif key in before:
                outcomes[asked] = Answer(before[key], before=True)
        return outcomes


def _wanted(batch: Iterable[Asked]) -> list[Asked]:
    return [asked for asked in batch if not asked.answer.done()]


async def _read(batch: Iterable[Asked]) -> None:
    """Reads the texts one right after the other: what reading needs is still in the processor's caches then."""
    began = time.monotonic()
    for asked in batch:
        if time.monotonic() - began > READ_AT_ONCE_SECONDS:
            await asyncio.sleep(0)
            began = time.monotonic()
        try:
            asked.brought = asked.bring()
        except Exception as error:  # noqa: BLE001 - raised again in the request that waits for it
            _tell(asked, error)


def _concerns_all(error: Exception) -> bool:
    """Whether trying each by itself is useless (the door is shut) or unsafe (the commit's fate is not known)."""
    return isinstance(error, Problem) or storage_problem(error) is not None


def _shaped(asked: Asked, filed: Filed | InvalidValue) -> Outcome:
    return filed if isinstance(filed, InvalidValue) else Answer(asked.shape(filed))


def _shaped_once_stored(asked: Asked, filed: Filed | InvalidValue) -> Outcome:
    """The same after the commit, where an error must reach the one it concerns: a second try would file all of them again."""
    try:
        return _shaped(asked, filed)
    except Exception as error:  # noqa: BLE001 - raised again in the request that waits for it
        return error


def _replies(made: Mapping[Asked, Outcome]) -> dict[kept.Key, kept.Reply]:
    return {
        asked.key: outcome.reply
        for asked, outcome in made.items()
        if asked.key is not None and isinstance(outcome, Answer)
    }


def _tell(asked: Asked, outcome: Outcome) -> None:
    if asked.answer.done():
        return
    if isinstance(outcome, Answer):
        asked.answer.set_result(outcome)
    else:
        asked.answer.set_exception(outcome)
