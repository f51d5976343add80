"""Pages of what is listed in the order of its ids."""

from collections.abc import Sequence
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Query

from services.intake.problems import Fault, Problem


class _Named(Protocol):
    @property
    def id(self) -> UUID: ...


Item = TypeVar("Item", bound=_Named)

Limit = Annotated[int, Query(ge=1, le=100, description="Items on a page.")]
Cursor = Annotated[str | None, Query(max_length=64, description="`next_cursor` of the page before.")]


def position(cursor: str | None) -> UUID | None:
    """Where a page begins.

    Raises:
        Problem: `invalid_cursor`.
    """
    if cursor is None:
        return None
    try:
        return UUID(hex=cursor)
    except ValueError:
        detail = "Not a cursor of ours."
        raise Problem("invalid_cursor", detail, (Fault(detail, parameter="cursor"),)) from None


def page(found: Sequence[Item], limit: int) -> dict[str, Any]:
    """The fields of a page, of one item more than it may hold."""
    items, more = list(found[:limit]), len(found) > limit
    return {"items": items, "has_more": more, "next_cursor": items[-1].id.hex if more else None}
