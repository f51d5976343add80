"""How a dispute becomes a row and a row a dispute: the one place where the two are held against each other.

These are the hot statements of the product, so they run on the asyncpg connection beneath SQLAlchemy, many rows at a
time as an array of records; the SQL text is built once from the columns listed here.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import compress
from operator import attrgetter, is_not, itemgetter
from typing import Any, Final

import orjson
from msgspec.structs import astuple

from shared.domain.dispute import Category, Dispute, Remedy, Severity, Wait
from shared.domain.lifecycle import Outcome, Stage, Status
from shared.domain.money import Money

IMAGE: Final = "dispute_image_2"
"""The composite type whose values carry whole rows to a statement: one parameter of records is encoded in half the time,
here and in PostgreSQL, that one array per column takes. A column that is added later needs a new type in its migration:
processes of the version before still send the old one."""

MOVE: Final = "dispute_move"
"""The composite type that carries what changes of a dispute from day to day: less than half of the columns, none of them
made of several. What a change needs beside these travels in `IMAGE`."""

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
    ("issue", "text"),
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
_MOVING: Final = (
    "status",
    "stage",
    "tier",
    "handler",
    "severity",
    "policy_version",
    "contact_count",
    "reopen_count",
    "updated_at",
    "acknowledged_at",
    "responded_at",
    "informed_at",
    "resolved_at",
    "closed_at",
)
_TYPES: Final = dict(COLUMNS)
MOVED: Final = (*((name, _TYPES[name]) for name in ("id", *_ALWAYS, *_MOVING)), WAS)
"""The names and types of what `MOVE` carries, in its order."""

SET_BY_MOVE: Final = (*_ALWAYS, *_MOVING)
"""The columns that a save writes from a `MOVE`: all of them, so that there is one statement and not one for each change."""

DAILY: Final = frozenset(SET_BY_MOVE)

_PATHS: Final = {
    "category": "category.name",
    "confidence": "category.confidence",
    "needs_person": "category.needs_person",
    "issue": "category.issue",
}
_ATTRIBUTES: Final = {
    "remedy_amount": "remedy",
    "remedy_currency": "remedy",
    "confidence": "category",
    "needs_person": "category",
    "issue": "category",
    "secondary": "category",
    "currency": "amount",
}
"""The attribute a column is read from, where the two have different names."""

_read_plain: Final = attrgetter(*(_PATHS.get(name, name) for name, _ in _PLAIN))
_read_move: Final = attrgetter("id", *_ALWAYS, *_MOVING)

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


def move(dispute: Dispute, was: int) -> tuple[Any, ...]:
    """What of the dispute changes from day to day as one value of the type `MOVE`."""
    return (*_read_move(dispute), was)


def changed(pairs: Iterable[tuple[Dispute, Dispute]]) -> tuple[str, ...]:
    """The columns in which any of the disputes differs from what it was, and those that every change moves."""
    moved: set[str] = set()
    for before, after in pairs:
        if before is not after:
            moved.update(compress(Dispute.__struct_fields__, map(is_not, astuple(before), astuple(after))))
    return (*_ALWAYS, *(name for name in _MUTABLE if _ATTRIBUTES.get(name, name) in moved))


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
    facts = list(row[:WIDTH])
    name, confidence, needs_person, issue, outcome = _read_category(facts)
    amount, currency, remedy, remedy_amount, remedy_currency, secondary, signals, waits, metadata = facts[len(_PLAIN) :]
    facts += (
        _STATUSES[facts[_STATUS]],
        _STAGES[facts[_STAGE]],
        _SEVERITIES[facts[_SEVERITY]],
        Outcome(outcome) if outcome else None,
        Category(name, confidence, needs_person, tuple(secondary), issue),
        tuple(signals),
        _money(amount, currency),
        Remedy(remedy, _money(remedy_amount, remedy_currency)) if remedy else None,
        _waits(waits),
        {} if metadata == "{}" else orjson.loads(metadata),
    )
    return Dispute(*_in_order(facts))


_NAMES: Final = [name for name, _ in COLUMNS]
_STATUS, _STAGE, _SEVERITY = (_NAMES.index(name) for name in ("status", "stage", "severity"))
_read_category: Final = itemgetter(*map(_NAMES.index, ("category", "confidence", "needs_person", "issue", "outcome")))
_READ: Final = (
    "status",
    "stage",
    "severity",
    "outcome",
    "category",
    "signals",
    "amount",
    "remedy",
    "waits",
    "metadata",
)
"""The fields that `to_dispute` makes of columns, in the order in which it adds them to the row."""

_PLACES: Final = {**{name: place for place, name in enumerate(_NAMES)}, **{n: WIDTH + p for p, n in enumerate(_READ)}}
_in_order: Final = itemgetter(*(_PLACES[field] for field in Dispute.__struct_fields__))
