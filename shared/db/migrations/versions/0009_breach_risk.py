"""Breach risk: learned models, which of them answers, and the scores of open disputes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "risk_model",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", postgresql.JSON(), nullable=False),
        sa.Column("report", postgresql.JSON(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_risk_model_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_risk_model")),
    )
    op.create_table(
        "risk_publication",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["risk_model.version"], name=op.f("fk_risk_publication_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_publication")),
    )
    op.create_table(
        "risk_score",
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("probability between 0 and 1", name=op.f("ck_risk_score_probability")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_risk_score_dispute_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_risk_score")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index("ix_risk_score_probability", "risk_score", ["probability", "dispute_id"])


def downgrade() -> None:
    op.drop_table("risk_score")
    op.drop_table("risk_publication")
    op.drop_table("risk_model")
