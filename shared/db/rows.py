"""How a dispute becomes a row and a row a dispute: the one place where the two are held against each other.

These are the hot statements of the product, so they run on the asyncpg connection beneath SQLAlchemy, many rows at a
time through `unnest`; the SQL text is built once from the columns listed here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import compress
from operator import attrgetter, is_not
from typing import Any, Final

import asyncpg
import orjson

from shared.domain.dispute import Category, Dispute, Remedy, Severity, Wait
from shared.domain.lifecycle import Outcome, Stage, Status
from shared.domain.money import Money


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, the type of the array that carries it, and how to read it off the dispute."""

    name: str
    type: str
    read: Callable[[Dispute], Any]
    expression: str = "t.{name}"


_LIST: Final = "string_to_array(t.{name}, '|')"

FIXED: Final = (
    Field("id", "uuid", lambda d: d.id),
    Field("reference", "text", lambda d: d.reference),
    Field("channel", "text", lambda d: d.channel),
    Field("customer_id", "uuid", lambda d: d.customer_id),
    Field("filed_by", "uuid", lambda d: d.filed_by),
    Field("prior_disputes", "int", lambda d: d.prior_disputes),
    Field("received_at", "timestamptz", lambda d: d.received_at),
)
"""Columns that never change after filing."""

MUTABLE: Final = (
    Field("version", "int", lambda d: d.version),
    Field("sequence", "int", lambda d: d.sequence),
    Field("head", "bytea", lambda d: d.head),
    Field("status", "text", lambda d: d.status.value),
    Field("stage", "text", lambda d: d.stage.value),
    Field("tier", "smallint", lambda d: d.tier),
    Field("handler", "text", lambda d: d.handler),
    Field("outcome", "text", lambda d: d.outcome and d.outcome.value),
    Field("remedy", "text", lambda d: d.remedy and d.remedy.kind),
    Field("remedy_amount", "numeric", lambda d: d.remedy and d.remedy.amount and d.remedy.amount.amount),
    Field("remedy_currency", "text", lambda d: d.remedy and d.remedy.amount and d.remedy.amount.currency),
    Field("severity", "text", lambda d: d.severity.value),
    Field("category", "text", lambda d: d.category.name),
    Field("confidence", "float8", lambda d: d.category.confidence),
    Field("needs_person", "bool", lambda d: d.category.needs_person),
    Field("secondary", "text", lambda d: "|".join(d.category.secondary), _LIST),
    Field("signals", "text", lambda d: "|".join(d.signals), _LIST),
    Field("amount", "numeric", lambda d: d.amount and d.amount.amount),
    Field("currency", "text", lambda d: d.amount and d.amount.currency),
    Field("order_reference", "text", lambda d: d.order_reference),
    Field("product", "text", lambda d: d.product),
    Field("purchased_on", "date", lambda d: d.purchased_on),
    Field("remedy_sought", "text", lambda d: d.remedy_sought),
    Field("customer_class", "text", lambda d: d.customer_class),
    Field("jurisdiction", "text", lambda d: d.jurisdiction),
    Field("language", "text", lambda d: d.language),
    Field("time_zone", "text", lambda d: d.time_zone),
    Field("policy_version", "int", lambda d: d.policy_version),
    Field("contact_count", "int", lambda d: d.contact_count),
    Field("reopen_count", "int", lambda d: d.reopen_count),
    Field("waits", "json", lambda d: _waits_text(d.waits)),
    Field("metadata", "json", lambda d: orjson.dumps(dict(d.metadata)).decode() if d.metadata else "{}"),
    Field("updated_at", "timestamptz", lambda d: d.updated_at),
    Field("acknowledged_at", "timestamptz", lambda d: d.acknowledged_at),
    Field("responded_at", "timestamptz", lambda d: d.responded_at),
    Field("informed_at", "timestamptz", lambda d: d.informed_at),
    Field("resolved_at", "timestamptz", lambda d: d.resolved_at),
    Field("closed_at", "timestamptz", lambda d: d.closed_at),
)

# Looking a member up in a dictionary takes a tenth of the time that its class takes.
_STATUSES: Final = {status.value: status for status in Status}
_STAGES: Final = {stage.value: stage for stage in Stage}
_SEVERITIES: Final = {severity.value: severity for severity in Severity}

