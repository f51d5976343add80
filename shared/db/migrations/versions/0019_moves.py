"""Composite types for what changes of a dispute and a clock from day to day, and for an armed timer.

They carry a fifth of what the images of whole rows do. Processes of the version before still send those.
"""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("""
        create type dispute_move as (
            id uuid,
            version int,
            sequence int,
            head bytea,
            status text,
            stage text,
            tier smallint,
            handler text,
            severity text,
            policy_version int,
            contact_count int,
            reopen_count int,
            updated_at timestamptz,
            acknowledged_at timestamptz,
            responded_at timestamptz,
            informed_at timestamptz,
            resolved_at timestamptz,
            closed_at timestamptz,
            was int
        )
    """)
    op.execute("""
        create type clock_move as (
            dispute_id uuid,
            kind text,
            generation int,
            state text,
            due_at timestamptz,
            extensions text,
            warned text,
            met_at timestamptz,
            missed_at timestamptz,
            fired_at timestamptz,
            stopped_at timestamptz
        )
    """)
    op.execute("create type timer_image as (dispute_id uuid, kind text, due_at timestamptz, generation int)")


def downgrade() -> None:
    for name in ("timer_image", "clock_move", "dispute_move"):
        op.execute(f"drop type {name}")
