"""Categorisation: learnt models, which of them answers, and what agents corrected."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_CATEGORIES: Final = (
    "('billing_error', 'unauthorised_charge', 'service_delivery', 'communication', 'product_quality', 'warranty', "
    "'other', 'data_records', 'debt_collection')"
)


def upgrade() -> None:
    op.create_table(
        "category_model",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_category_model_version")),
        sa.CheckConstraint("octet_length(body) <= 5000000", name=op.f("ck_category_model_body")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_category_model")),
    )
    # The file is compressed already: to try again would only cost time.
    op.execute("alter table category_model alter column body set storage external")
    op.create_table(
        "category_publication",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("restores", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["category_model.version"], name=op.f("fk_category_publication_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_publication")),
    )
    op.create_table(
        "category_correction",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("read_as", sa.Text(), nullable=False),
        sa.Column("read_confidence", sa.Double(), nullable=False),
        sa.Column("read_needs_person", sa.Boolean(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"read_as in {_CATEGORIES}", name=op.f("ck_category_correction_read_as")),
        sa.CheckConstraint(f"category in {_CATEGORIES}", name=op.f("ck_category_correction_category")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_category_correction_dispute_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_correction")),
        sa.UniqueConstraint("dispute_id", name=op.f("uq_category_correction_dispute_id")),
    )
    op.create_index("ix_category_correction_corrected", "category_correction", ["corrected_at"])
    # Whatever erases a dispute erases what was learnt from it too; nobody has to remember this table.
    op.execute("""
        create function forget_correction() returns trigger language plpgsql as $$
        begin
            update category_correction set subject = null, description = null where dispute_id = new.dispute_id;
            return null;
        end $$
    """)
    op.execute("""
        create trigger dispute_private_erased after update of erased_at on dispute_private
        for each row when (new.erased_at is not null) execute function forget_correction()
    """)


def downgrade() -> None:
    op.execute("drop trigger dispute_private_erased on dispute_private")
    op.execute("drop function forget_correction()")
    op.drop_table("category_correction")
    op.drop_table("category_publication")
    op.drop_table("category_model")
