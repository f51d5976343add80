"""Trials of a change: looks at many disputes at once, so one at a time in each process."""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import HTTPConnection

from services.intake.problems import Problem

SECONDS_MAX: Final = 20.0
"""How long one trial by API may look; what it did not come to is said in its answer."""


class Trials:
    """The gate before trials."""

    def __init__(self) -> None:
        self._under_way = False

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Lets one trial in.

        Raises:
            Problem: `busy` while another is under way in this process.
        """
        if self._under_way:
            retry = {"retry-after": f"{SECONDS_MAX:.0f}"}
            raise Problem("busy", "Another trial is under way; try again when it is over.", headers=retry)
        self._under_way = True
        try:
            yield
        finally:
            self._under_way = False


def trials_of(connection: HTTPConnection) -> Trials:
    """The gate of the application that serves this request, made at the first."""
    state = connection.app.state
    if not hasattr(state, "trials"):
        state.trials = Trials()
    gate: Trials = state.trials
    return gate
