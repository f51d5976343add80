"""The metadata all tables hang on, with names for constraints so that migrations can speak of them."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import DateTime, MetaData
from sqlalchemy.dialects.postgresql import UUID

from shared.domain.lifecycle import ACTIVE

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
INSTANT: Final = DateTime(timezone=True)
ID: Final = UUID(as_uuid=True)


def one_of(column: str, values: Iterable[str]) -> str:
    """The SQL of a check that a column holds one of these names."""
    return f"{column} in ({', '.join(repr(str(value)) for value in values)})"


OPEN: Final = one_of("status", sorted(ACTIVE))
"""The SQL of an open dispute; what is asked for by it is answered by the index over what each handler has."""
