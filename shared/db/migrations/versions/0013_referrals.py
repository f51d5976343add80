"""Disputes with outside bodies: what was referred, what came back, and by when it must be carried out."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "referral",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("referred_at", instant, nullable=False),
        sa.Column("referred_by", sa.Text(), nullable=False),
        sa.Column("expected_at", instant, nullable=True),
        sa.Column("decided_at", instant, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("remedy_amount", sa.Numeric(20, 4), nullable=True),
        sa.Column("remedy_currency", sa.String(3), nullable=True),
        sa.Column("comply_by", instant, nullable=True),
        sa.Column("ended_at", instant, nullable=True),
        sa.CheckConstraint(
            "state in ('referred', 'decided', 'complied', 'breached', 'closed')", name=op.f("ck_referral_state")
        ),
        sa.CheckConstraint(
            "outcome is null or outcome in ('upheld', 'partly_upheld', 'not_upheld', 'settled', 'declined')",
            name=op.f("ck_referral_outcome"),
        ),
        sa.CheckConstraint(
            "(remedy_amount is null) = (remedy_currency is null)", name=op.f("ck_referral_amount_has_currency")
        ),
        sa.CheckConstraint("state <> 'decided' or comply_by is not null", name=op.f("ck_referral_decided_is_due")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_referral_dispute_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
    )
    op.create_index("ix_referral_dispute", "referral", ["dispute_id", "referred_at", "id"])
    op.create_index("ix_referral_due", "referral", ["comply_by"], postgresql_where="state = 'decided'")


def downgrade() -> None:
    op.drop_table("referral")
