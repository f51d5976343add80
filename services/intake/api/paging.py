"""Pages of casework's lists: how much of it, from where on, and the way to the next page (RFC 8288)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.intake import cursors
from services.intake.parts import parts_of
from shared.db.search import Place

LIMIT_MAX: Final = 100

Stored = TypeVar("Stored")
Item = TypeVar("Item")


class PageOut(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    has_more: bool
    next_cursor: str | None = Field(description="Ask for it as `cursor` to get the next page.")


@dataclass(frozen=True, slots=True)
class Paging:
    """What part of a list was asked for."""

    request: Request
    response: Response
    limit: int
    cursor: str | None

    def after(self, listing: str) -> tuple[datetime, UUID] | None:
        """Where the page before ended; None for the first page.

        Raises:
            Problem: `invalid_cursor`, when the cursor is not ours or belongs to another list.
        """
        return None if self.cursor is None else cursors.read(parts_of(self.request).sealer, self.cursor, listing)

    def page(
        self,
        listing: str,
        found: Sequence[Stored],
        place: Callable[[Stored], tuple[datetime, UUID]],
        show: Callable[[Stored], Item],
    ) -> PageOut[Item]:
        """The page of one item more than was asked for, which tells whether there is another; names it in Link."""
        items = found[: self.limit]
        cursor = None
        if len(found) > self.limit:
            cursor = cursors.write(parts_of(self.request).sealer, Place(*place(items[-1])), listing)
            query = self.request.url.include_query_params(cursor=cursor).query
            self.response.headers["link"] = f'<{self.request.url.path}?{query}>; rel="next"'
        return PageOut(items=[show(each) for each in items], has_more=cursor is not None, next_cursor=cursor)


async def _paging(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Items on a page.")] = 50,
    cursor: Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")] = None,
) -> Paging:
    return Paging(request, response, limit, cursor)


Paged = Annotated[Paging, Depends(_paging)]
