"""What customers speak of is counted per day and week, so that what rises can be seen."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"

_PERIOD = "period in ('day', 'week')"


def upgrade() -> None:
    op.create_table(
        "theme_period",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("disputes", sa.Integer(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("sampled", sa.Integer(), nullable=False),
        sa.Column("floor", sa.Integer(), nullable=False),
        sa.Column("history", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_PERIOD, name=op.f("ck_theme_period_period")),
        sa.PrimaryKeyConstraint("period", "starts", name=op.f("pk_theme_period")),
    )
    op.create_table(
        "theme_count",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.CheckConstraint(_PERIOD, name=op.f("ck_theme_count_period")),
        sa.PrimaryKeyConstraint("period", "kind", "term", "starts", name=op.f("pk_theme_count")),
    )
    op.create_index("ix_theme_count_starts", "theme_count", ["period", "starts"])
    op.create_table(
        "theme",
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("lift", sa.Double(), nullable=False),
        sa.Column("chance", sa.Double(), nullable=False),
        sa.Column("samples", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.CheckConstraint(_PERIOD, name=op.f("ck_theme_period")),
        sa.PrimaryKeyConstraint("period", "starts", "kind", "term", name=op.f("pk_theme")),
    )


def downgrade() -> None:
    op.drop_table("theme")
    op.drop_table("theme_count")
    op.drop_table("theme_period")
