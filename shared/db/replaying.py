"""Past disputes replayed under two matrices: read in pages, told, weighed; in one process or in several."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.db import stories
from shared.db.engine import Database
from shared.domain.breach_risk import Model
from shared.domain.comparison import Comparison, Contrast, Scales
from shared.domain.errors import RecourseError
from shared.domain.matrix import Matrix
from shared.domain.remembering import remembering
from shared.domain.replay import PRIOR, for_replay, replay
from shared.domain.replayed_risk import Assumed
from shared.domain.story import Story
from shared.domain.timekeeping import Calendars

PAGE: Final = 250


class Trial(NamedTuple):
    """The two matrices as they are replayed, the calendars they count on, and what breach risk is worked out on."""

    present: Matrix
    proposed: Matrix
    calendars: Calendars
    assumed: Assumed = PRIOR

    @classmethod
    def of(cls, present: Matrix, proposed: Matrix, calendars: Calendars, model: Model | None = None) -> "Trial":
        """A trial of these, with this model of breach risk or the prior."""
        return cls(for_replay(present), for_replay(proposed), remembering(calendars), Assumed.of(model))


class Replay(NamedTuple):
    """What was compared, of how many disputes that are over. `in_time` is False when the time was over first."""

    as_of: datetime
    over: int
    seconds: float
    in_time: bool
    comparison: Comparison

    @property
    def a_minute(self) -> float:
        """Disputes a minute, each told under both matrices, reading included."""
        return self.comparison.disputes / self.seconds * 60 if self.seconds else 0.0


def weigh(scales: Scales, told: Sequence[Story], trial: Trial) -> None:
    """Tells each story under both matrices."""
    for story in told:
        try:
            contrast = Contrast(
                story.dispute.reference,
                replay(story, trial.present, trial.calendars, trial.assumed),
                replay(story, trial.proposed, trial.calendars, trial.assumed),
            )
        except RecourseError as error:
            scales.fail(str(error))
        else:
            scales.add(contrast)


async def replay_newest(database: Database, trial: Trial, *, limit: int, since: datetime, seconds: float) -> Replay:
    """The newest disputes that are over, received since then, at most `limit`, for so many seconds at most."""
    began, scales, in_time = time.monotonic(), Scales(), True
    async with database.transaction() as tx:
        over = await stories.count_over(tx, since)
        ids = await stories.newest_over(tx, since, limit)
        as_of = tx.now
    for first in range(0, len(ids), PAGE):
        if time.monotonic() - began > seconds:
            in_time = False
            break
        told = await read(database, ids[first : first + PAGE])
        await asyncio.to_thread(weigh, scales, told, trial)
    return Replay(as_of, over, time.monotonic() - began, in_time, scales.comparison())


async def read(database: Database, ids: Sequence[UUID]) -> list[Story]:
    """The stories of one page, in a transaction of their own."""
    async with database.transaction() as tx:
        return await stories.read(tx, ids)
