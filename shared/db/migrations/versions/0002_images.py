"""Composite types that carry whole rows to the hot statements: one parameter of records in place of many arrays."""

from typing import Final

from alembic import op

revision = "0002"
down_revision = "0001"

NAMES: Final = ("dispute_image", "private_image", "event_image", "clock_image")


def upgrade() -> None:
    op.execute("""
        create type dispute_image as (
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
    op.execute("""
        create type private_image as (
            dispute_id uuid,
            name text,
            email text,
            phone text,
            customer_reference text,
            subject text,
            description text,
            parties text,
            reasons text,
            evidence text
        )
    """)
    op.execute("""
        create type event_image as (
            dispute_id uuid,
            sequence int,
            id uuid,
            type text,
            version smallint,
            occurred_at timestamptz,
            actor text,
            traceparent text,
            data text,
            hash bytea,
            body bytea
        )
    """)
    op.execute("""
        create type clock_image as (
            dispute_id uuid,
            kind text,
            generation int,
            phase smallint,
            state text,
            tier smallint,
            spec text,
            policy_version int,
            started_at timestamptz,
            opened_at timestamptz,
            due_at timestamptz,
            extensions text,
            warned text,
            met_at timestamptz,
            missed_at timestamptz,
            fired_at timestamptz,
            stopped_at timestamptz
        )
    """)


def downgrade() -> None:
    for name in NAMES:
        op.execute(f"drop type {name}")
