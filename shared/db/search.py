"""Lists of disputes, newest first, a page at a time, with every filter bounded in the rows it may examine.

Filters with an index of their own walk that index. The others walk the disputes themselves, from the newest down, and at
most `SCAN_MAX` of them per page: such a page may be short or empty and still name a next one. What is overdue, at risk or
matches a text is looked up first when it is rare, and walked for when it is common. A dispute is overdue when it is
unresolved and the newest clock of some kind ran out and was not met.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.db import rows
from shared.db.engine import Tx
from shared.domain.dispute import Dispute, Severity
from shared.domain.lifecycle import ACTIVE

PAGE_MAX: Final = 100
SCAN_MAX: Final = 10_000
"""Disputes that one page may examine when its filters have no index."""
RARE_MAX: Final = 2_000
"""Up to so many candidates are looked up by their ids; more are common enough to be met on a walk."""

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
_NEWEST_FIRST: Final = "order by d.received_at desc, d.id desc"
_COLUMNS: Final = {
    "handler": True,
    "customer_id": True,
    "category": False,
    "issue": False,
    "channel": False,
    "filed_by": False,
}
"""Columns compared as they are, and whether an index answers."""
_PRESSING: Final = ("high", "critical")
"""Severities with an index; the others are most of all disputes."""


class Place(NamedTuple):
    """Where a page ended: the next begins after it."""

    received_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to list; None means whatever it is. `q` is exactly a reference, address or order, else words of the subject.

    `risk_at_least` goes by the stored scores, of unresolved disputes alone.
    """

    status: Sequence[str] | None = None
    category: str | None = None
    issue: str | None = None
    tier: int | None = None
    handler: str | None = None
    severity: str | None = None
    channel: str | None = None
    customer_id: UUID | None = None
    filed_by: UUID | None = None
    needs_person: bool | None = None
    overdue: bool = False
    risk_at_least: float | None = None
    q: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None


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
    query = _Query(wanted, after)
    if wanted.overdue:
        query.candidates(await tx.raw.fetch(_OVERDUE, tx.now), _IS_OVERDUE, tx.now, rare_max=OVERDUE_RARE_MAX)
        query.walked.append(_Condition(_IS_ACTIVE))
    if wanted.risk_at_least is not None:
        query.candidates(
            await tx.raw.fetch(_RISKY, wanted.risk_at_least), _IS_RISKY, wanted.risk_at_least, rare_max=RARE_MAX
        )
        query.walked.append(_Condition(_IS_ACTIVE))
    if wanted.q is not None:
        await _look_for(tx, query, wanted.q)
    # A plan made for these very values: whether a handler has ten disputes or a hundred thousand decides the index.
    await tx.raw.execute("set local plan_cache_mode = force_custom_plan")
    text, values = query.page(limit + 1)
    found = await tx.raw.fetch(text, *values)
    items = tuple(Listed(rows.to_dispute(row), row["subject"], row["customer_name"]) for row in found[:limit])
    if len(found) > limit:
        last = items[-1].dispute
        return Page(items, Place(last.received_at, last.id))
    if not query.walked:
        return Page(items, None)
    text, values = query.last_examined()
    examined = await tx.raw.fetchrow(text, *values)
    return Page(items, None if examined is None else Place(examined["received_at"], examined["id"]))


async def _look_for(tx: Tx, query: "_Query", q: str) -> None:
    """Restricts to what is called exactly so, else to what has the words in its subject."""
    exact = await tx.raw.fetch(_EXACT, q)
    if exact:
        query.candidates(exact, _IS_EXACT, q, rare_max=RARE_MAX)
        return
    # The index names every match before it can stop; of words in many subjects that is dearer than a walk.
    plan = await tx.raw.fetchval(_WORDS_ESTIMATED, q)
    if plan[0]["Plan"]["Plan Rows"] > COMMON_MIN:
        query.walked.append(_Condition(_HAS_WORDS, (q,)))
    else:
        query.candidates(await tx.raw.fetch(_WORDS, q), _HAS_WORDS, q, rare_max=RARE_MAX)


class _Condition(NamedTuple):
    """A condition with a `{}` for each of its values, however often a value is named."""

    text: str
    values: tuple[Any, ...] = ()


