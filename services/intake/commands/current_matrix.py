"""The matrix that judges severity at filing: the current version, looked up again every few seconds."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from shared.db.engine import Tx
from shared.domain.matrix import Matrix

REMEMBERED_SECONDS: Final = 5.0

LoadMatrix = Callable[[Tx], Awaitable[Matrix]]
"""Reads the current matrix in a transaction."""


class CurrentMatrix:
    """Answers with the current matrix, at most a few seconds old."""

    def __init__(self, load: LoadMatrix, clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock = clock
        self._known: Matrix | None = None
        self._until = 0.0

    async def get(self, tx: Tx) -> Matrix:
        """The current matrix, read in this transaction when the one remembered is old."""
        if self._known is None or self._clock() >= self._until:
            self._known = await self._load(tx)
            self._until = self._clock() + REMEMBERED_SECONDS
        return self._known

    def forget(self) -> None:
        """Reads it again next time: a new version was put."""
        self._until = 0.0
