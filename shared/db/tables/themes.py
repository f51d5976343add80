"""What customers speak of, counted per finished day and week, and what rose."""

from sqlalchemy import CheckConstraint, Column, Date, Double, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.tables.schema import ID, INSTANT, METADATA, one_of

_PERIOD = one_of("period", ("day", "week"))

theme_period = Table(
    "theme_period",
    METADATA,
    Column("period", Text, primary_key=True),
    Column("starts", Date, primary_key=True),
    Column("disputes", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("sampled", Integer, nullable=False),
    Column("floor", Integer, nullable=False),
    Column("history", Integer, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("counted_at", INSTANT, nullable=False),
    CheckConstraint(_PERIOD, "period"),
)
"""A period that was counted: `sampled` customers had their texts read, words of fewer than `floor` of them are not kept.

`history` is how many earlier periods of its season it was set against, `asked` how many terms were.
"""

theme_count = Table(
    "theme_count",
    METADATA,
    Column("period", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("term", Text, primary_key=True),
    Column("starts", Date, primary_key=True),
    Column("customers", Integer, nullable=False),
    CheckConstraint(_PERIOD, "period"),
    Index("ix_theme_count_starts", "period", "starts"),
)
"""How many customers had a category, issue or product, or wrote a word; no row leads back to a person or a dispute."""

theme = Table(
    "theme",
    METADATA,
    Column("period", Text, primary_key=True),
    Column("starts", Date, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("term", Text, primary_key=True),
    Column("customers", Integer, nullable=False),
    Column("expected", Double, nullable=False),
    Column("lift", Double, nullable=False),
    Column("chance", Double, nullable=False),
    Column("samples", ARRAY(ID), nullable=False),
    CheckConstraint(_PERIOD, "period"),
)
"""What rose in a period, with some of the disputes that speak of it."""

__all__ = ["theme", "theme_count", "theme_period"]