_ATTRIBUTES: Final = {
    "remedy_amount": "remedy",
    "remedy_currency": "remedy",
    "confidence": "category",
    "needs_person": "category",
    "secondary": "category",
    "currency": "amount",
}
"""The attribute a column is read from, where the two have different names."""

_READ_ALL: Final = attrgetter(*(_ATTRIBUTES.get(f.name, f.name) for f in MUTABLE))
_NUMBERS: Final = range(len(MUTABLE))
_ALWAYS: Final = frozenset({"version", "sequence", "head"})

# JSON comes as text: most of it is empty, and text that is empty need not be parsed.
_SHOWN: Final = (f"d.{f.name}::text" if f.type == "json" else f"d.{f.name}" for f in (*FIXED, *MUTABLE))
SELECT: Final = f"select {', '.join(_SHOWN)} from dispute d"


def columns(fields: Sequence[Field], rows: Sequence[Dispute]) -> list[list[Any]]:
    """The rows turned on their side: one list per column, as `unnest` wants them."""
    return [[f.read(row) for row in rows] for f in fields]


def changed(pairs: Iterable[tuple[Dispute, Dispute]]) -> tuple[Field, ...]:
    """The columns in which any of the disputes differs from what it was, and those that every change moves."""
    moved: set[int] = set()
    for before, after in pairs:
        if before is not after:
            moved.update(compress(_NUMBERS, map(is_not, _READ_ALL(before), _READ_ALL(after))))
    return tuple(f for n, f in enumerate(MUTABLE) if n in moved or f.name in _ALWAYS)


def unnest(fields: Sequence[Field], first: int) -> str:
    """The SQL of a row set whose arrays are the parameters from `$first` on."""
    arrays = ", ".join(f"${first + n}::{f.type}[]" for n, f in enumerate(fields))
    return f"unnest({arrays}) as t({', '.join(f.name for f in fields)})"


def expressions(fields: Sequence[Field]) -> str:
    """What each column is set from, in order."""
    return ", ".join(f.expression.format(name=f.name) for f in fields)


def _waits_text(waits: tuple[Wait, ...]) -> str:
    if not waits:
        return "[]"
    return orjson.dumps([[w.since, w.until, w.on] for w in waits], option=orjson.OPT_UTC_Z).decode()


def _waits(text: str) -> tuple[Wait, ...]:
    if text == "[]":
        return ()
    read = datetime.fromisoformat
    return tuple(
        Wait(read(since).astimezone(UTC), read(until).astimezone(UTC) if until else None, on)
        for since, until, on in orjson.loads(text)
    )


def _money(amount: Decimal | None, currency: str | None) -> Money | None:
    return None if amount is None or currency is None else Money(amount, currency)


def to_dispute(row: asyncpg.Record) -> Dispute:
    """The dispute that a row of `SELECT` holds."""
    remedy = row["remedy"]
    category = Category(row["category"], row["confidence"], row["needs_person"], tuple(row["secondary"]))
    return Dispute(
        id=row["id"],
        reference=row["reference"],
        version=row["version"],
        sequence=row["sequence"],
        head=row["head"],
        status=_STATUSES[row["status"]],
        stage=_STAGES[row["stage"]],
        tier=row["tier"],
        handler=row["handler"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        remedy=Remedy(remedy, _money(row["remedy_amount"], row["remedy_currency"])) if remedy else None,
        severity=_SEVERITIES[row["severity"]],
        category=category,
        signals=tuple(row["signals"]),
        channel=row["channel"],
        amount=_money(row["amount"], row["currency"]),
        order_reference=row["order_reference"],
        product=row["product"],
        purchased_on=row["purchased_on"],
        remedy_sought=row["remedy_sought"],
        customer_id=row["customer_id"],
        customer_class=row["customer_class"],
        jurisdiction=row["jurisdiction"],
        language=row["language"],
        time_zone=row["time_zone"],
        filed_by=row["filed_by"],
        policy_version=row["policy_version"],
        prior_disputes=row["prior_disputes"],
        contact_count=row["contact_count"],
        reopen_count=row["reopen_count"],
        waits=_waits(row["waits"]),
        received_at=row["received_at"],
        updated_at=row["updated_at"],
        acknowledged_at=row["acknowledged_at"],
        responded_at=row["responded_at"],
        informed_at=row["informed_at"],
        resolved_at=row["resolved_at"],
        closed_at=row["closed_at"],
        metadata={} if row["metadata"] == "{}" else orjson.loads(row["metadata"]),
    )
