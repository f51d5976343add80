"""The matrix that judges severity at filing: the current version, looked up again every few seconds."""

import time
from collections.abc import Callable
from typing import Final

from shared.db.engine import Tx
from shared.db.policies import Matrices
from shared.domain.errors import NotFound
from shared.domain.matrix import Matrix
from shared.policy.matrix import default_body, parse_matrix

REMEMBERED_SECONDS: Final = 5.0


class CurrentMatrix:
    """Answers with the current matrix, at most a few seconds old."""

    def __init__(self, matrices: Matrices, clock: Callable[[], float] = time.monotonic) -> None:
        self._matrices = matrices
        self._clock = clock
        self._known: Matrix | None = None
        self._until = 0.0

    @property
    def known(self) -> Matrix | None:
        """The current matrix, unless it is time to look it up again."""
        return self._known if self._clock() < self._until else None

    async def get(self, tx: Tx) -> Matrix:
        """The current matrix; before escalation has stored the first one, that which the product ships with."""
        if self._known is None or self._clock() >= self._until:
            try:
                self._known = await self._matrices.current(tx)
            except NotFound:
                self._known = parse_matrix(default_body(), version=0)
            self._until = self._clock() + REMEMBERED_SECONDS
        return self._known

    def forget(self) -> None:
        """Reads it again next time: a new version was put."""
        self._until = 0.0
