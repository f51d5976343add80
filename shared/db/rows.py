"""How a dispute becomes a row and a row a dispute: the one place where the two are held against each other.

These are the hot statements of the product, so they run on the asyncpg connection beneath SQLAlchemy, many rows at a
time as an array of records; the SQL text is built once from the columns listed here.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import compress
from operator import attrgetter, is_not
from typing import Any, Final

import orjson

from shared.domain.dispute import Category, Dispute, Remedy, Severity, Wait
from shared.domain.lifecycle import Outcome, Stage, Status
from shared.domain.money import Money

IMAGE: Final = "dispute_image"
"""The composite type whose values carry whole rows to a statement: one parameter of records is encoded in half the time,
here and in PostgreSQL, that one array per column takes. A column that is added later needs a new type in its migration:
processes of the version before still send the old one."""

_PLAIN: Final = (
    ("id", "uuid"),
    ("reference", "text"),
    ("channel", "text"),
    ("customer_id", "uuid"),
    ("filed_by", "uuid"),
    ("prior_disputes", "int"),
    ("received_at", "timestamptz"),
    ("version", "int"),
    ("sequence", "int"),
    ("head", "bytea"),
    ("status", "text"),
    ("stage", "text"),
    ("tier", "smallint"),
    ("handler", "text"),
    ("outcome", "text"),
    ("severity", "text"),
    ("category", "text"),
    ("confidence", "float8"),
    ("needs_person", "bool"),
    ("order_reference", "text"),
    ("product", "text"),
    ("purchased_on", "date"),
    ("remedy_sought", "text"),
    ("customer_class", "text"),
    ("jurisdiction", "text"),
    ("language", "text"),
    ("time_zone", "text"),
    ("policy_version", "int"),
    ("contact_count", "int"),
    ("reopen_count", "int"),
    ("updated_at", "timestamptz"),
    ("acknowledged_at", "timestamptz"),
    ("responded_at", "timestamptz"),
    ("informed_at", "timestamptz"),
    ("resolved_at", "timestamptz"),
    ("closed_at", "timestamptz"),
)
"""Columns that hold one attribute of the dispute as it is."""

_COMPOSED: Final = (
    ("amount", "numeric"),
    ("currency", "text"),
    ("remedy", "text"),
    ("remedy_amount", "numeric"),
    ("remedy_currency", "text"),
    ("secondary", "text"),
    ("signals", "text"),
    ("waits", "text"),
    ("metadata", "text"),
)
"""Columns that are made of an attribute, or of a part of it; lists of names and JSON travel as text."""

COLUMNS: Final = (*_PLAIN, *_COMPOSED)
"""The names and types of the columns, in the order of the image and of `SELECT`."""

WIDTH: Final = len(COLUMNS)
"""How many values of a row of `SELECT` are the dispute's."""

WAS: Final = ("was", "int")
"""What the image has beside the columns: the sequence at which the dispute was read, 0 for a new one."""

_FIXED: Final = frozenset({"id", "reference", "channel", "customer_id", "filed_by", "prior_disputes", "received_at"})
"""Columns that never change after filing."""

_CARRIED: Final = {
    "waits": "t.waits::json",
    "metadata": "t.metadata::json",
    "secondary": "string_to_array(t.secondary, '|')",
    "signals": "string_to_array(t.signals, '|')",
}
_ALWAYS: Final = ("version", "sequence", "head")
_MUTABLE: Final = tuple(name for name, _ in COLUMNS if name not in {*_FIXED, *_ALWAYS})

_PATHS: Final = {
    "category": "category.name",
    "confidence": "category.confidence",
    "needs_person": "category.needs_person",
}
_ATTRIBUTES: Final = {
    "remedy_amount": "remedy",
    "remedy_currency": "remedy",
    "confidence": "category",
    "needs_person": "category",
    "secondary": "category",
    "currency": "amount",
}
"""The attribute a column is read from, where the two have different names."""

_read_plain: Final = attrgetter(*(_PATHS.get(name, name) for name, _ in _PLAIN))
_read_mutable: Final = attrgetter(*(_ATTRIBUTES.get(name, name) for name in _MUTABLE))

