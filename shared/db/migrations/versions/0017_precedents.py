"""Decided disputes can be searched by what their texts say.

The text search configurations are those of PostgreSQL without numbers, addresses and paths. The triggers add to the list
of what is to be looked at; a dispute without a decision costs them one comparison.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"

LANGUAGES = {
    "simple": "simple",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}
LEFT_OUT = (
    "email, url, url_path, host, file, protocol, tag, entity, sfloat, float, int, uint, version, "
    "numword, numhword, hword_numpart"
)


def upgrade() -> None:
    op.create_table(
        "precedent",
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("issue", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["dispute.id"], name=op.f("fk_precedent_dispute_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_precedent")),
    )
    op.create_index(
        "ix_precedent_words", "precedent", ["words"], postgresql_using="gin", postgresql_with={"fastupdate": "off"}
    )
    op.create_index("ix_precedent_newest", "precedent", ["category", "decided_at"])
    op.create_table(
        "precedent_due",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dispute_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_precedent_due")),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0.01", "autovacuum_vacuum_cost_delay": "0"},
    )
    op.create_table(
        "precedent_word",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_precedent_word")),
    )
    for short, name in LANGUAGES.items():
        op.execute(f"create text search configuration precedent_{short} (copy = pg_catalog.{name})")
        op.execute(f"alter text search configuration precedent_{short} drop mapping if exists for {LEFT_OUT}")
    op.execute("""
        create function precedent_is_due() returns trigger language plpgsql as $$
        begin
            insert into precedent_due (dispute_id) values (new.id);
            return null;
        end $$
    """)
    op.execute("""
        create function precedent_text_is_due() returns trigger language plpgsql as $$
        begin
            insert into precedent_due (dispute_id) values (new.dispute_id);
            return null;
        end $$
    """)
    op.execute("""
        create trigger precedent_due after update on dispute for each row
        when ((old.outcome is not null or new.outcome is not null)
            and (old.outcome, old.status, old.category, old.issue, old.language, old.resolved_at)
                is distinct from (new.outcome, new.status, new.category, new.issue, new.language, new.resolved_at))
        execute function precedent_is_due()
    """)
    op.execute("""
        create trigger precedent_due after update on dispute_private for each row
        when ((old.erased_at, old.subject, old.description) is distinct from (new.erased_at, new.subject, new.description))
        execute function precedent_text_is_due()
    """)
    op.execute("insert into precedent_due (dispute_id) select id from dispute where outcome is not null order by id")


def downgrade() -> None:
    op.execute("drop trigger precedent_due on dispute_private")
    op.execute("drop trigger precedent_due on dispute")
    op.execute("drop function precedent_text_is_due()")
    op.execute("drop function precedent_is_due()")
    for short in LANGUAGES:
        op.execute(f"drop text search configuration precedent_{short}")
    op.drop_table("precedent_word")
    op.drop_table("precedent_due")
    op.drop_table("precedent")
