"""What a caller is told when the database is away or overburdened."""

from typing import Final

from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.intake.problems import Problem
from shared.db.faults import RAISED_BY_DATABASE, is_away, is_transient, may_be_away, sqlstate

_CANCELED: Final = "57014"  # the statement ran into its time limit


def storage_problem(error: BaseException) -> Problem | None:
    """The 503 of a database that is away or overburdened; None for an error that is no such thing."""
    if not isinstance(error, RAISED_BY_DATABASE):
        return None
    if isinstance(error, PoolTimeout):
        return Problem("busy", "Every database connection is taken; try again.", headers={"retry-after": "1"})
    if is_transient(error) or sqlstate(error) == _CANCELED:
        return Problem("busy", "Others were working on the same; try again.", headers={"retry-after": "1"})
    if is_away(error) or (sqlstate(error) is None and may_be_away(error)):
        detail = "The database cannot be reached; try again in a moment."
        return Problem("database_unavailable", detail, headers={"retry-after": "2"})
    return None
