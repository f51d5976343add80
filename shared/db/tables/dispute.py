"""The dispute, its private side, its history and its conversation."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    column,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON

from shared.db.tables.schema import ID, INSTANT, METADATA, OPEN, one_of
from shared.domain.dispute import CATEGORIES, Severity
from shared.domain.lifecycle import Outcome, Stage, Status

REFERENCE_NUMBER = Sequence("dispute_reference_number", metadata=METADATA)

dispute = Table(
    "dispute",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("tier", SmallInteger),
    Column("handler", Text),
    Column("outcome", Text),
    Column("remedy", Text),
    Column("remedy_amount", Numeric(20, 4)),
    Column("remedy_currency", String(3)),
    Column("severity", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("needs_person", Boolean, nullable=False),
    Column("secondary", ARRAY(Text), nullable=False),
    Column("issue", Text),
    Column("signals", ARRAY(Text), nullable=False),
    Column("channel", Text, nullable=False),
    Column("amount", Numeric(20, 4)),
    Column("currency", String(3)),
    Column("order_reference", Text),
    Column("product", Text),
    Column("purchased_on", Date),
    Column("remedy_sought", Text),
    Column("customer_id", ID, nullable=False),
    Column("customer_class", Text, nullable=False),
    Column("jurisdiction", Text),
    Column("language", Text, nullable=False),
    Column("time_zone", Text),
    Column("filed_by", ID),
    Column("policy_version", Integer),
    Column("prior_disputes", Integer, nullable=False),
    Column("contact_count", Integer, nullable=False),
    Column("reopen_count", Integer, nullable=False),
    Column("waits", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Column("acknowledged_at", INSTANT),
    Column("responded_at", INSTANT),
    Column("informed_at", INSTANT),
    Column("resolved_at", INSTANT),
    Column("closed_at", INSTANT),
    CheckConstraint(one_of("status", Status), "status"),
    CheckConstraint(one_of("stage", Stage), "stage"),
    CheckConstraint(one_of("severity", Severity), "severity"),
    CheckConstraint(one_of("category", CATEGORIES), "category"),
    CheckConstraint(f"outcome is null or {one_of('outcome', Outcome)}", "outcome"),
    CheckConstraint("(amount is null) = (currency is null)", "amount_has_currency"),
    CheckConstraint("amount >= 0 and remedy_amount >= 0", "never_negative"),
    CheckConstraint("confidence between 0 and 1", "confidence"),
    Index("ix_dispute_received", "received_at", "id"),
    Index("ix_dispute_status", "status", "received_at", "id"),
    Index("ix_dispute_handler", "handler", "received_at", "id", postgresql_where="handler is not null"),
    Index("ix_dispute_load", "handler", "tier", postgresql_where=f"handler is not null and {OPEN}"),
    Index("ix_dispute_tier", "tier", "received_at", "id", postgresql_where="tier > 1"),
    Index("ix_dispute_severity", "severity", "received_at", "id", postgresql_where="severity in ('high', 'critical')"),
    Index("ix_dispute_needs_person", "received_at", "id", postgresql_where="needs_person"),
    Index("ix_dispute_order_reference", "order_reference", postgresql_where="order_reference is not null"),
    postgresql_with={"fillfactor": "85"},
)

customer_dispute = Table(
    "customer_dispute",
    METADATA,
    Column("customer_id", ID, primary_key=True),
    Column("received_at", INSTANT, primary_key=True),
    Column("dispute_id", ID, primary_key=True),
)
"""The disputes of each customer, kept by a trigger. What it says never changes; an index on `dispute` would be written again, at
a place of its own, whenever a dispute moves."""

dispute_private = Table(
    "dispute_private",
    METADATA,
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("customer_reference", Text),
    Column("subject", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("parties", JSON, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("resolution", Text),
    Column("erased_at", INSTANT),
    Index("ix_dispute_private_email", "email"),
    Index("ix_dispute_private_reference", "customer_reference", postgresql_where="customer_reference is not null"),
    Index(
        "ix_dispute_private_words",
        func.to_tsvector(literal_column("'simple'"), column("subject")),
        postgresql_using="gin",
    ),
)
"""Personal data and free text, apart from the history, so that erasure never breaks the chain."""

event = Table(
    "event",
    METADATA,
    Column("dispute_id", ID, ForeignKey("dispute.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("id", ID, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("occurred_at", INSTANT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("traceparent", Text),
    Column("data", JSON, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_event_occurred", "occurred_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)
"""The history: one event per dispute and sequence. `data` is json, not jsonb, because the hash is over its exact text."""

message = Table(
    "message",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), nullable=False),
    Column("direction", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text),
    Column("body", Text, nullable=False),
    Column("internal", Boolean, nullable=False),
    Column("automatic", Boolean, nullable=False, server_default="false"),
    Column("inbound_delivery_id", ID),
    Column("created_at", INSTANT, nullable=False),
    CheckConstraint(one_of("direction", ("in", "out")), "direction"),
    CheckConstraint(one_of("author", ("customer", "agent", "system")), "author"),
    Index("ix_message_dispute", "dispute_id", "created_at", "id"),
)

thread = Table(
    "thread",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Index("ix_thread_dispute", "dispute_id"),
)
"""What ties an outside conversation to a dispute: kind mail with a Message-ID, kind slack with team, channel and ts."""

feedback = Table(
    "feedback",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("dispute_id", ID, ForeignKey("dispute.id", ondelete="CASCADE"), nullable=False),
    Column("occasion", Integer, nullable=False),
    Column("rating", SmallInteger),
    Column("effort", SmallInteger),
    Column("solved", Boolean),
    Column("comment", Text),
    Column("given_at", INSTANT, nullable=False),
    CheckConstraint("rating between 1 and 5", "rating"),
    CheckConstraint("effort between 1 and 7", "effort"),
    Index("uq_feedback_once", "dispute_id", "occasion", unique=True),
)
"""One answer to each decision; `occasion` is how often the dispute had been reopened when it was given."""

__all__ = [
    "REFERENCE_NUMBER",
    "customer_dispute",
    "dispute",
    "dispute_private",
    "event",
    "feedback",
    "message",
    "thread",
]
