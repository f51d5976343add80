"""Questions to expert desks, each with its own clock."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "expert_request",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("question_id", sa.UUID(), nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("due_at", instant, nullable=False),
        sa.Column("next_at", instant, nullable=False),
        sa.Column("reminders", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer_id", sa.UUID(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", instant, nullable=True),
        sa.Column("overdue_at", instant, nullable=True),
        sa.Column("withdrawn_at", instant, nullable=True),
        sa.CheckConstraint(
            "state in ('open', 'answered', 'overdue', 'withdrawn')", name=op.f("ck_expert_request_state")
        ),
        sa.CheckConstraint("(state = 'answered') = (answered_at is not null)", name=op.f("ck_expert_request_answered")),
        sa.CheckConstraint("state <> 'overdue' or overdue_at is not null", name=op.f("ck_expert_request_overdue")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_expert_request_dispute_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_request")),
    )
    op.create_index("ix_expert_request_dispute", "expert_request", ["dispute_id", "asked_at", "id"])
    op.create_index("ix_expert_request_due", "expert_request", ["next_at"], postgresql_where="state = 'open'")
    op.create_index(
        "uq_expert_request_called",
        "expert_request",
        ["dispute_id", "threshold"],
        unique=True,
        postgresql_where="threshold is not null",
    )


def downgrade() -> None:
    op.drop_table("expert_request")
