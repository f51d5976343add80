"""What categorisation answered in a month, from a bounded sample: the same cost whether there are many disputes or few."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.db.engine import Tx
from shared.domain.drift import Answers, Drift, drift

PER_HOUR: Final = 30
"""So many disputes of each hour are looked at, the first ones: at most 22,320 a month, spread over all of it."""

# A correction changed the dispute; what was read before it is in the correction.
_ANSWERS: Final = (
    "select coalesce(c.read_as, d.category) as category, count(*) as answers, "
    "count(*) filter (where coalesce(c.read_needs_person, d.needs_person)) as needs_person, "
    "sum(coalesce(c.read_confidence, d.confidence)) as confidence, "
    "sum(coalesce(c.read_confidence, d.confidence) ^ 2) as squares, "
    "count(*) filter (where c.category <> c.read_as) as corrected "
    "from generate_series($1::timestamptz, $2::timestamptz - interval '1 microsecond', interval '1 hour') as hour "
    "cross join lateral (select id, category, needs_person, confidence from dispute "
    "where received_at >= hour and received_at < least(hour + interval '1 hour', $2) "
    "order by received_at, id limit $3) as d "
    "left join category_correction c on c.dispute_id = d.id group by 1"
)


async def against_last_month(tx: Tx, month: datetime) -> Drift:
    """The month that holds this instant against the one before, by UTC; of a month under way, what there is so far."""
    first = first_of(month)
    before = first_of(first - timedelta(days=1))
    after = first_of(first + timedelta(days=31))
    return drift(await answers(tx, before, first), await answers(tx, first, min(after, max(first, tx.now))))


async def answers(tx: Tx, since: datetime, until: datetime) -> Answers:
    """What was answered of disputes received from one instant up to another; PER_HOUR of each hour."""
    rows = await tx.raw.fetch(_ANSWERS, since, until, PER_HOUR)
    return Answers(
        categories=Counter({row["category"]: row["answers"] for row in rows}),
        needs_person=sum(row["needs_person"] for row in rows),
        confidence=sum(row["confidence"] for row in rows),
        squares=sum(row["squares"] for row in rows),
        corrected=sum(row["corrected"] for row in rows),
    )


def first_of(instant: datetime) -> datetime:
    """The first instant of its month (UTC)."""
    return instant.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
