"""Many are dealt with at once, and each by itself when one fails: nobody waits for the one at fault, and it is not forgotten."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from shared.db.faults import is_away, is_transient, may_be_away
from shared.db.timers import pause_after

T = TypeVar("T")

SET_ASIDE_MAX: Final = 1000


async def together_or_apart(
    items: Sequence[T],
    deal_with: Callable[[Sequence[T]], Awaitable[None]],
    failed: Callable[[T, Exception], Awaitable[None]],
) -> None:
    """Deals with all at once, or with each alone when that raises; what fails alone goes to `failed`, for its fate.

    Whatever `deal_with` does must come undone when it raises. A database that is away or asks for another try is nobody's
    fault: that is raised.
    """
    if not items:
        return
    try:
        await deal_with(items)
    except Exception as error:
        if is_away(error) or is_transient(error) or may_be_away(error):
            raise
        if len(items) == 1:
            await failed(items[0], error)
            return
    else:
        return
    for each in items:
        await together_or_apart([each], deal_with, failed)


class _Kept(NamedTuple):
    attempts: int
    again_at: datetime


class SetAside:
    """What could not be dealt with, to be tried again after growing pauses, up to an hour; held by this process alone."""

    def __init__(self) -> None:
        self._kept: dict[UUID, _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def full(self) -> bool:
        """Whether no more should be begun before these are settled."""
        return len(self._kept) >= SET_ASIDE_MAX

    def add(self, name: UUID, now: datetime) -> None:
        """Failed, for the first time or again."""
        attempts = self._kept[name].attempts + 1 if name in self._kept else 0
        self._kept[name] = _Kept(attempts, now + pause_after(attempts))

    def forget(self, names: Iterable[UUID]) -> None:
        """Dealt with at last, or never failed."""
        for name in names:
            self._kept.pop(name, None)

    def due(self, now: datetime) -> list[UUID]:
        """Those whose pause is over."""
        return [name for name, kept in self._kept.items() if kept.again_at <= now]

    def resting(self, now: datetime) -> list[UUID]:
        """Those whose pause lasts."""
        return [name for name, kept in self._kept.items() if kept.again_at > now]
