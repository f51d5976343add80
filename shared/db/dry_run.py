"""A dry run over the open disputes: reads, decides, counts, and writes nothing."""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.db import open_sample
from shared.db.engine import Database, Tx
from shared.db.open_sample import Looked, Page
from shared.db.policies import Matrices
from shared.db.surroundings import Surroundings
from shared.domain.errors import RecourseError
from shared.domain.foresight import Foresight, Tally
from shared.domain.matrix import Matrix
from shared.domain.migration import Versions
from shared.domain.milestones import NOTHING_BEYOND, Beyond
from shared.domain.simulation import foresee
from shared.domain.timekeeping import Calendars

SECONDS_MAX: Final = 600.0
_NAMED_MAX: Final = 5


class Bounds(NamedTuple):
    """How many disputes are looked at, about, and for how long at most."""

    limit: int
    seconds: float = SECONDS_MAX


class DryRun(NamedTuple):
    """What was seen of how much. `in_time` is False when the time was over before all that was drawn was looked at."""

    as_of: datetime
    open_disputes: int
    drawn: bool
    in_time: bool
    seconds: float
    foresight: Foresight

    @property
    def complete(self) -> bool:
        """Whether every open dispute was looked at."""
        return self.in_time and not self.drawn

    def sentences(self) -> Iterator[str]:
        """The answer as one would tell it."""
        seen = self.foresight
        looked = seen.looked_at + seen.not_taken_up + sum(seen.failed.values())
        how = "" if self.complete else ", drawn evenly" if self.in_time else ", until the time was over"
        yield f"Looked at {looked:,} of {self.open_disputes:,} open disputes{how}."
        yield (
            f"Migrated now, {seen.moved:,} deadlines would move: {sum(seen.earlier.bands.values()):,} earlier, "
            f"{sum(seen.later.bands.values()):,} later; {seen.overdue:,} would have passed already."
        )
        yield (
            f"{seen.escalated:,} disputes would climb at once, {seen.handler_changed:,} would change hands, "
            f"{seen.severity_changed:,} would press more or less."
        )
        if seen.held:
            yield f"{seen.held:,} promises to customers would be later and therefore stay."
        if seen.regime_clocks:
            names = ", ".join(f"{name} {count:,}" for name, count in list(seen.regime_clocks.items())[:_NAMED_MAX])
            more = len(seen.regime_clocks) - _NAMED_MAX
            total = sum(seen.regime_clocks.values())
            yield (
                f"{total:,} running clocks belong to regimes and do not change, whatever the matrix says: "
                f"{names}{f' and {more} more' if more > 0 else ''}."
            )
        yield "Without a migration no running deadline moves; only new cases begin with this version."


class Proposal(NamedTuple):
    """The matrix to be tried, and whether promises to customers might then move later."""

    matrix: Matrix
    allow_later: bool = False


async def dry_run(
    database: Database, matrices: Matrices, calendars: Calendars, proposal: Proposal, bounds: Bounds
) -> DryRun:
    """What migrating the open disputes now would do; `now` is each page's own reading of the database's clock."""
    began, tally, in_time = time.monotonic(), Tally(), True
    async with database.transaction() as tx:
        count = await open_sample.count_open(tx)
        as_of = tx.now
    surroundings = Surroundings(proposal.matrix, calendars)
    pages = open_sample.pages(database, limit=bounds.limit, of=count)
    async with contextlib.aclosing(pages):
        async for page in pages:
            async with database.transaction() as tx:
                known = await matrices_of(tx, matrices, page.disputes)
                beyond = await surroundings.read(tx, page.disputes)
            await asyncio.to_thread(_look, tally, page, known, _Trial(proposal, calendars, surroundings, beyond))
            if time.monotonic() - began > bounds.seconds:
                in_time = False
                break
    return DryRun(
        as_of=as_of,
        open_disputes=count,
        drawn=bounds.limit < count,
        in_time=in_time,
        seconds=time.monotonic() - began,
        foresight=tally.foresight(),
    )


async def matrices_of(tx: Tx, matrices: Matrices, looked: Sequence[Looked]) -> Mapping[int | None, Matrix | None]:
    """What the cases rest on, by version; None for a version that does not hold any more."""
    found: dict[int | None, Matrix | None] = {}
    newest = await matrices.current(tx)
    for version in {each.dispute.policy_version for each in looked}:
        try:
            found[version] = await matrices.for_case(tx, version, newest)
        except RecourseError:
            found[version] = None
    return found


class _Trial(NamedTuple):
    """What one page is decided on."""

    proposal: Proposal
    calendars: Calendars
    surroundings: Surroundings
    beyond: Mapping[UUID, Beyond]


def _look(tally: Tally, page: Page, known: Mapping[int | None, Matrix | None], trial: _Trial) -> None:
    proposal, around = trial.proposal, trial.beyond
    for dispute, clocks in page.disputes:
        came_from = known[dispute.policy_version]
        if dispute.tier is None:
            tally.pass_over()
        elif came_from is None:
            tally.fail(f"version {dispute.policy_version} cannot be read")
        else:
            versions = Versions(came_from, proposal.matrix)
            try:
                effect = foresee(
                    dispute,
                    clocks,
                    versions,
                    trial.calendars,
                    page.now,
                    allow_later=proposal.allow_later,
                    beyond=around.get(dispute.id, NOTHING_BEYOND),
                )
            except RecourseError as error:
                tally.fail(str(error))
            else:
                tally.add(effect)
                trial.surroundings.took(*effect.handler)
