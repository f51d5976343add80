"""Calendars of one's own, read once before the services do: what is wrong with them is told at the start, in a line."""

import asyncio
from pathlib import Path
from typing import Final

from services.launch.parts import Parts
from shared.domain.errors import PolicyFault
from shared.policy.calendars import load_calendars
from shared.runtime.settings import ConfigurationError, variable

YEARS_BACK: Final = 2
YEARS_AHEAD: Final = 10
"""The same years as the services load."""


async def read_once(parts: Parts, folder: Path | None) -> None:
    """Makes sure that the calendars of this folder hold; those that the product ships with do.

    Raises:
        ConfigurationError: they do not, or cannot be read; it names the file and the line.
    """
    if folder is None:
        return
    async with parts.database.transaction() as tx:
        year = tx.now.year
    try:
        await asyncio.to_thread(load_calendars, folder, range(year - YEARS_BACK, year + YEARS_AHEAD))
    except PolicyFault as fault:
        raise ConfigurationError([f"{variable('calendars_dir')}: {fault}"]) from fault
