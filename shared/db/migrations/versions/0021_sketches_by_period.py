"""Sketches that are stored are filed under their sixty days, and only statements that touch a decision look at its precedent.

A band that was stored before keeps its lower three bytes; one that is filed already stays as it is.
"""

from alembic import op

revision = "0021"
down_revision = "0020"

_BANDS = 16
_PERIOD = "(floor(extract(epoch from received_at) / 5184000)::bigint % 256 * 16777216 - 2147483648)"
_DECIDED = "outcome, status, category, issue, language, resolved_at"
_TEXTS = "erased_at, subject, description"


def upgrade() -> None:
    filed = ", ".join(f"band_{n} = {_filed(n)}" for n in range(_BANDS))
    op.execute(f"update likeness set {filed} where band_0 <> {_filed(0)}")
    _look(f"update of {_DECIDED}", f"update of {_TEXTS}")


def downgrade() -> None:
    """The version before finds no sketch that is filed by its period, and makes none anew: they stay."""
    _look("update", "update")


def _filed(band: int) -> str:
    return f"({_PERIOD} + (band_{band} & 16777215))::int"


def _look(on_dispute: str, on_texts: str) -> None:
    op.execute(f"""
        create or replace trigger precedent_due after {on_dispute} on dispute for each row
        when ((old.outcome is not null or new.outcome is not null)
            and {_other(_DECIDED)})
        execute function precedent_is_due()
    """)
    op.execute(f"""
        create or replace trigger precedent_due after {on_texts} on dispute_private for each row
        when ({_other(_TEXTS)})
        execute function precedent_text_is_due()
    """)


def _other(columns: str) -> str:
    """Whether any of the columns changed."""
    before, after = (", ".join(f"{side}.{each}" for each in columns.split(", ")) for side in ("old", "new"))
    return f"({before}) is distinct from ({after})"
