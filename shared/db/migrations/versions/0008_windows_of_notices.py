"""How many notices each person of the house was owed lately, so that many at once become one digest."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "notice_window",
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.Column("crowded", sa.Boolean(), nullable=False),
        sa.Column("digest_id", sa.UUID(), nullable=True),
        sa.PrimaryKeyConstraint("recipient", name=op.f("pk_notice_window")),
    )


def downgrade() -> None:
    op.drop_table("notice_window")
