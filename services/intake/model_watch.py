"""Running processes take up a published model of categorisation without a restart, and never a damaged one."""

import asyncio
from typing import Final

from services.intake.categorise import ModelFileError
from services.intake.commands.categoriser_in_use import CategoriserInUse
from shared.db import category_models
from shared.db.category_models import DamagedModel
from shared.db.engine import Database
from shared.db.faults import RAISED_BY_DATABASE
from shared.runtime.logs import logger
from shared.runtime.loops import Pace, every
from shared.runtime.metrics import Metrics
from shared.runtime.stop import Stop

PACE: Final = Pace(seconds=10)
"""A publication is in use everywhere after about this time; looking costs one index lookup."""

log = logger(__name__)


class ModelWatch:
    """Looks every few seconds which model is published; reads it once, apart from the requests."""

    def __init__(self, database: Database, in_use: CategoriserInUse, metrics: Metrics) -> None:
        self._database = database
        self._in_use = in_use
        self._metrics = metrics
        self._seen: int | None = None
        """The version that was looked at last, sound or not, so that a damaged one is told of once."""

    async def run(self, stop: Stop) -> None:
        """Looks until the stop; a database that is away is tried again, and the model in use stays."""
        await every(self.look, stop, pace=PACE, name="model_watch", retry_on=RAISED_BY_DATABASE)

    async def look(self) -> bool:
        """One look; never more to do at once."""
        async with self._database.look() as look:
            version = await category_models.current_version(look)
        if version != self._seen:
            await self._take(version)
            self._seen = version
        self._metrics.category_model_version.set(self._in_use.version or 0)
        return False

    async def _take(self, version: int | None) -> None:
        if version is None:
            self._in_use.use(None)
        else:
            try:
                async with self._database.look() as look:
                    raw = await category_models.get(look, version)
                self._in_use.use(version, await asyncio.to_thread(self._in_use.read, version, raw))
            except (DamagedModel, ModelFileError) as fault:
                # What answers is sound; what was published is not. A person has to publish another or roll back.
                in_use = self._in_use.version or 0
                log.warning("category_model_damaged", version=version, in_use=in_use, reason=str(fault))
                return
        log.info("category_model_in_use", version=self._in_use.version or 0)
