"""What goes out: one row per message to one recipient, and every attempt at it."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from shared.db.tables.schema import ID, INSTANT, METADATA, one_of

DELIVERY_STATES = ("pending", "sent", "suppressed", "dead")

delivery = Table(
    "delivery",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE")),
    Column("kind", Text, nullable=False),
    Column("occasion", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", INSTANT),
    Column("created_at", INSTANT, nullable=False),
    Column("sent_at", INSTANT),
    Column("reason", Text),
    Column("traceparent", Text),
    CheckConstraint(one_of("state", DELIVERY_STATES), "state"),
    CheckConstraint("(state = 'pending') = (due_at is not null)", "pending_is_due"),
    Index("uq_delivery_once", "dispute_id", "kind", "occasion", "channel", "recipient", unique=True),
    Index("ix_delivery_due", "channel", "recipient", "due_at", postgresql_where="due_at is not null"),
    Index("ix_delivery_endpoint", "recipient", "id", postgresql_where="audience = 'integration'"),
)
"""Planned once per dispute, kind, occasion, channel and recipient, however often the event comes.

`recipient` is `customer`, a holder's name in the matrix, or a webhook endpoint's id: the address is looked up at sending.
The test of an endpoint and a digest are about no dispute.
"""

delivery_attempt = Table(
    "delivery_attempt",
    METADATA,
    Column("delivery_id", ID, ForeignKey("delivery.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("began_at", INSTANT, nullable=False),
    Column("ended_at", INSTANT),
    Column("outcome", Text),
    Column("detail", Text),
)
"""An attempt without an outcome is one whose process died: it may or may not have arrived."""

notice_window = Table(
    "notice_window",
    METADATA,
    Column("recipient", Text, primary_key=True),
    Column("began_at", INSTANT, nullable=False),
    Column("notices", Integer, nullable=False),
    Column("crowded", Boolean, nullable=False),
    Column("digest_id", ID),
)
"""How many notices each of ours was owed in the window that runs, and the digest that was last begun for them."""
