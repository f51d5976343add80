"""Raw deliveries by the dispute they became part of, so that an erasure finds them."""

from alembic import op

revision = "0020"
down_revision = "0019"

NAME = "ix_inbound_delivery_dispute"


def upgrade() -> None:
    op.create_index(NAME, "inbound_delivery", ["dispute_id"], postgresql_where="dispute_id is not null")


def downgrade() -> None:
    op.drop_index(NAME, table_name="inbound_delivery")
