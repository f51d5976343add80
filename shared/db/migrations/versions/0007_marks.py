"""Facts of a dispute that are reported: marks, on which the milestones of regimes rest."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "mark",
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name=op.f("fk_mark_dispute_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dispute_id", "name", "at", name=op.f("pk_mark")),
    )


def downgrade() -> None:
    op.drop_table("mark")
