"""Lists of disputes, newest first, a page at a time, with every filter bounded in the rows it may examine.

Filters with an index of their own walk that index; beside a customer all walk the customer's disputes. The others walk the
disputes themselves. Walked is from the newest down, and at most `SCAN_MAX` of them per page: such a page may be short or empty and still name a next one. What is overdue, at risk or
matches a text is looked up first when it is rare, and walked for when it is common. A dispute is overdue when it is
unresolved and the newest clock of some kind ran out and was not met.
"""

from dataclasses import dataclass
from typing import Final

from shared.db import rows
from shared.db.engine import Tx
from shared.db.search_query import RARE_MAX, SCAN_MAX, Condition, Place, Query, Wanted
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import ACTIVE

PAGE_MAX: Final = 100
OVERDUE_RARE_MAX: Final = 20_000
"""The same for what is overdue, whose walk asks the clocks of every dispute and so takes much longer."""

COMMON_MIN: Final = 5_000
"""Subjects that the planner must expect to match before words are taken for common without asking the index."""

_MISSED: Final = (
    "c.state = 'missed' and c.met_at is null and c.stopped_at is null and not exists (select from clock n "
    "where n.dispute_id = c.dispute_id and n.kind = c.kind and n.generation > c.generation)"
)
_OVERDUE: Final = (
    f"select c.dispute_id from clock c where {_MISSED} "
    "union all select c.dispute_id from timer t join clock c on c.dispute_id = t.dispute_id "
    "where t.due_at < $1 and c.state = 'running' and c.due_at < $1 "
    f"limit {OVERDUE_RARE_MAX + 1}"
)
_IS_OVERDUE: Final = (
    f"exists (select from clock c where c.dispute_id = d.id and (({_MISSED}) "
    "or (c.state = 'running' and c.due_at < {0})))"
)
_IS_ACTIVE: Final = f"d.status in ({', '.join(repr(status.value) for status in sorted(ACTIVE))})"
_RISKY: Final = f"select dispute_id from risk_score where probability >= $1 limit {RARE_MAX + 1}"
_IS_RISKY: Final = "exists (select from risk_score r where r.dispute_id = d.id and r.probability >= {0})"
_EXACT: Final = (
    "select id as dispute_id from dispute where reference = upper($1) "
    "union all select id from dispute where order_reference = $1 "
    "union all select dispute_id from dispute_private where email = lower($1) "
    "union all select dispute_id from dispute_private where customer_reference = $1 "
    f"limit {RARE_MAX + 1}"
)
_IS_EXACT: Final = (
    "(d.order_reference = {0} or exists (select from dispute_private p where p.dispute_id = d.id "
    "and (p.email = lower({0}) or p.customer_reference = {0})))"
)
_WORDS: Final = (
    "select dispute_id from dispute_private where to_tsvector('simple', subject) @@ plainto_tsquery('simple', $1) "
    f"limit {RARE_MAX + 1}"
)
_WORDS_ESTIMATED: Final = f"explain (format json) {_WORDS.rpartition(' limit ')[0]}"
_HAS_WORDS: Final = (
    "exists (select from dispute_private p where p.dispute_id = d.id "
    "and to_tsvector('simple', p.subject) @@ plainto_tsquery('simple', {0}))"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A dispute in a list, with what a reader knows it by."""

    dispute: Dispute
    subject: str
    customer_name: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Disputes, newest first; `next` is None on the last page."""

    items: tuple[Listed, ...]
    next: Place | None


async def page(tx: Tx, wanted: Wanted, *, after: Place | None = None, limit: int = 50) -> Page:
    """The next page of what is wanted, at most `limit` of 100."""
    limit = min(limit, PAGE_MAX)
    query = Query(wanted, after)
    if wanted.overdue:
        query.candidates(await tx.raw.fetch(_OVERDUE, tx.now), _IS_OVERDUE, tx.now, OVERDUE_RARE_MAX)
        query.walked.append(Condition(_IS_ACTIVE))
    if wanted.risk_at_least is not None:
        query.candidates(await tx.raw.fetch(_RISKY, wanted.risk_at_least), _IS_RISKY, wanted.risk_at_least, RARE_MAX)
        query.walked.append(Condition(_IS_ACTIVE))
    if wanted.q is not None:
        await _look_for(tx, query, wanted.q)
    # A plan made for these very values: whether a handler has ten disputes or a hundred thousand decides the index.
    await tx.raw.execute("set local plan_cache_mode = force_custom_plan")
    items: tuple[Listed, ...] = ()
    examined = None
    for scan in query.scans:
        text, values = query.page(limit + 1, scan)
        found = await tx.raw.fetch(text, *values)
        items = tuple(Listed(rows.to_dispute(row), row["subject"], row["customer_name"]) for row in found[:limit])
        if len(found) > limit:
            last = items[-1].dispute
            return Page(items, Place(last.received_at, last.id))
        examined = await _last_examined(tx, query, scan)
        if examined is None:
            break
    return Page(items, examined)


async def _last_examined(tx: Tx, query: Query, scan: int) -> Place | None:
    """Where the walk ended; None when it came to the last dispute."""
    if not query.looked_at():
        return None
    text, values = query.last_examined(scan)
    row = await tx.raw.fetchrow(text, *values)
    return None if row is None else Place(row["received_at"], row["id"])


async def _look_for(tx: Tx, query: Query, q: str) -> None:
    """Restricts to what is called exactly so, else to what has the words in its subject."""
    exact = await tx.raw.fetch(_EXACT, q)
    if exact:
        query.candidates(exact, _IS_EXACT, q, RARE_MAX)
        return
    # The index names every match before it can stop; of words in many subjects that is dearer than a walk.
    plan = await tx.raw.fetchval(_WORDS_ESTIMATED, q)
    if plan[0]["Plan"]["Plan Rows"] > COMMON_MIN:
        query.walked.append(Condition(_HAS_WORDS, (q,)))
    else:
        query.candidates(await tx.raw.fetch(_WORDS, q), _HAS_WORDS, q, RARE_MAX)


__all__ = [
    "COMMON_MIN",
    "OVERDUE_RARE_MAX",
    "PAGE_MAX",
    "RARE_MAX",
    "SCAN_MAX",
    "Listed",
    "Page",
    "Place",
    "Wanted",
    "page",
]
