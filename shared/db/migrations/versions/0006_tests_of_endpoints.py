"""A delivery may be about no dispute: the test of a webhook endpoint is about the endpoint."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.alter_column("delivery", "dispute_id", nullable=True)


def downgrade() -> None:
    op.execute("delete from delivery where dispute_id is null")
    op.alter_column("delivery", "dispute_id", nullable=False)
