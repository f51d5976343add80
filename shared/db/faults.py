"""What a database error means for the one who met it: try at once again, wait, or look for the fault in the work."""

from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# PostgreSQL's error classes and codes, appendix A of its manual.
_AWAY_CLASSES: Final = ("08", "53")  # connection exceptions; out of disk, memory or connections
_AWAY_CODES: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})  # shut down, starting, idle too long
_TRANSIENT_CODES: Final = frozenset({"40001", "40P01", "55P03"})  # serialization, deadlock, lock timeout
RAISED_BY_DATABASE: Final = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""The classes under which a database's absence shows itself; `is_away` tells which of them it was."""


def is_away(error: BaseException) -> bool:
    """Whether the database, not the work, was at fault: it cannot be reached, is starting, or is full."""
    cause = _cause(error)
    code = sqlstate(cause)
    if code is not None:
        return code in _AWAY_CODES or code.startswith(_AWAY_CLASSES)
    if isinstance(cause, asyncpg.InterfaceError):
        return "closed" in str(cause) or "released" in str(cause)
    if isinstance(cause, asyncpg.InternalClientError):
        # The server has said goodbye on a connection that rested, and its end has not arrived yet.
        return "(2) is in progress" in str(cause)
    # asyncio raises a bare OSError when a name has several addresses and none answers.
    return isinstance(cause, PoolTimeout | ConnectionError) or type(cause) is OSError


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed at once: it lost a race against another transaction."""
    return sqlstate(_cause(error)) in _TRANSIENT_CODES


def may_be_away(error: BaseException) -> bool:
    """Whether only asking the database can tell: a time limit ran out, or a name was not resolved."""
    return isinstance(_cause(error), TimeoutError | OSError)


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five-letter code, if the error carries one."""
    code = getattr(_cause(error), "sqlstate", None)
    return code if isinstance(code, str) else None


def _cause(error: BaseException) -> BaseException:
    """The driver's own error beneath SQLAlchemy's wrappings."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error
