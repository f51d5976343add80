"""The history by time, for who looks for what was never heard."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index(
        "ix_event_occurred",
        "event",
        ["occurred_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def downgrade() -> None:
    op.drop_index("ix_event_occurred", table_name="event")