# Looking a member up in a dictionary takes a tenth of the time that its class takes.
_STATUSES: Final = {status.value: status for status in Status}
_STAGES: Final = {stage.value: stage for stage in Stage}
_SEVERITIES: Final = {severity.value: severity for severity in Severity}

# JSON comes as text: most of it is empty, and text that is empty need not be parsed.
_SHOWN: Final = (f"d.{name}::text" if name in {"waits", "metadata"} else f"d.{name}" for name, _ in COLUMNS)
SELECT: Final = f"select {', '.join(_SHOWN)} from dispute d"


def image(dispute: Dispute, was: int = 0) -> tuple[Any, ...]:
    """The dispute as one value of the type `IMAGE`; `was` is the sequence at which it was read."""
    amount, remedy = dispute.amount, dispute.remedy
    given = None if remedy is None else remedy.amount
    plain: tuple[Any, ...] = _read_plain(dispute)
    return (
        *plain,
        None if amount is None else amount.amount,
        None if amount is None else amount.currency,
        None if remedy is None else remedy.kind,
        None if given is None else given.amount,
        None if given is None else given.currency,
        "|".join(dispute.category.secondary),
        "|".join(dispute.signals),
        _waits_text(dispute.waits),
        orjson.dumps(dispute.metadata).decode() if dispute.metadata else "{}",
        was,
    )


def changed(pairs: Iterable[tuple[Dispute, Dispute]]) -> tuple[str, ...]:
    """The columns in which any of the disputes differs from what it was, and those that every change moves."""
    moved: set[str] = set()
    for before, after in pairs:
        if before is not after:
            moved.update(compress(_MUTABLE, map(is_not, _read_mutable(before), _read_mutable(after))))
    return (*_ALWAYS, *(name for name in _MUTABLE if name in moved))


def carried(name: str) -> str:
    """How a column is read from an image named `t`."""
    return _CARRIED.get(name, f"t.{name}")


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


def to_dispute(row: Sequence[Any]) -> Dispute:
    """The dispute that the first `WIDTH` values of a row of `SELECT` hold; by place, which is twice as fast as by name."""
    (
        id_,
        reference,
        channel,
        customer_id,
        filed_by,
        prior_disputes,
        received_at,
        version,
        sequence,
        head,
        status,
        stage,
        tier,
        handler,
        outcome,
        severity,
        category,
        confidence,
        needs_person,
        order_reference,
        product,
        purchased_on,
        remedy_sought,
        customer_class,
        jurisdiction,
        language,
        time_zone,
        policy_version,
        contact_count,
        reopen_count,
        updated_at,
        acknowledged_at,
        responded_at,
        informed_at,
        resolved_at,
        closed_at,
        amount,
        currency,
        remedy,
        remedy_amount,
        remedy_currency,
        secondary,
        signals,
        waits,
        metadata,
    ) = row[:WIDTH]
    return Dispute(
        id=id_,
        reference=reference,
        version=version,
        sequence=sequence,
        head=head,
        status=_STATUSES[status],
        stage=_STAGES[stage],
        tier=tier,
        handler=handler,
        outcome=Outcome(outcome) if outcome else None,
        remedy=Remedy(remedy, _money(remedy_amount, remedy_currency)) if remedy else None,
        severity=_SEVERITIES[severity],
        category=Category(category, confidence, needs_person, tuple(secondary)),
        signals=tuple(signals),
        channel=channel,
        amount=_money(amount, currency),
        order_reference=order_reference,
        product=product,
        purchased_on=purchased_on,
        remedy_sought=remedy_sought,
        customer_id=customer_id,
        customer_class=customer_class,
        jurisdiction=jurisdiction,
        language=language,
        time_zone=time_zone,
        filed_by=filed_by,
        policy_version=policy_version,
        prior_disputes=prior_disputes,
        contact_count=contact_count,
        reopen_count=reopen_count,
        waits=_waits(waits),
        received_at=received_at,
        updated_at=updated_at,
        acknowledged_at=acknowledged_at,
        responded_at=responded_at,
        informed_at=informed_at,
        resolved_at=resolved_at,
        closed_at=closed_at,
        metadata={} if metadata == "{}" else orjson.loads(metadata),
    )
