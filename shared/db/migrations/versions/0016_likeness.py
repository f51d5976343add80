"""Duplicates, repeats and clusters: sketches of texts, how far sketching is, clusters, and what people said of pairs."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_BANDS: Final = 16


def upgrade() -> None:
    _sketches()
    _clusters()
    _links()


def _sketches() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "likeness",
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("received_at", instant, nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("minima", sa.LargeBinary(), nullable=False),
        *(sa.Column(f"band_{n}", sa.Integer(), nullable=True) for n in range(_BANDS)),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute_private.dispute_id"], name=op.f("fk_likeness_dispute_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_likeness")),
    )
    for n in range(_BANDS):
        op.create_index(f"ix_likeness_band_{n}", "likeness", [f"band_{n}", "received_at"])
    # A sketch can be tested against a guess of the text, so it goes when the text goes, whoever erases it.
    op.execute(
        "create function likeness_forget() returns trigger language plpgsql as "
        "'begin delete from likeness where dispute_id = new.dispute_id; return null; end'"
    )
    op.execute(
        "create trigger likeness_forgotten after update of erased_at on dispute_private for each row "
        "when (new.erased_at is not null) execute function likeness_forget()"
    )
    op.create_table(
        "likeness_progress",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("front", sa.UUID(), nullable=False),
        sa.Column("behind", sa.UUID(), nullable=False),
        sa.Column("circle", sa.UUID(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_likeness_progress_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_likeness_progress")),
    )
    nothing = "'00000000-0000-0000-0000-000000000000'"
    op.execute(f"insert into likeness_progress values (1, {nothing}, {nothing}, {nothing})")


def _clusters() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "cluster",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seed_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("first_at", instant, nullable=False),
        sa.Column("last_at", instant, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.CheckConstraint("state in ('proposed', 'accepted', 'dismissed')", name=op.f("ck_cluster_state")),
        sa.CheckConstraint("size > 0", name=op.f("ck_cluster_size")),
        sa.ForeignKeyConstraint(
            ["seed_id"], ["likeness.dispute_id"], name=op.f("fk_cluster_seed_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index("ix_cluster_listed", "cluster", ["state", "last_at", "id"])
    op.create_index("ix_cluster_seed", "cluster", ["seed_id"])
    op.create_table(
        "cluster_member",
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("received_at", instant, nullable=False),
        sa.Column("linked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_cluster_member_dispute_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["cluster.id"], name=op.f("fk_cluster_member_cluster_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_cluster_member")),
    )
    op.create_index("ix_cluster_member_newest", "cluster_member", ["cluster_id", "received_at", "dispute_id"])
    op.create_index(
        "ix_cluster_member_unlinked", "cluster_member", ["cluster_id", "dispute_id"], postgresql_where="not linked"
    )
    op.create_table(
        "cluster_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cluster_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["cluster.id"], name=op.f("fk_cluster_decision_cluster_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_decision")),
    )
    op.create_index("ix_cluster_decision_cluster", "cluster_decision", ["cluster_id", "id"])


def _links() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "dispute_link",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("other_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('duplicate', 'repeat', 'unrelated')", name=op.f("ck_dispute_link_kind")),
        sa.CheckConstraint("dispute_id <> other_id", name=op.f("ck_dispute_link_two_disputes")),
        sa.CheckConstraint("(ended_at is null) = (ended_by is null)", name=op.f("ck_dispute_link_ended")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_dispute_link_dispute_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["dispute.id"], name=op.f("fk_dispute_link_other_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_link")),
    )
    living = "ended_at is null"
    op.create_index(
        "uq_dispute_link_pair", "dispute_link", ["dispute_id", "other_id"], unique=True, postgresql_where=living
    )
    op.create_index(
        "uq_dispute_link_original",
        "dispute_link",
        ["dispute_id"],
        unique=True,
        postgresql_where=f"kind = 'duplicate' and {living}",
    )
    op.create_index("ix_dispute_link_dispute", "dispute_link", ["dispute_id", "created_at", "id"])
    op.create_index("ix_dispute_link_other", "dispute_link", ["other_id", "created_at", "id"])


def downgrade() -> None:
    for table in ("dispute_link", "cluster_decision", "cluster_member", "cluster", "likeness_progress"):
        op.drop_table(table)
    op.execute("drop trigger likeness_forgotten on dispute_private")
    op.execute("drop function likeness_forget()")
    op.drop_table("likeness")
