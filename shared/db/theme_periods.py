"""Which days and weeks are to be counted for themes, and what was counted and found, as it is read."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.db.engine import Tx
from shared.domain.themes import SEASONS_BACK

SETTLES: Final = timedelta(minutes=15)
"""How long after its end a period is counted: what was filed in its last moment is stored by then."""
COUNTED_AGAIN: Final = timedelta(days=14)
"""For so long a period is counted again when disputes of it were added or deleted."""
KEPT: Final = timedelta(days=120)
"""How long counts are kept; what was found is kept two years."""
FOUND_KEPT: Final = timedelta(days=731)
SAMPLES_MAX: Final = 5

_FIRST: Final = "select received_at from dispute order by received_at, id limit 1"
_COUNTED: Final = "select starts from theme_period where period = $1 and starts >= $2"
_CHANGED: Final = (
    "select p.starts from theme_period p where p.period = $1 and p.starts >= $2 and p.disputes <> (select count(*) "
    "from dispute d where d.received_at >= p.starts::timestamp at time zone 'UTC' "
    "and d.received_at < (p.starts + $3::int)::timestamp at time zone 'UTC') order by p.starts limit 1"
)
_NEWEST: Final = "select max(starts) from theme_period where period = $1"
_PERIOD: Final = "select disputes, customers, sampled, floor, history, asked, counted_at from theme_period where period = $1 and starts = $2"
_THEMES: Final = (
    "select kind, term, customers, expected, lift, chance, array(select row(d.id, d.reference) from dispute d "
    "where d.id = any(t.samples) order by d.received_at desc, d.id) as samples "
    "from theme t where period = $1 and starts = $2 order by chance, kind, term"
)


class Span(NamedTuple):
    """A day or a week, from Monday, in UTC."""

    period: str
    starts: date

    @property
    def days(self) -> int:
        return 7 if self.period == "week" else 1

    @property
    def ends(self) -> date:
        """Its last day, if the calendar has it."""
        return date.fromordinal(min(self.starts.toordinal() + self.days - 1, date.max.toordinal()))

    @property
    def season(self) -> int:
        """Days are compared with the same weekday, weeks with weeks."""
        return self.starts.weekday() if self.period == "day" else 0

    @property
    def back(self) -> date:
        """Where the past begins that it is set against."""
        return self.starts - timedelta(days=7 * SEASONS_BACK)

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """From the first instant, inclusive, to the last, exclusive."""
        start = datetime.combine(self.starts, time(), UTC)
        return start, start + timedelta(days=self.days)

    @classmethod
    def around(cls, period: str, day: date) -> "Span":
        """The one that this day is in."""
        return cls(period, day - timedelta(days=day.weekday()) if period == "week" else day)


class Sample(NamedTuple):
    """A dispute that speaks of a theme."""

    id: UUID
    reference: str


class Found(NamedTuple):
    """A theme with some of its disputes."""

    kind: str
    term: str
    customers: int
    expected: float
    lift: float
    chance: float
    samples: Sequence[Sample]


class Counted(NamedTuple):
    """What is known of a counted period, and what rose in it, the least likely by chance first."""

    disputes: int
    customers: int
    sampled: int
    floor: int
    history: int
    asked: int
    counted_at: datetime
    themes: Sequence[Found]


async def due(tx: Tx) -> Span | None:
    """The oldest finished period that is to be counted, days before weeks; None when all are.

    Never counted ones come first, as far back as a past reaches from today; then those whose disputes became more or fewer.
    """
    first = await tx.raw.fetchval(_FIRST)
    if first is None:
        return None
    for period in ("day", "week"):
        newest = _finished(period, tx.now)
        oldest = Span.around(period, max(first.date(), newest.starts - timedelta(days=7 * (SEASONS_BACK + 1))))
        counted = {row["starts"] for row in await tx.raw.fetch(_COUNTED, period, oldest.starts)}
        day = oldest.starts
        while day <= newest.starts:
            if day not in counted:
                return Span(period, day)
            day += timedelta(days=oldest.days)
        changed = await tx.raw.fetchval(_CHANGED, period, (tx.now - COUNTED_AGAIN).date(), oldest.days)
        if changed is not None:
            return Span(period, changed)
    return None


def _finished(period: str, now: datetime) -> Span:
    """The newest period that is over and has settled."""
    running = Span.around(period, (now - SETTLES).date())
    return Span(period, running.starts - timedelta(days=running.days))


async def read(tx: Tx, period: str, at: date | None) -> tuple[Span | None, Counted | None]:
    """The period around this day, else the newest that was counted, and what is known of it."""
    day = at if at is not None else await tx.raw.fetchval(_NEWEST, period)
    if day is None:
        return None, None
    span = Span.around(period, day)
    row = await tx.raw.fetchrow(_PERIOD, *span)
    if row is None:
        return span, None
    found = [_found(themed) for themed in await tx.raw.fetch(_THEMES, *span)]
    return span, Counted(**row, themes=found)


def _found(row: Mapping[str, Any]) -> Found:
    facts = dict(row)
    samples = [Sample(*each) for each in facts.pop("samples")]
    return Found(**facts, samples=samples)


async def prune(tx: Tx) -> None:
    """Forgets counts and findings that are older than is kept; a day's worth at a time falls out."""
    await tx.raw.execute("delete from theme_count where starts < $1", (tx.now - KEPT).date())
    for table in ("theme", "theme_period"):
        await tx.raw.execute(f"delete from {table} where starts < $1", (tx.now - FOUND_KEPT).date())
