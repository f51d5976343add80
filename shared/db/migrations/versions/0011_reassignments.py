"""The open disputes of somebody who leaves, to be given to others in slices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "reassignment",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("from_handler", sa.Text(), nullable=False),
        sa.Column("to_handler", sa.Text(), nullable=True),
        sa.Column("filter", postgresql.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("after", sa.UUID(), nullable=False),
        sa.Column("counts", postgresql.JSON(), nullable=False),
        sa.Column("failures", postgresql.JSON(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("started_at", instant, nullable=True),
        sa.Column("finished_at", instant, nullable=True),
        sa.CheckConstraint("state in ('queued', 'running', 'done', 'cancelled')", name=op.f("ck_reassignment_state")),
        sa.CheckConstraint(
            "(state in ('done', 'cancelled')) = (finished_at is not null)", name=op.f("ck_reassignment_finished")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reassignment")),
    )
    op.create_index("ix_reassignment_listed", "reassignment", ["created_at", "id"])
    op.create_index(
        "ix_reassignment_waiting", "reassignment", ["created_at", "id"], postgresql_where="finished_at is null"
    )


def downgrade() -> None:
    op.drop_table("reassignment")