class _Query:
    """The statements of one page: conditions that an index answers, and those looked at on the walk."""

    def __init__(self, wanted: Wanted, after: Place | None) -> None:
        self.indexed = [*_range(wanted, after)]
        self.walked: list[_Condition] = []
        for indexed, condition in _filters(wanted):
            (self.indexed if indexed else self.walked).append(condition)
        self._statuses = tuple(wanted.status or ())

    def candidates(self, found: Sequence[Any], condition: str, value: object, *, rare_max: int) -> None:
        """Restricts to the disputes found, or to the condition when there are too many of them."""
        if len(found) <= rare_max:
            ids = [row["dispute_id"] for row in found]
            self.indexed.append(_Condition("d.id = any({0}::uuid[])", (ids,)))
        else:
            self.walked.append(_Condition(condition, (value,)))

    def page(self, limit: int) -> tuple[str, list[Any]]:
        """The statement of at most `limit` disputes, and its values."""
        values: list[Any] = []
        walked = self._looked_at()
        inner = SCAN_MAX if walked else limit
        union = " union all ".join(f"({self._source('d.*', inner, each, values)})" for each in self._branches())
        chosen = f"select d.* from ({union}) as d {_where(walked, values)}{_NEWEST_FIRST} limit {limit}"
        shown = rows.SELECT.removesuffix(" from dispute d")
        return (
            f"{shown}, p.subject, p.name as customer_name from ({chosen}) as d "
            f"join dispute_private p on p.dispute_id = d.id {_NEWEST_FIRST}"
        ), values

    def last_examined(self) -> tuple[str, list[Any]]:
        """The statement of the place where the walk of this page ended, if it ended before the last dispute."""
        values: list[Any] = []
        (branch,) = self._branches()
        return f"{self._source('d.received_at, d.id', 1, branch, values)} offset {SCAN_MAX - 1}", values

    def _looked_at(self) -> list[_Condition]:
        """The conditions looked at on the walk; of several statuses too, unless nothing else is looked at."""
        if self.walked and len(self._statuses) > 1:
            return [*self.walked, _Condition("d.status = any({0}::text[])", (list(self._statuses),))]
        return self.walked

    def _branches(self) -> list[_Condition | None]:
        """One walk for each status where the index alone decides, so that each is in order; else a single one."""
        if not self._statuses or len(self._looked_at()) > len(self.walked):
            return [None]
        return [_Condition("d.status = {0}", (status,)) for status in self._statuses]

    def _source(self, columns: str, limit: int, branch: _Condition | None, values: list[Any]) -> str:
        where = _where([*self.indexed, *([branch] if branch else [])], values)
        return f"select {columns} from dispute d {where}{_NEWEST_FIRST} limit {limit}"


def _where(conditions: Sequence[_Condition], values: list[Any]) -> str:
    """The conditions as SQL, their values added to those of the statement."""
    texts = []
    for condition in conditions:
        first = len(values) + 1
        values.extend(condition.values)
        texts.append(condition.text.format(*(f"${first + n}" for n in range(len(condition.values)))))
    return f"where {' and '.join(texts)} " if texts else ""


def _range(wanted: Wanted, after: Place | None) -> Iterator[_Condition]:
    if after is not None:
        yield _Condition("(d.received_at, d.id) < ({0}::timestamptz, {1}::uuid)", tuple(after))
    if wanted.received_from is not None:
        yield _Condition("d.received_at >= {0}", (wanted.received_from,))
    if wanted.received_to is not None:
        yield _Condition("d.received_at < {0}", (wanted.received_to,))


def _filters(wanted: Wanted) -> Iterator[tuple[bool, _Condition]]:
    """Each filter given, and whether it has an index."""
    for name, indexed in _COLUMNS.items():
        value = getattr(wanted, name)
        if value is not None:
            yield indexed, _Condition(f"d.{name} = {{0}}", (value,))
    # Written out, because the planner matches a partial index only against a constant.
    if wanted.tier is not None:
        yield wanted.tier > 1, _Condition(f"d.tier = {int(wanted.tier)}")
    if wanted.severity is not None:
        yield wanted.severity in _PRESSING, _Condition(f"d.severity = '{Severity(wanted.severity).value}'")
    if wanted.needs_person is not None:
        yield wanted.needs_person, _Condition("d.needs_person" if wanted.needs_person else "not d.needs_person")
