"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("create sequence dispute_reference_number")
    op.create_table(
        "dispute",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=True),
        sa.Column("handler", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("remedy_amount", sa.Numeric(precision=20, scale=4), nullable=True),
        sa.Column("remedy_currency", sa.String(length=3), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("needs_person", sa.Boolean(), nullable=False),
        sa.Column("secondary", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("signals", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=4), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("order_reference", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("purchased_on", sa.Date(), nullable=True),
        sa.Column("remedy_sought", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("customer_class", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("filed_by", sa.UUID(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.Column("prior_disputes", sa.Integer(), nullable=False),
        sa.Column("contact_count", sa.Integer(), nullable=False),
        sa.Column("reopen_count", sa.Integer(), nullable=False),
        sa.Column("waits", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("metadata", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("informed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "category in ('billing_error', 'unauthorised_charge', 'service_delivery', 'communication', 'product_quality', 'warranty', 'other')",
            name=op.f("ck_dispute_category"),
        ),
        sa.CheckConstraint(
            "outcome is null or outcome in ('upheld', 'partly_upheld', 'not_upheld')", name=op.f("ck_dispute_outcome")
        ),
        sa.CheckConstraint("severity in ('low', 'normal', 'high', 'critical')", name=op.f("ck_dispute_severity")),
        sa.CheckConstraint("stage in ('internal_1', 'internal_2', 'external')", name=op.f("ck_dispute_stage")),
        sa.CheckConstraint(
            "status in ('received', 'triaged', 'forwarded', 'investigating', 'awaiting_customer', 'awaiting_department', 'awaiting_third_party', 'assessed', 'stage_2_review', 'referred_external', 'external_decided', 'resolved', 'confirmed', 'follow_up', 'closed', 'withdrawn', 'not_a_dispute')",
            name=op.f("ck_dispute_status"),
        ),
        sa.CheckConstraint("(amount is null) = (currency is null)", name=op.f("ck_dispute_amount_has_currency")),
        sa.CheckConstraint("amount >= 0 and remedy_amount >= 0", name=op.f("ck_dispute_never_negative")),
        sa.CheckConstraint("confidence between 0 and 1", name=op.f("ck_dispute_confidence")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("reference", name=op.f("uq_dispute_reference")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index("ix_dispute_customer", "dispute", ["customer_id", "received_at"], unique=False)
    op.create_index(
        "ix_dispute_handler",
        "dispute",
        ["handler", "received_at", "id"],
        unique=False,
        postgresql_where="handler is not null",
    )
    op.create_index(
        "ix_dispute_needs_person", "dispute", ["received_at", "id"], unique=False, postgresql_where="needs_person"
    )
    op.create_index(
        "ix_dispute_order_reference",
        "dispute",
        ["order_reference"],
        unique=False,
        postgresql_where="order_reference is not null",
    )
    op.create_index("ix_dispute_received", "dispute", ["received_at", "id"], unique=False)
    op.create_index(
        "ix_dispute_severity",
        "dispute",
        ["severity", "received_at", "id"],
        unique=False,
        postgresql_where="severity in ('high', 'critical')",
    )
    op.create_index("ix_dispute_status", "dispute", ["status", "received_at", "id"], unique=False)
    op.create_index(
        "ix_dispute_tier", "dispute", ["tier", "received_at", "id"], unique=False, postgresql_where="tier > 1"
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "idempotency",
        sa.Column("principal_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("headers", postgresql.JSON(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key", "route", name=op.f("pk_idempotency")),
    )
    op.create_index("ix_idempotency_created", "idempotency", ["created_at"], unique=False)
    op.create_table(
        "inbound_endpoint",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("settings", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_endpoint")),
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "message_id", name=op.f("pk_inbox")),
    )
    op.create_index("ix_inbox_handled", "inbox", ["handled_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_cost_delay": "0"},
    )
    op.create_table(
        "parked",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first_failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'retry') = (due_at is not null)", name=op.f("ck_parked_retry_is_due")),
        sa.CheckConstraint("state in ('retry', 'dead')", name=op.f("ck_parked_state")),
        sa.PrimaryKeyConstraint("consumer", "message_id", name=op.f("pk_parked")),
    )
    op.create_index("ix_parked_due", "parked", ["due_at"], unique=False)
    op.create_table(
        "policy",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_policy_version")),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_policy")),
    )
    op.create_table(
        "principal",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role in ('admin', 'agent', 'lead', 'manager', 'executive', 'integration', 'observer')",
            name=op.f("ck_principal_role"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_principal")),
        sa.UniqueConstraint("name", name=op.f("uq_principal_name")),
    )
    op.create_table(
        "timer",
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("dispute_id", "kind", name=op.f("pk_timer")),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_cost_delay": "0"},
    )
    op.create_index("ix_timer_due", "timer", ["due_at"], unique=False)
    op.create_index("ix_timer_failing", "timer", ["dispute_id"], unique=False, postgresql_where="attempts > 0")
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("principal_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"], name=op.f("fk_api_key_principal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
    )
    op.create_index("ix_api_key_principal", "api_key", ["principal_id"], unique=False)
    op.create_table(
        "clock",
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("phase", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=True),
        sa.Column("spec", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extensions", postgresql.JSON(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("warned", postgresql.ARRAY(sa.SmallInteger()), server_default="{}", nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state <> 'running' or due_at is not null", name=op.f("ck_clock_running_is_due")),
        sa.CheckConstraint("state in ('running', 'paused', 'met', 'missed', 'stopped')", name=op.f("ck_clock_state")),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name=op.f("fk_clock_dispute_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dispute_id", "kind", "generation", name=op.f("pk_clock")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index(
        "ix_clock_missed", "clock", ["dispute_id"], unique=False, postgresql_where="state = 'missed' and met_at is null"
    )
    op.create_index(
        "uq_clock_open", "clock", ["dispute_id", "kind"], unique=True, postgresql_where="state in ('running', 'paused')"
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'pending') = (due_at is not null)", name=op.f("ck_delivery_pending_is_due")),
        sa.CheckConstraint("state in ('pending', 'sent', 'suppressed', 'dead')", name=op.f("ck_delivery_state")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_delivery_dispute_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["channel", "recipient", "due_at"],
        unique=False,
        postgresql_where="due_at is not null",
    )
    op.create_index(
        "ix_delivery_endpoint",
        "delivery",
        ["recipient", "id"],
        unique=False,
        postgresql_where="audience = 'integration'",
    )
    op.create_index(
        "uq_delivery_once", "delivery", ["dispute_id", "kind", "occasion", "channel", "recipient"], unique=True
    )
    op.create_table(
        "dispute_private",
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("customer_reference", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("parties", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("reasons", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("evidence", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_dispute_private_dispute_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_dispute_private")),
    )
    op.create_index("ix_dispute_private_email", "dispute_private", ["email"], unique=False)
    op.create_index(
        "ix_dispute_private_reference",
        "dispute_private",
        ["customer_reference"],
        unique=False,
        postgresql_where="customer_reference is not null",
    )
    op.create_index(
        "ix_dispute_private_words",
        "dispute_private",
        [sa.literal_column("to_tsvector('simple', subject)")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "event",
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name=op.f("fk_event_dispute_id")),
        sa.PrimaryKeyConstraint("dispute_id", "sequence", name=op.f("pk_event")),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("occasion", sa.Integer(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("effort", sa.SmallInteger(), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("effort between 1 and 7", name=op.f("ck_feedback_effort")),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_feedback_rating")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_feedback_dispute_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index("uq_feedback_once", "feedback", ["dispute_id", "occasion"], unique=True)
    op.create_table(
        "inbound_delivery",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("endpoint_id", sa.UUID(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("dispute_id", sa.UUID(), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "state in ('stored', 'filed', 'joined', 'ignored', 'quarantined')", name=op.f("ck_inbound_delivery_state")
        ),
        sa.ForeignKeyConstraint(["endpoint_id"], ["inbound_endpoint.id"], name=op.f("fk_inbound_delivery_endpoint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_delivery")),
    )
    op.create_index("ix_inbound_delivery_state", "inbound_delivery", ["state", "received_at"], unique=False)
    op.create_index("uq_inbound_delivery_dedup", "inbound_delivery", ["endpoint_id", "dedup_key"], unique=True)
    op.create_table(
        "message",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("automatic", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("inbound_delivery_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("author in ('customer', 'agent', 'system')", name=op.f("ck_message_author")),
        sa.CheckConstraint("direction in ('in', 'out')", name=op.f("ck_message_direction")),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name=op.f("fk_message_dispute_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_dispute", "message", ["dispute_id", "created_at", "id"], unique=False)
    op.create_table(
        "thread",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name=op.f("fk_thread_dispute_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_thread")),
    )
    op.create_index("ix_thread_dispute", "thread", ["dispute_id"], unique=False)
    op.create_table(
        "delivery_attempt",
        sa.Column("delivery_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_attempt_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_delivery_attempt")),
    )


def downgrade() -> None:
    op.execute("drop sequence dispute_reference_number")
    op.drop_table("delivery_attempt")
    op.drop_index("ix_thread_dispute", table_name="thread")
    op.drop_table("thread")
    op.drop_index("ix_message_dispute", table_name="message")
    op.drop_table("message")
    op.drop_index("uq_inbound_delivery_dedup", table_name="inbound_delivery")
    op.drop_index("ix_inbound_delivery_state", table_name="inbound_delivery")
    op.drop_table("inbound_delivery")
    op.drop_index("uq_feedback_once", table_name="feedback")
    op.drop_table("feedback")
    op.drop_table("event")
    op.drop_index("ix_dispute_private_words", table_name="dispute_private", postgresql_using="gin")
    op.drop_index(
        "ix_dispute_private_reference", table_name="dispute_private", postgresql_where="customer_reference is not null"
    )
    op.drop_index("ix_dispute_private_email", table_name="dispute_private")
    op.drop_table("dispute_private")
    op.drop_index("uq_delivery_once", table_name="delivery")
    op.drop_index("ix_delivery_endpoint", table_name="delivery", postgresql_where="audience = 'integration'")
    op.drop_index("ix_delivery_due", table_name="delivery", postgresql_where="due_at is not null")
    op.drop_table("delivery")
    op.drop_index("uq_clock_open", table_name="clock", postgresql_where="state in ('running', 'paused')")
    op.drop_index("ix_clock_missed", table_name="clock", postgresql_where="state = 'missed' and met_at is null")
    op.drop_table("clock")
    op.drop_index("ix_api_key_principal", table_name="api_key")
    op.drop_table("api_key")
    op.drop_table("webhook_endpoint")
    op.drop_index("ix_timer_failing", table_name="timer", postgresql_where="attempts > 0")
    op.drop_index("ix_timer_due", table_name="timer")
    op.drop_table("timer")
    op.drop_table("principal")
    op.drop_table("policy")
    op.drop_index("ix_parked_due", table_name="parked")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_index("ix_inbox_handled", table_name="inbox")
    op.drop_table("inbox")
    op.drop_table("inbound_endpoint")
    op.drop_index("ix_idempotency_created", table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_table("heartbeat")
    op.drop_index("ix_dispute_tier", table_name="dispute", postgresql_where="tier > 1")
    op.drop_index("ix_dispute_status", table_name="dispute")
    op.drop_index("ix_dispute_severity", table_name="dispute", postgresql_where="severity in ('high', 'critical')")
    op.drop_index("ix_dispute_received", table_name="dispute")
    op.drop_index("ix_dispute_order_reference", table_name="dispute", postgresql_where="order_reference is not null")
    op.drop_index("ix_dispute_needs_person", table_name="dispute", postgresql_where="needs_person")
    op.drop_index("ix_dispute_handler", table_name="dispute", postgresql_where="handler is not null")
    op.drop_index("ix_dispute_customer", table_name="dispute")
    op.drop_table("dispute")
