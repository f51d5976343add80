"""Who may call, what was asked before, what came in and where events go out to."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON

from shared.db.tables.schema import ID, INSTANT, METADATA, one_of

principal = Table(
    "principal",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("tier", SmallInteger),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("created_at", INSTANT, nullable=False),
    CheckConstraint(
        one_of("role", ("admin", "agent", "lead", "manager", "executive", "integration", "observer")), "role"
    ),
)

api_key = Table(
    "api_key",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("principal_id", ID, ForeignKey("principal.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT),
    Column("revoked_at", INSTANT),
    Column("last_used_at", INSTANT),
    Column("successor_id", ID),
    Index("ix_api_key_principal", "principal_id"),
)

idempotency = Table(
    "idempotency",
    METADATA,
    Column("principal_id", ID, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", SmallInteger),
    Column("headers", JSON),
    Column("body", LargeBinary),
    Column("created_at", INSTANT, nullable=False),
    Index("ix_idempotency_created", "created_at"),
)
"""One row per key, reserved before the work and in the same transaction, so that a crash leaves no half-kept key."""

webhook_endpoint = Table(
    "webhook_endpoint",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("previous_secret", LargeBinary),
    Column("topics", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("disabled_reason", Text),
    Column("failing_since", INSTANT),
    Column("created_by", ID),
    Column("created_at", INSTANT, nullable=False),
)
"""Where a helpdesk wants our events; secrets are encrypted at rest."""

inbound_endpoint = Table(
    "inbound_endpoint",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("previous_secret", LargeBinary),
    Column("settings", JSON, nullable=False),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("created_by", ID),
    Column("created_at", INSTANT, nullable=False),
)

inbound_delivery = Table(
    "inbound_delivery",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("endpoint_id", ID, ForeignKey("inbound_endpoint.id"), nullable=False),
    Column("dedup_key", Text, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", INSTANT, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("dispute_id", ID),
    Column("handled_at", INSTANT),
    Column("attempts", Integer, nullable=False, server_default="0"),
    CheckConstraint(one_of("state", ("stored", "filed", "joined", "ignored", "quarantined")), "state"),
    Index("uq_inbound_delivery_dedup", "endpoint_id", "dedup_key", unique=True),
    Index("ix_inbound_delivery_state", "state", "received_at"),
    Index("ix_inbound_delivery_dispute", "dispute_id", postgresql_where="dispute_id is not null"),
)
"""A raw delivery, stored before anything is made of it."""
