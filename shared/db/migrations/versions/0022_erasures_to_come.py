"""Disputes that are to be erased once they are over."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "erasure_due",
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("because in ('customer_asked', 'kept_long_enough')", name=op.f("ck_erasure_due_because")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_erasure_due_dispute_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_erasure_due")),
    )


def downgrade() -> None:
    op.drop_table("erasure_due")
