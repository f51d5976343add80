"""Correct the facts of a dispute. A corrected category is training data: the history keeps what was read and what is right."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from shared.db import disputes
from shared.db.disputes import Change
from shared.db.engine import Tx
from shared.domain.conditions import SEVERITY_ORDER, Facts
from shared.domain.dispute import Category, Dispute
from shared.domain.errors import InvalidValue
from shared.domain.frozen import altered
from shared.domain.matrix import Matrix
from shared.domain.severity import assess
from shared.messages.events import DisputeCorrected

_FREE_TEXT: Final = frozenset({"product", "order_reference", "metadata"})
"""What callers write there may be about a person, so the history tells only that it changed, by its hash."""
_OF_CATEGORY: Final = ("category", "issue", "needs_person")
_PRESSES: Final = frozenset({"category", "amount", "customer_class"})
"""Facts that can make a dispute press harder."""


async def correct(
    tx: Tx,
    before: Dispute,
    facts: Mapping[str, Any],
    *,
    matrix: Matrix,
    actor: str,
    reason: str | None = None,
    traceparent: str | None = None,
) -> Dispute:
    """The dispute with these facts; unchanged, and without an event, when they are what it has already.

    `facts` are fields of the dispute, `category`, `issue` and `needs_person` by name. Another category
    without an issue leaves none. A correction that makes the dispute press
    harder by the matrix raises its severity; only a severity given by hand lowers it.

    Raises:
        InvalidValue: the purchase lies in the future.
    """
    fields = _fields(before, facts, tx.now)
    after = before.changed(tx.now, **fields)
    if "severity" not in facts and not _PRESSES.isdisjoint(fields):
        judged = assess(matrix, Facts.of(after)).severity
        if SEVERITY_ORDER[judged] > SEVERITY_ORDER[before.severity]:
            fields["severity"] = judged
            after = before.changed(tx.now, **fields)
    changes = {name: (_told(name, getattr(before, name)), _told(name, value)) for name, value in fields.items()}
    if "category" in fields:
        changes |= _category_changes(before.category, after.category)
    if not fields:
        return before
    event = DisputeCorrected(
        changes={name: pair for name, pair in changes.items() if pair[0] != pair[1]}, reason=reason
    )
    return await disputes.save(tx, Change(before, after, (event,), actor, traceparent))


def _fields(before: Dispute, facts: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The fields of the dispute that really change."""
    wanted = dict(facts)
    said: dict[str, Any] = {name: wanted.pop(name) for name in _OF_CATEGORY if name in wanted}
    if said:
        wanted["category"] = _category(before.category, said)
    purchased = wanted.get("purchased_on")
    if purchased is not None and purchased > (now + timedelta(days=1)).date():
        raise InvalidValue("/purchased_on", "Lies in the future.")
    return {name: value for name, value in wanted.items() if value != getattr(before, name)}


def _category(before: Category, said: Mapping[str, Any]) -> Category:
    name, issue = said.get("category", before.name), said.get("issue", before.issue)
    if "category" not in said:
        return altered(before, needs_person=said.get("needs_person", before.needs_person), issue=issue)
    return Category(
        name,
        1.0,  # a person has said so
        said.get("needs_person", False),
        tuple(each for each in before.secondary if each != name),
        issue if name == before.name else said.get("issue"),
    )


def _category_changes(before: Category, after: Category) -> dict[str, tuple[str | None, str | None]]:
    return {
        "category": (before.name, after.name),
        "confidence": (f"{before.confidence:g}", f"{after.confidence:g}"),
        "needs_person": (str(before.needs_person).lower(), str(after.needs_person).lower()),
        "issue": (before.issue, after.issue),
    }


def _told(name: str, value: Any) -> str | None:
    """A value as the history may tell it."""
    if value is None:
        return None
    if name in _FREE_TEXT:
        text = orjson.dumps(dict(value) if isinstance(value, Mapping) else value, option=orjson.OPT_SORT_KEYS)
        return f"sha256:{hashlib.sha256(text).hexdigest()}"
    return str(value)
