"""The statements of a page of a list: what is wanted as conditions, and along what the disputes are walked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.db import rows
from shared.domain.dispute import Severity

SCAN_MAX: Final = 10_000
"""Disputes that one page may examine when its filters have no index."""
GLANCE: Final = 1_000
"""Disputes of a customer that are examined first, for most have fewer and the newest may be enough."""
RARE_MAX: Final = 2_000
"""Up to so many candidates are looked up by their ids; more are common enough to be met on a walk."""

_NEWEST_FIRST: Final = "order by d.received_at desc, d.id desc"
_COLUMNS: Final = {
    "handler": True,
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


class Condition(NamedTuple):
    """A condition with a `{}` for each of its values, however often a value is named."""

    text: str
    values: tuple[Any, ...] = ()


class _Walk(NamedTuple):
    """Along what disputes are walked: the table, and its columns for the place."""

    table: str
    at: str
    id: str

    def source(self, columns: str, where: str, limit: int) -> str:
        """The newest along it."""
        return f"select {columns} from {self.table} {where}order by {self.at} desc, {self.id} desc limit {limit}"


_ALL: Final = _Walk("dispute d", "d.received_at", "d.id")
_OF_CUSTOMER: Final = _Walk("customer_dispute k", "k.received_at", "k.dispute_id")


class Query:
    """The statements of one page: conditions that an index answers, and those looked at on the walk.

    A customer's disputes are walked in their own table, which knows nothing but the place: all else is looked at, unless
    the candidates are known by their ids.
    """

    def __init__(self, wanted: Wanted, after: Place | None) -> None:
        self.indexed: list[Condition] = []
        self.walked: list[Condition] = []
        for indexed, condition in _filters(wanted):
            (self.indexed if indexed else self.walked).append(condition)
        self._statuses = tuple(wanted.status or ())
        self._customer = wanted.customer_id
        self._wanted = wanted
        self._after = after

    def candidates(self, found: Sequence[Any], condition: str, value: object, rare_max: int) -> None:
        """Restricts to the disputes found, or to the condition when there are too many of them."""
        if len(found) <= rare_max:
            ids = [row["dispute_id"] for row in found]
            self.indexed.append(Condition("d.id = any({0}::uuid[])", (ids,)))
            self._look_at_the_customer()
        else:
            self.walked.append(Condition(condition, (value,)))

    def _look_at_the_customer(self) -> None:
        if self._customer is not None:
            self.indexed.append(Condition("d.customer_id = {0}", (self._customer,)))
            self._customer = None

    @property
    def scans(self) -> tuple[int, ...]:
        """How many disputes may be examined: first, and when that was not enough."""
        return (SCAN_MAX,) if self._customer is None else (GLANCE, SCAN_MAX)

    def page(self, limit: int, scan: int) -> tuple[str, list[Any]]:
        """The statement of at most `limit` disputes among the first `scan` where some are only looked at, and its values."""
        values: list[Any] = []
        walked = self.looked_at()
        inner = scan if walked else limit
        if self._customer is not None:
            # By a list of ids PostgreSQL reads each page of the index once; by a join it looks up each dispute anew.
            source = (
                f"select d.* from dispute d where d.id = any(array({self._of_customer('k.dispute_id', inner, values)}))"
            )
        else:
            source = " union all ".join(f"({self._source('d.*', inner, each, values)})" for each in self._branches())
        chosen = f"select d.* from ({source}) as d {_where(walked, values)}{_NEWEST_FIRST} limit {limit}"
        shown = rows.SELECT.removesuffix(" from dispute d")
        return (
            f"{shown}, p.subject, p.name as customer_name from ({chosen}) as d "
            f"join dispute_private p on p.dispute_id = d.id {_NEWEST_FIRST}"
        ), values

    def last_examined(self, scan: int) -> tuple[str, list[Any]]:
        """The statement of the place where the walk of this page ended, if it ended before the last dispute."""
        values: list[Any] = []
        if self._customer is not None:
            source = self._of_customer("k.received_at, k.dispute_id as id", 1, values)
        else:
            (branch,) = self._branches()
            source = self._source("d.received_at, d.id", 1, branch, values)
        return f"{source} offset {scan - 1}", values

    def looked_at(self) -> list[Condition]:
        """The conditions looked at on the walk; of several statuses too, unless nothing else is looked at."""
        of_customer = self._customer is not None
        looked_at = [*self.walked, *(self.indexed if of_customer else ())]
        if self._statuses and (of_customer or (looked_at and len(self._statuses) > 1)):
            return [*looked_at, Condition("d.status = any({0}::text[])", (list(self._statuses),))]
        return looked_at

    def _branches(self) -> list[Condition | None]:
        """One walk for each status where the index alone decides, so that each is in order; else a single one."""
        if not self._statuses or len(self.looked_at()) > len(self.walked):
            return [None]
        return [Condition("d.status = {0}", (status,)) for status in self._statuses]

    def _source(self, columns: str, limit: int, branch: Condition | None, values: list[Any]) -> str:
        conditions = [*_range(self._wanted, self._after, _ALL), *self.indexed, *([branch] if branch else [])]
        return _ALL.source(columns, _where(conditions, values), limit)

    def _of_customer(self, columns: str, limit: int, values: list[Any]) -> str:
        own = Condition("k.customer_id = {0}", (self._customer,))
        where = _where([own, *_range(self._wanted, self._after, _OF_CUSTOMER)], values)
        return _OF_CUSTOMER.source(columns, where, limit)


def _where(conditions: Sequence[Condition], values: list[Any]) -> str:
    """The conditions as SQL, their values added to those of the statement."""
    texts = []
    for condition in conditions:
        first = len(values) + 1
        values.extend(condition.values)
        texts.append(condition.text.format(*(f"${first + n}" for n in range(len(condition.values)))))
    return f"where {' and '.join(texts)} " if texts else ""


def _range(wanted: Wanted, after: Place | None, walk: _Walk) -> Iterator[Condition]:
    if after is not None:
        yield Condition(f"({walk.at}, {walk.id}) < ({{0}}::timestamptz, {{1}}::uuid)", tuple(after))
    if wanted.received_from is not None:
        yield Condition(f"{walk.at} >= {{0}}", (wanted.received_from,))
    if wanted.received_to is not None:
        yield Condition(f"{walk.at} < {{0}}", (wanted.received_to,))


def _filters(wanted: Wanted) -> Iterator[tuple[bool, Condition]]:
    """Each filter given, and whether it has an index."""
    for name, indexed in _COLUMNS.items():
        value = getattr(wanted, name)
        if value is not None:
            yield indexed, Condition(f"d.{name} = {{0}}", (value,))
    # Written out, because the planner matches a partial index only against a constant.
    if wanted.tier is not None:
        yield wanted.tier > 1, Condition(f"d.tier = {int(wanted.tier)}")
    if wanted.severity is not None:
        yield wanted.severity in _PRESSING, Condition(f"d.severity = '{Severity(wanted.severity).value}'")
    if wanted.needs_person is not None:
        yield wanted.needs_person, Condition("d.needs_person" if wanted.needs_person else "not d.needs_person")
