"""Every past dispute replayed, by several processes: each reads its own pages on its own connection."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.db import stories
from shared.db.engine import Database, make_engine
from shared.db.replaying import Replay, Trial, read, weigh
from shared.db.stories import Place
from shared.domain.breach_model import model_of
from shared.domain.comparison import Scales
from shared.policy.calendars import load_calendars
from shared.policy.matrix import parse_matrix
from shared.runtime.memory import settle

APPLICATION: Final = "recourse-replay"
_LAST: Final = Place(datetime.max.replace(tzinfo=UTC), UUID(int=(1 << 128) - 1))


class Order(NamedTuple):
    """What every process needs: where the disputes are, both matrices as documents, the calendars' folder, the risk model."""

    url: str
    present: Mapping[str, Any]
    proposed: Mapping[str, Any]
    calendars: Path
    years: range
    model: Mapping[str, Any] | None = None

    def trial(self) -> Trial:
        """The matrices and calendars, parsed."""
        calendars = load_calendars(self.calendars, self.years)
        present = parse_matrix(self.present, version=1, calendars=calendars)
        proposed = parse_matrix(self.proposed, version=2, calendars=calendars)
        return Trial.of(present, proposed, calendars, None if self.model is None else model_of(self.model))


class _Bench(NamedTuple):
    """What one process works with until it ends."""

    runner: asyncio.Runner
    database: Database
    trial: Trial


_BENCH: list[_Bench] = []


async def replay_whole(database: Database, order: Order, *, since: datetime, limit: int, processes: int) -> Replay:
    """All disputes that are over and were received since then, or the first `limit` found, newest first by status."""
    began, scales = time.monotonic(), Scales()
    async with database.transaction() as tx:
        over, as_of = await stories.count_over(tx, since), tx.now
    with ProcessPoolExecutor(processes, get_context("spawn"), _open, (order,)) as pool:
        under_way: set[asyncio.Future[Scales]] = set()
        loop = asyncio.get_running_loop()
        async for page in _pages(database, since, limit):
            if len(under_way) >= 2 * processes:
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                _gather(scales, done)
            under_way.add(loop.run_in_executor(pool, _weigh, page))
        if under_way:
            done, _ = await asyncio.wait(under_way)
            _gather(scales, done)
        await asyncio.gather(*(loop.run_in_executor(pool, _close) for _ in range(processes)))
    return Replay(as_of, over, time.monotonic() - began, in_time=True, comparison=scales.comparison())


def _gather(scales: Scales, done: set[asyncio.Future[Scales]]) -> None:
    for each in done:
        scales.take(each.result())


async def _pages(database: Database, since: datetime, limit: int) -> AsyncIterator[Sequence[UUID]]:
    left = limit
    for status in stories.OVER:
        place = _LAST
        while left > 0:
            async with database.transaction() as tx:
                found = await stories.over_before(tx, status, place, since, min(stories.PAGE, left))
            if not found:
                break
            left -= len(found)
            place = found[-1]
            yield [each.id for each in found]


def _open(order: Order) -> None:
    """Once in each process."""
    database = Database(make_engine(order.url, pool_size=1, application=APPLICATION))
    _BENCH.append(_Bench(asyncio.Runner(), database, order.trial()))
    settle()


def _weigh(ids: Sequence[UUID]) -> Scales:
    runner, database, trial = _BENCH[0]
    scales = Scales()
    weigh(scales, runner.run(read(database, ids)), trial)
    return scales


def _close() -> None:
    """Closes the connection of whichever process takes this, if it is open still."""
    while _BENCH:
        runner, database, _ = _BENCH.pop()
        runner.run(database.dispose())
        runner.close()
