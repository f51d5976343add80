"""Open disputes by handler and tier: what each person has in hand."""

from alembic import op

revision = "0010"
down_revision = "0009"

OPEN = (
    "handler is not null and status in ('assessed', 'awaiting_customer', 'awaiting_department', 'awaiting_third_party', "
    "'external_decided', 'forwarded', 'investigating', 'received', 'referred_external', 'stage_2_review', 'triaged')"
)


def upgrade() -> None:
    op.create_index("ix_dispute_load", "dispute", ["handler", "tier"], postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_index("ix_dispute_load", table_name="dispute")
