"""What a dispute is about more closely, and the categories of the financial taxonomy.

The record of before stays: processes of the version before still send it.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_CHECK: Final = "ck_dispute_category"
_GENERAL: Final = (
    "category in ('billing_error', 'unauthorised_charge', 'service_delivery', 'communication', 'product_quality', "
    "'warranty', 'other')"
)


def upgrade() -> None:
    op.add_column("dispute", sa.Column("issue", sa.Text(), nullable=True))
    op.drop_constraint(op.f(_CHECK), "dispute")
    op.create_check_constraint(op.f(_CHECK), "dispute", f"{_GENERAL[:-1]}, 'data_records', 'debt_collection')")
    op.execute("""
        create type dispute_image_2 as (
            id uuid,
            reference text,
            channel text,
            customer_id uuid,
            filed_by uuid,
            prior_disputes int,
            received_at timestamptz,
            version int,
            sequence int,
            head bytea,
            status text,
            stage text,
            tier smallint,
            handler text,
            outcome text,
            severity text,
            category text,
            confidence float8,
            needs_person bool,
            issue text,
            order_reference text,
            product text,
            purchased_on date,
            remedy_sought text,
            customer_class text,
            jurisdiction text,
            language text,
            time_zone text,
            policy_version int,
            contact_count int,
            reopen_count int,
            updated_at timestamptz,
            acknowledged_at timestamptz,
            responded_at timestamptz,
            informed_at timestamptz,
            resolved_at timestamptz,
            closed_at timestamptz,
            amount numeric,
            currency text,
            remedy text,
            remedy_amount numeric,
            remedy_currency text,
            secondary text,
            signals text,
            waits text,
            metadata text,
            was int
        )
    """)


def downgrade() -> None:
    op.execute("drop type dispute_image_2")
    op.drop_constraint(op.f(_CHECK), "dispute")
    # What only the financial taxonomy knows is `other` to the general one.
    op.execute("update dispute set category = 'other' where category in ('data_records', 'debt_collection')")
    op.create_check_constraint(op.f(_CHECK), "dispute", _GENERAL)
    op.drop_column("dispute", "issue")
