"""What carries events between the services: outbox, inbox, what waits to be tried again, and who is alive."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from shared.db.tables.schema import ID, INSTANT, METADATA, one_of

outbox = Table(
    "outbox",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("message_id", ID, nullable=False),
    Column("topic", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("traceparent", Text),
    Column("created_at", INSTANT, nullable=False),
    postgresql_with={"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_cost_delay": "0"},
)
"""Recorded and not yet confirmed by the broker; a row is deleted when it is."""

inbox = Table(
    "inbox",
    METADATA,
    Column("consumer", Text, primary_key=True),
    Column("message_id", ID, primary_key=True),
    Column("handled_at", INSTANT, nullable=False),
    Index("ix_inbox_handled", "handled_at"),
)
"""Messages whose effect is committed, so that a second delivery has none."""

parked = Table(
    "parked",
    METADATA,
    Column("consumer", Text, primary_key=True),
    Column("message_id", ID, primary_key=True),
    Column("state", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", INSTANT),
    Column("reason", Text, nullable=False),
    Column("first_failed_at", INSTANT, nullable=False),
    Column("failed_at", INSTANT, nullable=False),
    CheckConstraint(one_of("state", ("retry", "dead")), "state"),
    CheckConstraint("(state = 'retry') = (due_at is not null)", "retry_is_due"),
    Index("ix_parked_due", "due_at"),
)
"""Messages whose handling failed: waiting to be tried again, or dead with a reason for a person."""

heartbeat = Table(
    "heartbeat",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("beat_at", INSTANT, nullable=False),
    Column("detail", JSON, nullable=False),
)
"""When each engine last finished a round: what readiness and the alarm look at."""
