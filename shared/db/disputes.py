"""Disputes and their history: read, lock, insert, save. Nothing else changes a dispute.

Saving appends the events to the history, chains their hashes and leaves them in the outbox, in the same statement:
nothing happens without a record, and nothing recorded goes unpublished.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.db import rows
from shared.db.engine import STATEMENT_MS_MAX, Stroke, Tx
from shared.domain.dispute import Dispute
from shared.domain.errors import NotFound, StaleVersion
from shared.domain.frozen import altered
from shared.messages.envelope import Envelope, chained
from shared.messages.events import Event
from shared.runtime.ids import new_id

EMPTY_HEAD: Final = bytes(32)
"""The hash before the first event."""

_BY_IDS: Final = f"{rows.SELECT} where d.id = any($1::uuid[])"
_LOCK: Final = f"{_BY_IDS} order by d.id for no key update of d"
EVENT_IMAGE: Final = (
    ("dispute_id", "uuid"),
    ("sequence", "int"),
    ("id", "uuid"),
    ("type", "text"),
    ("version", "smallint"),
    ("occurred_at", "timestamptz"),
    ("actor", "text"),
    ("traceparent", "text"),
    ("data", "text"),
    ("hash", "bytea"),
    ("body", "bytea"),
)
"""The columns of the composite type `event_image`: a line of the history, and the message that carries it."""

PRIVATE_IMAGE: Final = (
    ("dispute_id", "uuid"),
    ("name", "text"),
    ("email", "text"),
    ("phone", "text"),
    ("customer_reference", "text"),
    ("subject", "text"),
    ("description", "text"),
    ("parties", "text"),
    ("reasons", "text"),
    ("evidence", "text"),
)
"""The columns of the composite type `private_image`; the last three are JSON."""

_FRESH: Final = "(select yes from fresh)"
_PRIVATE_JSON: Final = frozenset({"parties", "reasons", "evidence"})


def _record_sql(images: int, only: str = "") -> str:
    """The part of a statement that writes history and outbox from the event images in this parameter."""
    return (
        f"h as (select * from unnest(${images}::event_image[]) {only}), "
        "e as (insert into event (dispute_id, sequence, id, type, version, occurred_at, actor, traceparent, data, hash) "
        "select dispute_id, sequence, id, type, version, occurred_at, actor, traceparent, data::json, hash from h), "
        "o as (insert into outbox (message_id, topic, body, traceparent, created_at) "
        "select id, type, body, traceparent, occurred_at from h) "
    )


def _insert_sql() -> str:
    columns = [name for name, _ in rows.COLUMNS]
    private = [name for name, _ in PRIVATE_IMAGE]
    values = ", ".join(f"t.{name}::json" if name in _PRIVATE_JSON else f"t.{name}" for name in private)
    return (
        f"with fresh as (select coalesce(clock_timestamp() - $4::timestamptz < '{STATEMENT_MS_MAX} ms', true) as yes), "
        f"d as (insert into dispute ({', '.join(columns)}) "
        f"select {', '.join(map(rows.carried, columns))} from unnest($1::{rows.IMAGE}[]) as t where {_FRESH}), "
        f"p as (insert into dispute_private ({', '.join(private)}) "
        f"select {values} from unnest($2::private_image[]) as t where {_FRESH}), "
        f"{_record_sql(3, f'where {_FRESH}')} select count(*) from h"
    )


@lru_cache(maxsize=256)
def writing(changed: tuple[str, ...]) -> str:
    """The parts of a statement, named `u`, `h`, `e` and `o`, that write these columns, the history and the outbox.

    Its parameters are the values that `gather` makes.
    """
    image = rows.MOVE if changed == rows.SET_BY_MOVE else rows.IMAGE
    sets = ", ".join(f"{name} = {rows.carried(name)}" for name in changed)
    return (
        f"with u as (update dispute d set {sets} from unnest($1::{image}[]) as t "
        "where d.id = t.id and d.sequence = t.was returning d.id), "
        f"{_record_sql(2, 'where dispute_id in (select id from u)')}"
    )


_INSERT: Final = _insert_sql()


class Private(Struct, frozen=True, gc=False):
    """The personal data and free text of a new dispute. `parties`, `reasons` and `evidence` are JSON text."""

    name: str | None
    email: str | None
    phone: str | None
    customer_reference: str | None
    subject: str
    description: str
    parties: str = "[]"
    reasons: str = "[]"
    evidence: str = "[]"


class Change(Struct, frozen=True, gc=False):
    """A dispute before and after, and what the history is to say of it. `actor` is `kind:id`, never a name."""

    before: Dispute
    after: Dispute
    events: tuple[Event, ...]
    actor: str
    traceparent: str | None = None


class Gathered(NamedTuple):
    """Changes as a statement takes them: the columns it writes, and the images of disputes and of lines of history."""

    columns: tuple[str, ...]
    images: list[tuple[Any, ...]]
    lines: list[tuple[Any, ...]]
    saved: list[Dispute]


class Filing(Struct, frozen=True, gc=False):
    """A new dispute with its private side and its first events."""

    dispute: Dispute
    private: Private
    events: tuple[Event, ...]
    actor: str
    traceparent: str | None = None


async def find(tx: Tx, dispute_id: UUID) -> Dispute | None:
    """The dispute, or None."""
    found = await tx.raw.fetch(_BY_IDS, [dispute_id])
    return rows.to_dispute(found[0]) if found else None


async def get(tx: Tx, dispute_id: UUID) -> Dispute:
    """The dispute.

    Raises:
        NotFound: there is none with this id.
    """
    dispute = await find(tx, dispute_id)
    if dispute is None:
        raise NotFound("dispute", dispute_id)
    return dispute


async def lock(tx: Tx, dispute_id: UUID, *, version: int | None = None) -> Dispute:
    """The dispute under its row lock, to be decided on and saved in this transaction.

    Raises:
        NotFound: there is none with this id.
        StaleVersion: the caller decided on another version than the present one.
    """
    found = await lock_many(tx, [dispute_id])
    if dispute_id not in found:
        raise NotFound("dispute", dispute_id)
    dispute = found[dispute_id]
    if version is not None and dispute.version != version:
        raise StaleVersion(version, dispute.version)
    return dispute


async def get_many(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Dispute]:
    """Those of the disputes that exist."""
    return {row["id"]: rows.to_dispute(row) for row in await tx.raw.fetch(_BY_IDS, list(ids))}


async def lock_many(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Dispute]:
    """Those of the disputes that exist, locked in the order of their ids so that two batches never deadlock."""
    return {row["id"]: rows.to_dispute(row) for row in await tx.raw.fetch(_LOCK, sorted(set(ids)))}


async def insert_many(tx: Tx | Stroke, filings: Sequence[Filing]) -> list[Dispute]:
    """Stores new disputes with their history, in one statement. Returns them with sequence and head set.

    Raises:
        TimeoutError: outside a transaction, when the process slept so long that the filings would appear behind those
            who have looked for new ones already; nothing is stored.
    """
    if not filings:
        return []
    record = _Record(tx.now)
    saved = [record.add(f.dispute, f.events, f.actor, f.traceparent) for f in filings]
    private = [
        (
            f.dispute.id,
            f.private.name,
            f.private.email,
            f.private.phone,
            f.private.customer_reference,
            f.private.subject,
            f.private.description,
            f.private.parties,
            f.private.reasons,
            f.private.evidence,
        )
        for f in filings
    ]
    images = [rows.image(dispute) for dispute in saved]
    began = tx.instant if isinstance(tx, Stroke) else None
    if not await tx.raw.fetchval(_INSERT, images, private, record.lines, began):
        raise TimeoutError("The filings were decided on too long ago.")
    tx.hints.add("outbox")
    return saved


async def save(tx: Tx, change: Change) -> Dispute:
    """Saves one change; see `save_many`."""
    return (await save_many(tx, [change]))[0]


async def save_many(tx: Tx, changes: Sequence[Change]) -> list[Dispute]:
    """Saves changed disputes and their events, in one statement. The disputes must be locked in this transaction.

    Raises:
        StaleVersion: a dispute was changed since it was read; nothing is saved.
    """
    if not changes:
        return []
    gathered = gather(tx.now, changes)
    count = await tx.raw.fetchval(
        f"{writing(gathered.columns)} select count(*) from u", gathered.images, gathered.lines
    )
    check(tx, changes, gathered, count)
    return gathered.saved


def gather(now: datetime, changes: Sequence[Change]) -> Gathered:
    """The changes with sequence and head set, and what `writing` needs of them."""
    record = _Record(now)
    saved = [record.add(c.after, c.events, c.actor, c.traceparent, c.before) for c in changes]
    changed = rows.changed((c.before, after) for c, after in zip(changes, saved, strict=True))
    if rows.DAILY.issuperset(changed):
        images = [rows.move(after, c.before.sequence) for c, after in zip(changes, saved, strict=True)]
        return Gathered(rows.SET_BY_MOVE, images, record.lines, saved)
    images = [rows.image(after, c.before.sequence) for c, after in zip(changes, saved, strict=True)]
    return Gathered(changed, images, record.lines, saved)


def check(tx: Tx, changes: Sequence[Change], gathered: Gathered, written: int) -> None:
    """Holds what was written against what was to be.

    Raises:
        StaleVersion: a dispute was changed since it was read; the transaction must not be committed.
    """
    if written != len(changes):
        raise StaleVersion(changes[0].before.version)
    if gathered.lines:
        tx.hints.add("outbox")


class _Record:
    """Gathers the history lines of one statement."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.lines: list[tuple[Any, ...]] = []

    def add(
        self,
        dispute: Dispute,
        events: Sequence[Event],
        actor: str,
        traceparent: str | None,
        before: Dispute | None = None,
    ) -> Dispute:
        sequence, head = (before.sequence, before.head) if before else (0, EMPTY_HEAD)
        for event in events:
            sequence += 1
            envelope = Envelope(new_id(), dispute.id, sequence, self.now, actor, event, traceparent)
            data = envelope.data()
            head = chained(head, envelope, data)
            place = (dispute.id, sequence, envelope.id, event.type, event.version, self.now, actor, traceparent)
            self.lines.append((*place, data.decode(), head, envelope.encode_with(data)))
        return altered(dispute, sequence=sequence, head=head)
