"""Migrations of open disputes to a version of the policy."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "policy_migration",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("to_version", sa.Integer(), nullable=False),
        sa.Column("filter", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("allow_later", sa.Boolean(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("after", sa.UUID(), nullable=False),
        sa.Column("counts", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("failures", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'done', 'cancelled', 'failed')", name=op.f("ck_policy_migration_state")
        ),
        sa.CheckConstraint(
            "(state in ('done', 'cancelled', 'failed')) = (finished_at is not null)",
            name=op.f("ck_policy_migration_finished"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_migration")),
    )
    op.create_index("ix_policy_migration_listed", "policy_migration", ["created_at", "id"])
    op.create_index(
        "ix_policy_migration_waiting",
        "policy_migration",
        ["created_at", "id"],
        postgresql_where=sa.text("finished_at is null"),
    )


def downgrade() -> None:
    op.drop_table("policy_migration")
